"""Where a model comes from: a training, a file of others, a parent that was taught more."""

from dataclasses import dataclass

from .checks import is_int, is_text, require

_SHOWN = 12  # digits of a key or digest that are printed


@dataclass(frozen=True)
class Origin:
    """Where a model comes from, so that two files of one name can be told apart.

    Attributes:
        date: day on which it was trained, UTC, ``YYYY-MM-DD``.
        run: key of the run, as in its `metrics.json`.
        pictures: SHA-256 of its data set, pictures, names, labels and split, as hexadecimal digits.
    """

    date: str
    run: str
    pictures: str

    def __post_init__(self) -> None:
        for name in ("date", "run", "pictures"):
            text = getattr(self, name)
            require(is_text(text) and text.isprintable(), f"an origin's {name} of printable text", text)

    def __str__(self) -> str:
        return f"run {self.run[:_SHOWN]} of {self.date}, on the pictures {self.pictures[:_SHOWN]}"


@dataclass(frozen=True)
class Adopted:
    """Of a model that catdog did not make: which file the contract was written into.

    Attributes:
        file: its name, without a path.
        sha256: of all its bytes as they were, in hexadecimal digits.
        date: day on which it was adopted, UTC, ``YYYY-MM-DD``.
        given: what its file did not say and was told, in words.
    """

    file: str
    sha256: str
    date: str
    given: str = ""

    def __post_init__(self) -> None:
        texts = (self.file, self.sha256, self.date, self.given)
        require(all(is_text(text) and text.isprintable() for text in texts), "an adopted file told of in printable text", texts)

    def __str__(self) -> str:
        return f"{self.file}, SHA-256 {self.sha256[:_SHOWN]}..., adopted on {self.date}{self.given and f', told {self.given}'}"


@dataclass(frozen=True)
class Taught:
    """Of a model whose last layer was fitted by ``catdog-edge teach``: to what, and from which file on.

    Attributes:
        parent: name of the model that it was.
        parent_sha256: of all bytes of its file, in hexadecimal digits.
        date: day on which it was taught, UTC, ``YYYY-MM-DD``.
        labels: what there were pictures of, new ones and known ones.
        pictures: how many were learnt from.
        proven_on: how many were held back to prove it.
        times: how often it was taught in all, parents of parents included.
    """

    parent: str
    parent_sha256: str
    date: str
    labels: tuple[str, ...]
    pictures: int
    proven_on: int
    times: int = 1

    def __post_init__(self) -> None:
        texts = (self.parent, self.parent_sha256, self.date, *self.labels)
        require(all(is_text(text) and text.isprintable() for text in texts), "what was taught told in printable text", texts)
        numbers = (self.pictures, self.proven_on, self.times)
        require(all(is_int(number) and number >= 0 for number in numbers), "what was taught told in whole numbers", numbers)

    def __str__(self) -> str:
        return (
            f"{self.parent}, SHA-256 {self.parent_sha256[:_SHOWN]}..., taught {', '.join(self.labels)} on {self.date} "
            f"from {self.pictures:,} pictures"
        )

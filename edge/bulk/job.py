"""What a worker is told: the model, how to judge, and which pictures; and what it answers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import CatdogError
from ..runner.loop import RunOptions
from . import formats

if TYPE_CHECKING:
    from ..foreign.claims import Claims


@dataclass(frozen=True)
class Job:
    """What is the same for all pictures; it travels once to each machine.

    Attributes:
        model: bytes of the model file.
        model_name: its path, for errors; the suffix counts.
        claims: what is said of it beside it; None for a file that says all of itself.
        backend: name of the runtime, or ``"auto"``.
        options: how to judge.
        format: name of the results' format, of `formats.FORMATS`.
        base: folder that the pictures' paths are relative to.
        seen: a local picture that the driver sees, and every machine has to; None where all are remote.
        version: of catdog on the driver.
    """

    model: bytes
    model_name: str
    claims: "Claims | None"
    backend: str
    options: RunOptions
    format: str
    base: str
    seen: str | None
    version: str

    @property
    def threads(self) -> int:
        """Cores that a worker has."""
        return self.options.threads or 1


class Piece(NamedTuple):
    """A shard, or a part of one.

    Attributes:
        shard: number of the shard.
        start: number of its first picture within the shard.
        names: the pictures'.
        lost: how often a worker has died with this picture alone.
    """

    shard: int
    start: int
    names: Sequence[str]
    lost: int = 0

    def parts(self, count: int) -> "list[Piece]":
        """Divide it into at most so many, of nearly the same size."""
        size = -(-len(self.names) // count)
        starts = range(0, len(self.names), size)
        return [Piece(self.shard, self.start + begin, self.names[begin : begin + size]) for begin in starts]


class Answer(NamedTuple):
    """What became of a piece.

    Attributes:
        shard: as of the piece.
        start: as of the piece.
        pictures: how many it has.
        data: their results, encoded.
        failed: how many of them could not be judged.
        code: exit code of the first of those; 0 where there are none.
        said: their errors, the first few.
        counts: pictures by answered label.
        where: machine, versions of what computes there.
        trouble: an error that is not about a picture, as `told` gives it; None for none.
    """

    shard: int
    start: int
    pictures: int
    data: bytes
    failed: int
    code: int
    said: Sequence[str]
    counts: dict[str, int]
    where: dict[str, str]
    trouble: dict[str, str] | None = None


def told(error: CatdogError) -> dict[str, str]:
    """Return an error as it travels."""
    return {"kind": type(error).__name__, "expected": error.expected, "got": error.got, "fix": error.fix}


def as_error(said: dict[str, str]) -> CatdogError:
    """Return the error that was `told`."""
    from .. import errors

    kind: Any = getattr(errors, said["kind"], CatdogError)
    error: CatdogError = kind(said["expected"], got=said["got"], fix=said["fix"])
    return error


def names_to_bytes(names: Sequence[str]) -> bytes:
    """Encode names; they may hold bytes that are no UTF-8, which Arrow's text does not take."""
    return json.dumps(list(names)).encode()


def names_from_bytes(data: bytes) -> list[str]:
    """Decode what `names_to_bytes` gives."""
    names: list[str] = json.loads(data)
    return names


def format_of(output: Path) -> str:
    """Return the format that a suffix means; see `formats.FORMATS`."""
    return formats.by_suffix(output).name

"""What to measure, validated once."""

from dataclasses import dataclass
from pathlib import Path

from catdog.edge.common.cores import usable_cores
from catdog.edge.errors import UsageError

from .registry import PEERS

MOST_PICTURES = 5_000  # their paths are a command's arguments, whose length systems limit


def default_cores() -> int:
    """Return two, where there are two."""
    return min(2, usable_cores())


@dataclass(frozen=True)
class PeerOptions:
    """The options of one comparison.

    Raises:
        UsageError: a value is out of range.
    """

    only: tuple[str, ...] = tuple(PEERS)  # names out of `PEERS`
    rounds: int = 5  # in each, everybody has a turn
    pictures: int = 200  # how many there are to classify
    data: str | None = None  # folder or zip archive of labelled photographs; None for drawn ones
    cores: int = 2  # that every process is held to, and the threads it is told to take
    environments: Path = Path(".venvs")  # folder that the environments are kept in
    source: Path = Path()  # the checkout that catdog is installed from
    seed: int = 0  # decides the order in each round, and which photographs are taken

    def __post_init__(self) -> None:
        unknown = [name for name in self.only if name not in PEERS]
        if unknown or not self.only:
            raise UsageError(
                f"--only out of {', '.join(PEERS)}", got=", ".join(unknown) or "nothing", fix="Check the spelling."
            )
        for name, value, most in (
            ("rounds", self.rounds, 1_000),
            ("pictures", self.pictures, MOST_PICTURES),
            ("cores", self.cores, usable_cores()),
        ):
            if not 1 <= value <= most:
                raise UsageError(f"--{name} of 1 to {most:,}", got=str(value), fix=f"Example: --{name} 1")

    @property
    def command(self) -> str:
        """The command that does this again; the photographs by their name alone."""
        parts = ["catdog-bench peers"]
        if self.only != tuple(PEERS):
            parts.append(f"--only {','.join(self.only)}")
        parts.append(f"--rounds {self.rounds} --pictures {self.pictures} --cores {self.cores}")
        if self.data is not None:
            parts.append(f"--data {Path(self.data).name}")
        return " ".join(parts)

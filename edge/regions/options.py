"""Where to look beside the whole frame, as it is asked for."""

from dataclasses import dataclass, field

from ..errors import UsageError
from .zones import Zones

AUTO, TILES, OFF = MODES = ("auto", "tiles", "off")


@dataclass(frozen=True)
class RegionOptions:
    """Where to look beside the whole frame.

    Attributes:
        mode: ``"auto"`` for what moves and, slowly, everywhere, in what has a time; ``"tiles"`` for everywhere in every
            picture, too; ``"off"`` for the whole frame alone.
        zones: where to look, and where not to.
        most: regions a frame; the rest take turns.

    Raises:
        UsageError: a value is out of range.
    """

    mode: str = AUTO
    zones: Zones = field(default_factory=Zones)
    most: int = 2

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise UsageError(f"--regions to be one of {', '.join(MODES)}", got=self.mode, fix="Choose one.")
        if not 1 <= self.most <= 100:
            raise UsageError("1 to 100 regions a frame", got=str(self.most), fix="Example: --most-regions 4.")

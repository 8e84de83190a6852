"""What to export, validated once."""

from dataclasses import dataclass
from pathlib import Path

from catdog.edge.contract import is_model_name
from catdog.edge.errors import UsageError

from .formats import INT8, REGISTRY


@dataclass(frozen=True)
class ExportOptions:
    """What to export and how to prove it.

    Attributes:
        formats: which artifacts, of `catdog.export.formats.REGISTRY`.
        model: a run's folder or its `model.keras`, or the name of a bundled model; None for the newest run under
            `runs/`, else the bundled model.
        name: what to call the files; None for the model's own name.
        output: folder that the artifacts are published in.
        calibration: folder or archive of photographs for the int8 ranges; None for the run's training pictures, or drawn
            ones where there are none.
        calibration_count: how many pictures to calibrate on.
        verify: folder or archive to compare the artifacts with Keras on; None for the run's held-back pictures, or drawn
            ones where there are none.
        max_drop: by how many points an artifact's accuracy may be lower than Keras' to be published.
        diagnose: where int8 is refused, look for the reason and a remedy.
        neither: keep the score `neither` of a model that has it.
        seed: decides which pictures are drawn or picked.

    Raises:
        UsageError: a value is out of range.
    """

    formats: tuple[str, ...] = (INT8,)
    model: Path | None = None
    name: str | None = None
    output: Path = Path("exports")
    calibration: str | None = None
    calibration_count: int = 200
    verify: str | None = None
    max_drop: float = 0.5
    diagnose: bool = True
    neither: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        known = bool(self.formats) and all(name in REGISTRY for name in self.formats)
        _require(known, "a known format", ", ".join(self.formats))
        _require(self.name is None or is_model_name(self.name), "a --name of printable characters without slashes", self.name)
        _require(1 <= self.calibration_count <= 10_000, "1 to 10,000 pictures to calibrate on", self.calibration_count)
        _require(0 <= self.max_drop <= 100, "a --max-drop of 0 to 100 points", self.max_drop)
        _require(0 <= self.seed < 2**31, "a --seed of 0 to 2,147,483,647", self.seed)


def _require(condition: bool, expected: str, got: object) -> None:
    if not condition:
        raise UsageError(expected, got=str(got), fix="See catdog-export --help.")

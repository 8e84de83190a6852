"""What the doctor is asked, validated once."""

from dataclasses import dataclass

from ...errors import UsageError


@dataclass(frozen=True)
class DoctorOptions:
    """What to look at.

    Attributes:
        model: name of a bundled model or path of a file.
        camera: as `--camera` has it; None for all that there are.
        threads: of one inference; None to try several.

    Raises:
        UsageError: a value is out of range.
    """

    model: str = "default"
    camera: str | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.threads is None:
            return
        from ...inference.classifier import MAX_THREADS

        if not 1 <= self.threads <= MAX_THREADS:
            raise UsageError(f"1 to {MAX_THREADS} threads", got=str(self.threads), fix="Example: --threads 2")

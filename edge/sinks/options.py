"""Where to tell what is seen."""

from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError

MOST_WAITING = 10_000


@dataclass(frozen=True)
class SinkOptions:
    """Which sinks there are besides stdout; each checks its own values when it is opened.

    Attributes:
        show: a window.
        csv: a CSV file to append to.
        record: a video file to write, in pieces beside it.
        record_events: only what is around events.
        record_limit_mb: size of all pieces, in 10^6 bytes.
        save_uncertain: a folder for frames and pictures that are worth a label.
        uncertain_below: a score below which an answer is weak, 0-1.
        save_limit: how many frames, of those that nobody has labelled.
        save_limit_mb: size of these, in 10^6 bytes.
        save_every_min: after so many minutes without one any is kept that looks other than the last; 0 for never.
        on_event: a command to run when somebody appears or leaves.
        mqtt: a broker's address, and the topic to begin with.
        models: folder of the store whose model is in use; None without one. The page and messages put models into it.
        keys: folder of the public keys of those who may sign these; None for the default one, where it is there.
        serve: ``[HOST:]PORT`` of a web page.
        queue: how many steps may wait for a sink that is slow; of a camera's more are dropped. One with a picture takes three
            bytes a pixel: at 1920 x 1080, 64 are 398 MB.
        others: sinks of other packages, each ``NAME`` or ``NAME:ARGUMENT``.
    """

    show: bool = False
    csv: Path | None = None
    record: Path | None = None
    record_events: bool = False
    record_limit_mb: float = 2000.0
    save_uncertain: Path | None = None
    uncertain_below: float = 0.8
    save_limit: int = 1000
    save_limit_mb: float = 1000.0
    save_every_min: float = 10.0
    on_event: str | None = None
    mqtt: str | None = None
    serve: str | None = None
    models: Path | None = None
    keys: Path | None = None
    queue: int = 64  # two seconds of a camera
    others: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.queue <= MOST_WAITING:
            raise UsageError(f"--queue of 1 to {MOST_WAITING:,}", got=str(self.queue), fix="Example: --queue 8")

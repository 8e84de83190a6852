"""What is to be proven, on how many pictures, and the budgets."""

import os
from dataclasses import dataclass
from pathlib import Path

from catdog.edge.errors import UsageError

STEPS = ("install", "tests", "answers", "instructions", "memory", "teach")
SUITES = ("bookworm", "trixie")  # with Python 3.11 and 3.13
MODELS = ("default", "fast", "tiny")

MOST_DIFFERENCE = 1e-6  # of a score from x86-64's, 0-1
# Of the whole runner, to the bare model's. 1.05 was the aim on both; on the A76, whose dot products halve the model's share,
# what makes the pixels is more than that: docs/measure.md.
MOST_INSTRUCTIONS = {"cortex-a72": 1.05, "cortex-a76": 1.07}
JUDGED = ("default", "fast")  # of others it is only told
MOST_MEMORY_MB = 160.0  # 10^6 bytes
MOST_GROWTH_MB = 10.0  # per 1,000 frames: what can be told at all in so few frames; `catdog-bench soak` watches 200,000
MOST_INSTALLED_MB = 600.0  # 10^6 bytes, with pip


def default_cache() -> Path:
    """Return the folder for roots: CATDOG_ARM64, else in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("CATDOG_ARM64") or Path(cache) / "catdog" / "arm64")


@dataclass(frozen=True)
class Options:
    """What is to be done."""

    cache: Path  # where roots are kept
    output: Path  # folder of the report
    shared: Path  # where the developers' photographs are, if they are
    suites: tuple[str, ...]
    processors: tuple[str, ...]  # names of `processors.PROCESSORS`
    steps: tuple[str, ...]
    models: tuple[str, ...]
    pictures: int  # for each model
    frames: int  # counted for each stage
    watched: int  # frames over which memory is watched
    mirror: str  # of Debian; empty for what debootstrap takes

    def __post_init__(self) -> None:
        for name, given, known in (
            ("steps", self.steps, STEPS),
            ("suite", self.suites, SUITES),
            ("models", self.models, MODELS),
        ):
            if not given or set(given) - set(known):
                raise UsageError(f"--{name} of {', '.join(known)}", got=", ".join(given), fix="Separate them by commas.")
        for name, number, least in (("pictures", self.pictures, 2), ("frames", self.frames, 1), ("watched", self.watched, 20)):
            if number < least:
                raise UsageError(f"--{name} of at least {least}", got=f"{number}", fix=f"Example: --{name} {least}")

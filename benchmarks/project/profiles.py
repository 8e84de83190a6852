"""What --profile small saves, with the memory and cores of a small board: start, peak memory, work a frame.

Two jobs: the demo camera, and a folder of photographs of 12 million pixels, of which every core takes one at a time without the
profile. Whole processes, with and without it, in turn.
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from catdog.benchmarks.console import print_table, require_at_least, say
from catdog.edge.common.command import CommandParser
from catdog.edge.synthetic import draw_picture

from .confined import Took, run_confined
from .turns import command

_PROFILES = ("none", "small")
_PHOTOGRAPH = (4000, 3000)


def main(argv: Sequence[str]) -> int:
    """Run the command; returns the exit code."""
    parser = CommandParser(prog="catdog-bench profiles", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="runs of each (default: %(default)s)")
    parser.add_argument("--memory", type=float, default=512, metavar="MIB", help="that there is (default: %(default)s)")
    parser.add_argument("--cores", type=int, default=1, metavar="N", help="that may be used (default: %(default)s)")
    parser.add_argument("--frames", type=int, default=150, metavar="N", help="of the camera (default: %(default)s)")
    parser.add_argument("--photographs", type=int, default=16, metavar="N", help="in the folder (default: %(default)s)")
    arguments = parser.parse_args(argv)
    require_at_least(1, **{name: getattr(arguments, name) for name in ("rounds", "cores", "frames", "photographs", "memory")})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jobs = {
            "demo camera, 640 x 480": ["--camera", "demo", "--max-frames", str(arguments.frames)],
            "photographs, 4000 x 3000": [str(_photographs(folder, arguments.photographs))],
        }
        rows = []
        for job, words in jobs.items():
            took: dict[str, list[Took]] = {profile: [] for profile in _PROFILES}
            for turn in range(arguments.rounds):
                for profile in _PROFILES[:: 1 if turn % 2 else -1]:
                    chosen = [] if profile == "none" else ["--profile", profile]
                    line = [command("catdog-edge"), "--json", *words, *chosen]
                    took[profile].append(run_confined(line, int(arguments.memory * 2**20), arguments.cores))
                say(f"{job}: round {turn + 1} of {arguments.rounds}")
            rows += [_row(job, profile, runs) for profile, runs in took.items()]
    headings = ("job", "profile", "first label, s", "peak memory, MB", "work a frame, ms", "ended by the kernel")
    about = f"median (least to most) of {arguments.rounds} runs each; {arguments.memory:.0f} MiB, {arguments.cores} core(s)"
    print_table(headings, rows, f"{about}. Memory is the control group's: all processes, and files that the kernel keeps.")
    return 0


def _row(job: str, profile: str, runs: Sequence[Took]) -> list[str]:
    starts = [run.first_s for run in runs if run.first_s is not None]
    killed = sum(run.killed for run in runs)
    work = [float(np.median([_work_ms(line) for line in run.lines])) for run in runs if run.lines]
    peaks = [run.peak_mb for run in runs]
    return [job, profile, _spread(starts, ".1f"), _spread(peaks, ".0f"), _spread(work, ".1f"), str(killed)]


def _work_ms(line: str) -> float:
    """Return how long the model had to do with a frame and its regions, pictures made to size included."""
    times = json.loads(line)["latency_ms"]
    return float(times["preprocess"] + times["invoke"])


def _spread(values: Sequence[float], form: str) -> str:
    return f"{np.median(values):{form}} ({min(values):{form}} to {max(values):{form}})" if values else "none"


def _photographs(folder: Path, count: int) -> Path:
    width, height = _PHOTOGRAPH
    (folder / "photographs").mkdir()
    for seed in range(count):
        small = draw_picture(("cats", "dogs")[seed % 2], seed, width=1000, height=750)
        cv2.imwrite(str(folder / "photographs" / f"{seed:02}.jpg"), cv2.resize(small, (width, height)))
    return folder / "photographs"

"""`make demo`: the whole path on what the package bundles, offline: draw, train, export, classify, measure.

Runs the commands as one would type them, then counts how right each model was from what they printed.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from catdog.edge.common.command import run_command
from catdog.edge.contract.figures import Figure
from catdog.edge.contract.model_contract import NEITHER
from catdog.edge.errors import CatdogError
from catdog.edge.synthetic import LABELS, DemoFilm, draw_picture

OUTPUT = Path("demo-output")
# Far from the seeds of the training set, which start at 0, and of its validation pictures, which start at a million.
FIRST_SEED = 900_000
PICTURES_PER_LABEL = 100
REQUIRED_ACCURACY = 0.95


class DemoError(CatdogError):
    """A step of the demo failed."""


@dataclass(frozen=True)
class Score:
    """How right one model was in the demo."""

    model: str  # what it is called
    pictures: Figure  # on the drawn pictures
    camera: Figure  # on the demo camera's frames that show a whole pet, or none


def main() -> int:
    """Run the demo; returns the exit code."""
    return run_command("demo", lambda _: _main(), [])


def _main() -> int:
    start = time.monotonic()
    folder = _draw_pictures(OUTPUT / "pictures")
    run, exports, bench = OUTPUT / "run", OUTPUT / "exports", OUTPUT / "bench"
    _type("catdog-train", "--stage", "transfer", "--data", "synthetic", "--negatives", "synthetic",
          "--backbone-weights", "bundled", "--synthetic-count", "200", "--output", str(run))  # fmt: skip
    _type("catdog-export", "--int8", "--onnx", "--model", str(run), "--output", str(exports))
    tflite, onnx = exports / "transfer-224-int8.tflite", exports / "transfer-224-float32.onnx"
    scores = [
        _score("the one trained here, int8 TFLite", str(tflite), folder),
        _score("the one trained here, float32 ONNX", str(onnx), folder),
        _score("the bundled one, int8 TFLite", "default", folder, "--record", str(OUTPUT / "film.mp4")),
    ]
    _type("catdog-bench", str(tflite), str(onnx), "default", "--quick", "--output", str(bench))
    _summarise(scores, run, exports, bench, time.monotonic() - start)
    own = scores[0].pictures
    if own.value < REQUIRED_ACCURACY:
        raise DemoError(f"an accuracy of at least {REQUIRED_ACCURACY:.0%}", got=str(own), fix="Please report this.")
    return 0


def _draw_pictures(folder: Path) -> Path:
    for label in (*LABELS, NEITHER):
        (folder / label).mkdir(parents=True, exist_ok=True)
        for seed in range(FIRST_SEED, FIRST_SEED + PICTURES_PER_LABEL):
            cv2.imwrite(str(folder / label / f"{seed}.jpg"), draw_picture(label, seed))
    return folder


def _score(model: str, path: str, folder: Path, *more: str) -> Score:
    film = DemoFilm()
    pictures = _lines("catdog-edge", str(folder), "--model", path, "--json")
    hits = [line["label"] == Path(line["source"]).parent.name for line in pictures]
    frames = _lines("catdog-edge", "--camera", "demo", "--buffer", "all", "--model", path, "--json",
                    "--max-frames", str(film.frames_per_cycle), *more)  # fmt: skip
    # Frames with half a pet have no right answer.
    seen = [line["label"] == film.truth(line["frame"]) for line in frames if film.truth(line["frame"]) is not None]
    return Score(model, Figure.share("pictures", sum(hits), len(hits)), Figure.share("camera", sum(seen), len(seen)))


def _type(*command: str) -> None:
    """Run a command in front of the reader.

    Raises:
        DemoError: it did not end with 0.
    """
    _say(f"\n$ {' '.join(command)}")
    finished = subprocess.run([_installed(command[0]), *command[1:]], check=False)
    if finished.returncode != 0:
        raise DemoError(f"{command[0]} to end with 0", got=str(finished.returncode), fix="The reason is above.")


def _lines(*command: str) -> list[dict[str, Any]]:
    _say(f"\n$ {' '.join(command)}")
    finished = subprocess.run([_installed(command[0]), *command[1:]], check=False, stdout=subprocess.PIPE, text=True)
    if finished.returncode != 0:
        raise DemoError(f"{command[0]} to end with 0", got=str(finished.returncode), fix="The reason is above.")
    lines = [json.loads(line) for line in finished.stdout.splitlines()]
    _say(f"{len(lines)} results, for example:\n  {finished.stdout.splitlines()[0]}")
    return lines


def _installed(name: str) -> str:
    """Return the command of the environment that runs the demo, whatever else is on the path."""
    return str(Path(sys.executable).parent / name)


def _summarise(scores: Sequence[Score], run: Path, exports: Path, bench: Path, seconds: float) -> None:
    _say(f"\nDone in {seconds:.0f} s. What was made:\n")
    for path, what in _made(run, exports, bench):
        _say(f"  {path!s:<48} {what}")
    _say("\nHow right each model was, on drawn cats, dogs and empty scenes from seeds that nothing was trained on:\n")
    for score in scores:
        _say(f"  {score.model}\n    pictures:     {score.pictures}\n    demo camera:  {score.camera}, frames of one film")
    _say("\nFrames of one film are much alike, so the camera's interval says little about another room.")


def _made(run: Path, exports: Path, bench: Path) -> Iterator[tuple[Path, str]]:
    yield run / "model.keras", "the trained model"
    yield run / "report.html", "what it learnt and how right it is, to look at"
    for artifact in sorted(exports.glob("transfer-*")):
        yield artifact, f"for the edge, {artifact.stat().st_size / 1e6:.1f} MB"
    yield exports / "manifest.json", "how the exports compare with Keras"
    yield bench / "bench.html", "how fast they are here"
    for film in sorted(OUTPUT.glob("film*.mp4")):
        yield film, "what the demo camera saw: near and far, by day and at dusk, with boxes around the pets"
    yield OUTPUT / "pictures", "the drawn pictures"


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the demo's whole purpose is what it prints


if __name__ == "__main__":
    sys.exit(main())

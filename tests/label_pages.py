"""A folder of pictures to label, as `--save-uncertain` leaves it, and the page that serves it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from catdog.edge.inference.classifier import Classifier
from catdog.edge.sinks.web.sink import WebSink
from catdog.edge.synthetic import draw_picture


def collect(folder: Path, guess: str, count: int, first: int = 0, alike: int = 0) -> list[str]:
    """Write drawn pictures by guess, and after them noisy copies of the first; returns their names below the folder."""
    place = folder / "unlabelled" / guess
    place.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(first)
    names = []
    for number in range(count + alike):
        picture = draw_picture(guess if guess in ("cats", "dogs") else "neither", first + number, width=320, height=240)
        if number >= count:
            picture = draw_picture(guess, first, width=320, height=240)
            picture = np.clip(picture + noise.normal(0, 5, picture.shape), 0, 255).astype(np.uint8)
        path = place / f"20261121T{first % 24:02d}{number:02d}00.125-0.55.jpg"
        cv2.imwrite(str(path), picture)
        known = {
            "why": "weak",
            "size": [320, 240],
            "scores": {},
            "pets": [{"label": guess, "score": 0.55, "box": [60, 40, 200, 160]}],
        }
        path.with_suffix(".json").write_text(json.dumps(known))
        names.append(path.relative_to(folder).as_posix())
    return names


@contextmanager
def labelling(
    model: Classifier, folder: Path | None, where: str = "0", models: Path | None = None
) -> Iterator[tuple[WebSink, list[str]]]:
    """Serve the page over a folder; gives what was said on stderr, too."""
    said: list[str] = []
    sink = WebSink(where, model, (), said.append, folder, models)
    try:
        yield sink, said
    finally:
        sink.close()

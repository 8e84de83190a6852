"""Class folders of drawn things, any number of labels up to 100: a shape in a colour, on noise."""

from pathlib import Path

import cv2
import numpy as np

_SIDE = 96
_CORNERS = (3, 4, 5, 7, 12)


def draw_thing(label: int, seed: int) -> np.ndarray:
    """Draw a thing of a label, 0-99, BGR uint8: ten shapes in ten colours; the same seed gives the same picture."""
    rng = np.random.default_rng([label, seed])
    picture = rng.integers(0, 256, (12, 12, 3)).astype(np.float32)
    picture = 0.3 * cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC) + 80
    shape, colour = label % 10, label // 10
    hue = (18 * colour + rng.normal(0, 3)) % 180
    ink = cv2.cvtColor(np.uint8([[[hue, rng.integers(160, 256), rng.integers(160, 256)]]]), cv2.COLOR_HSV2BGR)[0, 0]
    corners, hollow = _CORNERS[shape % 5], shape >= 5
    turn, radius = rng.uniform(0, 2 * np.pi), rng.uniform(18, 40)
    angles = turn + 2 * np.pi * np.arange(corners) / corners
    centre = rng.uniform(36, 60, 2)
    points = np.round(centre + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)).astype(np.int32)
    mask = np.zeros((_SIDE, _SIDE), np.uint8)
    if hollow:
        cv2.polylines(mask, [points], isClosed=True, color=255, thickness=6)
    else:
        cv2.fillPoly(mask, [points], 255)
    seen = rng.uniform(0.5, 1.0) * (mask[..., None] / 255)
    return np.clip(picture * (1 - seen) + seen * ink + rng.normal(0, 12, picture.shape), 0, 255).astype(np.uint8)


def class_folders_of(folder: Path, counts: dict[int, int], first: int = 0) -> Path:
    """Write ``<folder>/thing-<label>/<seed>.png``, so many of each label."""
    for label, count in counts.items():
        place = folder / name_of(label)
        place.mkdir(parents=True, exist_ok=True)
        for seed in range(first, first + count):
            cv2.imwrite(str(place / f"{seed}.png"), draw_thing(label, seed))
    return folder


def name_of(label: int) -> str:
    """Return what a label's folder is called."""
    return f"thing-{label:02}"

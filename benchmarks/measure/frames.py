"""What the cases are shown: one picture, the demo camera's film, or picture files."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from catdog.edge.decode import read_picture
from catdog.edge.errors import CatdogError, DatasetError

from ..options import Scenario
from .answers import thinned

_WIDTH, _HEIGHT = 640, 480  # what most cameras give when nobody asks for more
_FILM_FRAMES = 30  # different ones of the demo camera
_OFFLINE_PICTURES = 60  # different ones; more would be a measurement of the memory

Picture = NDArray[np.uint8]
Frames = list[Picture] | list[bytes]


def read_or_draw(path: Path | None) -> tuple[Picture, str]:
    """Return the picture of the scenario `single`, BGR uint8 ``[height, width, 3]``, and its name.

    Raises:
        InputNotFoundError: there is no such file.
        UnreadableInputError: it cannot be decoded.
    """
    if path is not None:
        return read_picture(path), path.name
    from catdog.edge.synthetic import draw_picture

    return draw_picture("cats", 0, width=_WIDTH, height=_HEIGHT), "a drawn cat"


def frames_of(scenario: str, picture: Picture, data: Path | None) -> Frames:
    """Return what a scenario shows.

    Args:
        scenario: one of `Scenario`.
        picture: of the scenario `single`.
        data: folder or archive of photographs for the scenario `offline`; None for `picture` again.

    Returns:
        BGR uint8 ``[height, width, 3]`` each; of the scenario `offline` JPEG files' contents.

    Raises:
        DatasetError: no photograph can be read.
    """
    if scenario == Scenario.SINGLE:
        return [picture]
    if scenario == Scenario.CAMERA:
        from catdog.edge.synthetic import DemoFilm

        film = DemoFilm()
        return [film.frame(number * film.frames_per_cycle // _FILM_FRAMES) for number in range(_FILM_FRAMES)]
    return [cv2.imencode(".jpg", shown)[1].tobytes() for shown in ([picture] if data is None else _photographs(data))]


def _photographs(data: Path) -> list[Picture]:
    from catdog.train.data.finder import find

    read = []
    # Whatever the folders are called: here nobody asks what is on them.
    for photograph in thinned(find(str(data), ()).pictures, _OFFLINE_PICTURES):
        try:
            read.append(read_picture(photograph.path))
        except CatdogError:
            continue  # it is counted where the artifacts are asked
    if not read:
        raise DatasetError("photographs that can be read", got=f"{data} with none", fix="Copy them again.")
    return read

"""Drawn cats, dogs and pet-free scenes: a data set, a demo camera and calibration pictures that need no photograph.

Everything is seeded and repeatable, and needs NumPy and OpenCV only. Pictures are uint8 [height, width, 3] in BGR.

May import of `catdog.edge`: nothing.
"""

from .film import DemoFilm
from .leaves import draw_dead_leaves
from .pictures import LABELS, NEITHER, calibration_pictures, draw_picture

__all__ = ["LABELS", "NEITHER", "DemoFilm", "calibration_pictures", "draw_dead_leaves", "draw_picture"]

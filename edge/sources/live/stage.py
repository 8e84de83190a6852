"""How far the opening of a live source has come: to start a program takes a slow board longer than any camera may be silent."""

from enum import IntEnum


class Stage(IntEnum):
    """STARTING: its process loads what it needs. OPENING: it asks the camera or server. OPENED: frames should come."""

    STARTING = 0
    OPENING = 1
    OPENED = 2

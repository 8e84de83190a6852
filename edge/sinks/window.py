"""`--show`: a window with what the camera sees and the answer. Drawn by the main thread, as window systems want it."""

import os
import sys

import cv2

from ..common.installation import pip
from ..errors import MissingExtraError, OutputError
from ..runner.observation import Observation
from ..runner.results import Result
from .drawing import annotate

_TITLE = "catdog"
_QUIT = (ord("q"), 27)  # and Escape


class WindowSink:
    """Shows each frame; q or Escape ends the program.

    Raises:
        MissingExtraError: this OpenCV has no windows.
        OutputError: there is no display; OpenCV would end the process over it.
    """

    name, wants_pictures, only_events = "--show", True, False

    def __init__(self) -> None:
        if not cv2.currentUIFramework():
            raise MissingExtraError(
                "an OpenCV with windows for --show",
                got="the headless one",
                fix=f"Run: {pip('uninstall opencv-python-headless')} && {pip('install opencv-python')}",
            )
        if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise OutputError("a display for --show", got="neither DISPLAY nor WAYLAND_DISPLAY", fix="Run it on the desktop.")

    def take(self, observation: Observation) -> None:
        """Show the frame.

        Raises:
            KeyboardInterrupt: q or Escape was pressed.
        """
        result = observation.result
        if isinstance(result, Result) and result.frame.picture is not None:
            cv2.imshow(_TITLE, annotate(result))
        if cv2.waitKey(1) & 0xFF in _QUIT:
            raise KeyboardInterrupt

    def close(self) -> None:
        """Close the window."""
        cv2.destroyAllWindows()

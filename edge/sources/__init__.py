"""Where frames come from. Each module is one kind of source; `open_sources` picks by what was asked for, `registry` by address.

May import of `catdog.edge`: `common`, `errors`, `pictures`, `synthetic`. OpenCV and PyAV.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from ..errors import UsageError
from ..pictures.kinds import Family, LeftOut
from .frame import Change, Frame, Idle, InUse, Source, State
from .net.address import without_secrets
from .options import SourceOptions
from .pictures import PictureSource, find_inputs
from .video import VideoFileSource

__all__ = ["Change", "Frame", "Idle", "InUse", "Source", "SourceOptions", "State", "open_sources"]


def _silent(_: str) -> None:
    """Say nothing."""


@contextmanager
def open_sources(options: SourceOptions, say: Callable[[str], None] = _silent) -> Iterator[list[Source]]:
    """Open everything the options ask for, in their order, and release it at the end.

    Args:
        options: what to open.
        say: gets a line on what was left out of folders.

    Raises:
        InputNotFoundError: a path does not exist or a folder holds no picture.
        SourceError: a camera or stream cannot be opened.
        UnreadableInputError: a path may not be read.
        PluginError: the package that has an address' scheme cannot be loaded.
    """
    sources: list[Source] = []
    left_out = LeftOut()
    try:
        if options.camera is not None:
            sources.append(_open_camera(options.camera, options))
        for text in options.inputs:
            if sources and getattr(sources[-1], "never_ends", False):
                raise UsageError(
                    "one camera or stream", got=f"{without_secrets(text)} behind one", fix="Run the command once for each."
                )
            _open_input(text, options, sources, left_out, say)
        if left_out:
            say(f"left out, as neither picture nor film: {left_out.line()}")
        yield sources
    finally:
        for source in sources:
            source.close()


def _open_camera(camera: str, options: SourceOptions) -> Source:
    if camera == "demo":
        from .demo import DemoSource  # costs as much as OpenCV to import, and few want it

        return DemoSource(paced=options.buffer != "all")
    from .devices import Locator, check_camera
    from .live.source import LiveSource

    if camera == "picamera2":
        size = {"width": options.width or 640, "height": options.height or 480}
        return LiveSource(camera, size, wait=options.wait, command=_csi_command())
    camera = check_camera(camera)
    locator = Locator(camera)
    return LiveSource(
        f"camera {Path(camera).name}",
        {"kind": "camera", "width": options.width, "height": options.height, "fps": options.fps},
        wait=options.wait,
        every=options.buffer == "all",
        locate=lambda: {"number": locator.locate_free()},
    )


def _csi_command() -> list[str]:
    """Return what captures from a CSI camera: apt's picamera2 is for the system's Python alone."""
    return ["/usr/bin/python3", str(Path(__file__).parent / "live" / "csi_worker.py")]


def _open_input(
    text: str, options: SourceOptions, sources: list[Source], left_out: LeftOut, say: Callable[[str], None]
) -> None:
    if text == "-":
        from .listed import ListedSource

        sources.append(ListedSource())
        return
    if options.watch:
        from .listed import WatchedSource

        sources.append(WatchedSource(text, say))
        return
    if "://" in text:
        from .registry import find_scheme, open_address

        row = find_scheme(text)
        if row is not None:
            sources.append(open_address(row, text, options))
            return
    # Neighbouring pictures share a source.
    for is_video, found in groupby(find_inputs(text, left_out), key=lambda each: each[1].family is Family.VIDEO):
        neighbours = [path for path, _ in found]
        videos = (VideoFileSource(path, paced=options.buffer == "latest") for path in neighbours)
        sources.extend(videos if is_video else [PictureSource(neighbours)])

"""Where frames come from. Each module is one kind of source; `open_sources` picks by what was asked for.

May import: `catdog.edge.decode`, `catdog.edge.errors`, `catdog.edge.synthetic`, OpenCV.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby

from .frame import Frame, Source
from .options import SourceOptions
from .pictures import PictureSource, find_inputs
from .video import VIDEO_SUFFIXES, VideoFileSource

STREAM_SCHEMES = ("http://", "https://", "rtsp://", "rtsps://")

__all__ = ["Frame", "Source", "SourceOptions", "open_sources"]


@contextmanager
def open_sources(options: SourceOptions) -> Iterator[list[Source]]:
    """Open everything the options ask for, in their order, and release it at the end.

    Raises:
        InputNotFoundError: a path does not exist or a folder holds no picture.
        SourceError: a camera or stream cannot be opened.
        UnreadableInputError: a path may not be read.
    """
    sources: list[Source] = []
    try:
        if options.camera is not None:
            sources.append(_open_camera(options.camera, options))
        for text in options.inputs:
            _open_input(text, options, sources)
        yield sources
    finally:
        for source in sources:
            source.close()


def _open_camera(camera: str, options: SourceOptions) -> Source:
    if camera == "demo":
        from .demo import DemoSource  # costs as much as OpenCV to import, and few want it

        return DemoSource(paced=options.buffer != "all")
    from .camera import CameraSource, check_camera

    return CameraSource(check_camera(camera))


def _open_input(text: str, options: SourceOptions, sources: list[Source]) -> None:
    if text.lower().startswith(STREAM_SCHEMES):
        from .stream import StreamSource  # brings all of Python's HTTP

        sources.append(StreamSource(text, timeout_s=options.timeout_s))
        return
    # Neighbouring pictures share a source.
    for is_video, paths in groupby(find_inputs(text), key=lambda path: path.suffix.lower() in VIDEO_SUFFIXES):
        neighbours = list(paths)
        sources.extend(map(VideoFileSource, neighbours) if is_video else [PictureSource(neighbours)])

"""Where frames come from. Each module is one kind of source; `open_sources` picks by what was asked for.

May import: `catdog.edge.decode`, `catdog.edge.errors`, `catdog.edge.synthetic`, OpenCV.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .frame import Frame, Source
from .options import SourceOptions
from .pictures import PictureSource, find_inputs
from .video import VIDEO_SUFFIXES, VideoFileSource

STREAM_SCHEMES = ("http://", "https://", "rtsp://", "rtsps://")

__all__ = ["Frame", "Source", "SourceOptions", "open_sources"]


@contextmanager
def open_sources(options: SourceOptions) -> Iterator[list[Source]]:
    """Open everything the options ask for, and release it at the end.

    Raises:
        InputNotFoundError: a path does not exist or a folder holds no picture.
        SourceError: a camera or stream cannot be opened.
        UnreadableInputError: a video file cannot be opened.
    """
    sources: list[Source] = []
    try:
        if options.camera is not None:
            sources.append(_open_camera(options))
        sources.extend(_open_inputs(options.inputs, options))
        yield sources
    finally:
        for source in sources:
            source.close()


def _open_camera(options: SourceOptions) -> Source:
    if options.camera == "demo":
        from .demo import DemoSource  # costs as much as OpenCV to import, and few want it

        return DemoSource(paced=options.buffer != "all")
    from .camera import CameraSource, check_camera

    return CameraSource(check_camera(str(options.camera)))


def _open_inputs(inputs: Sequence[str], options: SourceOptions) -> Iterator[Source]:
    pictures: list[Path] = []
    for text in inputs:
        if text.lower().startswith(STREAM_SCHEMES):
            from .stream import StreamSource  # brings all of Python's HTTP

            yield StreamSource(text, timeout_s=options.timeout_s)
            continue
        for path in find_inputs(text):
            if path.suffix.lower() in VIDEO_SUFFIXES:
                yield VideoFileSource(path)
            else:
                pictures.append(path)
    if pictures:
        yield PictureSource(pictures)

"""All checks, in the order in which an owner reads them."""

from collections.abc import Iterator

from .findings import Finding, Verdict
from .options import DoctorOptions
from .packages import check_packages
from .system import check_system

_SPEED_S = 2.0


def examine(options: DoctorOptions) -> Iterator[Finding]:
    """Look at everything, one thing after the other.

    Raises:
        UsageError: the options name no camera.
    """
    yield from check_system()
    packages = check_packages()
    yield from packages
    if any(finding.verdict is Verdict.PROBLEM and finding.name in ("numpy", "cv2") for finding in packages):
        for name in ("camera", "model", "speed"):
            yield Finding(name, Verdict.UNKNOWN, "cannot be looked at before numpy and OpenCV load")
        return
    # Only now: these import numpy and OpenCV.
    from ...pictures.decode import silence_opencv
    from .cameras import check_cameras
    from .doors import check_doors
    from .model import check_model
    from .speed import check_speed, thread_counts

    silence_opencv()
    yield from check_doors()
    yield from check_cameras(options.camera)
    found, usable = check_model(options.model, options.threads or 1)
    yield from found
    if usable:
        yield check_speed(options.model, (options.threads,) if options.threads else thread_counts(), _SPEED_S)

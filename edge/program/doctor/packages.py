"""What is installed: versions, two packages that own the same files, a runtime that does not fit its numpy, absent extras."""

import contextlib
import importlib
import importlib.metadata
import sys
from collections.abc import Mapping

from ...common.installation import DISTRIBUTION, pip
from .findings import Finding, Value, Verdict

_OPENCV = ("opencv-python-headless", "opencv-python", "opencv-contrib-python-headless", "opencv-contrib-python")
_LITERT, _OLD_RUNTIME = "ai-edge-litert", "tflite-runtime"
# Import name of each package that the runner cannot do without, and what is usually wrong where it does not load.
_NEEDED = {
    "numpy": ("install --force-reinstall numpy",),
    "cv2": ("uninstall -y opencv-python", "install --force-reinstall opencv-python-headless"),
    "simplejpeg": ("install --force-reinstall simplejpeg",),
    "av": ("install --force-reinstall av",),
}
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "onnx": ("onnxruntime",),
    "web": ("aiohttp", "prometheus-client"),
    "mqtt": ("paho-mqtt",),
    "heif": ("pillow-heif", "pillow"),
    "sign": ("cryptography",),
    "ray": ("ray", "pandas", "pyarrow", "fsspec", "s3fs", "tqdm"),
}


def check_packages(path: list[str] | None = None) -> list[Finding]:
    """Look at everything here.

    Args:
        path: folders to look for packages in; None for Python's own.
    """
    versions = installed(path)
    return [
        python(versions),
        *filter(None, (two_opencvs(versions), runtime(versions))),
        *broken(),
        extras(versions),
    ]


def installed(path: list[str] | None = None) -> dict[str, str]:
    """Return the version of every package that matters here, by its normalised name."""
    names = {DISTRIBUTION, "numpy", *_OPENCV, _LITERT, _OLD_RUNTIME, *(name for extra in EXTRAS.values() for name in extra)}
    found = importlib.metadata.distributions() if path is None else importlib.metadata.distributions(path=path)
    versions: dict[str, str] = {}
    for distribution in found:
        # Half-removed packages leave a folder without a name. Of two of a name the first is the one that is imported.
        name = (distribution.metadata["Name"] or "").lower().replace("_", "-")
        if name in names:
            versions.setdefault(name, distribution.version)
    return versions


def python(versions: Mapping[str, str]) -> Finding:
    """Name the versions of what there is."""
    mine = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    told = [f"Python {mine}"]
    told += [
        f"{name} {versions[name]}" for name in (DISTRIBUTION, "numpy", *_OPENCV, _LITERT, _OLD_RUNTIME) if name in versions
    ]
    values: dict[str, Value] = {"python": mine, **versions}
    return Finding("packages", Verdict.OK, ", ".join(told), values=values)


def two_opencvs(versions: Mapping[str, str]) -> Finding | None:
    """Find packages that overwrite one another's files: all of them own `cv2/`."""
    found = [name for name in _OPENCV if name in versions]
    if len(found) < 2:
        return None
    return Finding(
        "opencv",
        Verdict.PROBLEM,
        f"{' and '.join(found)}: they overwrite one another's files",
        f"{pip('uninstall -y ' + ' '.join(found))} && {pip('install opencv-python-headless')}",
        {"packages": found},
    )


def runtime(versions: Mapping[str, str]) -> Finding | None:
    """Say what is wrong with the TFLite runtime; None where nothing is."""
    if _LITERT in versions:
        return None
    fix = pip(f"install {_LITERT}")
    if _OLD_RUNTIME not in versions:
        return Finding("runtime", Verdict.PROBLEM, "no TFLite runtime is installed", fix)
    if int(versions.get("numpy", "0").partition(".")[0]) >= 2:
        found = f"{_OLD_RUNTIME} {versions[_OLD_RUNTIME]} does not work with numpy {versions['numpy']}"
        return Finding("runtime", Verdict.PROBLEM, found, f"{fix}, or on Python 3.11: " + pip("install 'numpy<2'"))
    return Finding("runtime", Verdict.WARNING, f"{_OLD_RUNTIME} is many times slower with int8 models", fix)


def broken() -> list[Finding]:
    """Import what the runner cannot do without, up to the first that fails: OpenCV needs numpy."""
    for module, commands in _NEEDED.items():
        finding = loads(module, " && ".join(pip(arguments) for arguments in commands))
        if finding is not None:
            return [finding]
    return []


def loads(module: str, fix: str) -> Finding | None:
    """Import a package; None where that works."""
    try:
        with contextlib.redirect_stdout(sys.stderr):  # a package may say something while it fails
            importlib.import_module(module)
    except ImportError as error:  # also a shared library that the system lacks
        return Finding(module, Verdict.PROBLEM, f"does not load: {' '.join(str(error).split())[:200]}", fix)
    return None


def extras(versions: Mapping[str, str]) -> Finding:
    """Say which extras are there; none of them is needed."""
    there = [extra for extra, names in EXTRAS.items() if all(name in versions for name in names)]
    absent = [extra for extra in EXTRAS if extra not in there]
    found = f"{', '.join(there) or 'none'}{'; absent: ' + ', '.join(absent) if absent else ''}"
    return Finding("extras", Verdict.OK, found, values={"installed": there, "absent": absent})

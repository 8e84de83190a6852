"""What the figures were measured on. No host name, no user name, no path: a report is made to be passed on."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from catdog.edge.common.cores import usable_cores
from catdog.edge.common.installation import DISTRIBUTION, missing_extra
from catdog.edge.common.machine import operating_system, read_board, read_cpu, read_governors

# Distribution names in order of preference; the first that is installed counts.
_PACKAGES = {
    "catdog": (DISTRIBUTION,),
    "numpy": ("numpy",),
    "opencv": ("opencv-python-headless", "opencv-python", "opencv-contrib-python-headless", "opencv-contrib-python"),
    "litert": ("ai-edge-litert", "tflite-runtime"),
    "onnxruntime": ("onnxruntime",),
}


@dataclass(frozen=True)
class Environment:
    """The machine and its software."""

    machine: str  # architecture, e.g. "aarch64"
    board: str | None  # model of a single-board computer as its firmware names it; None elsewhere
    cpu: str  # model of the processor
    cores: int  # cores the machine has
    usable_cores: int  # cores this process may use
    memory_bytes: int  # installed memory
    governor: str | None  # how the system chooses the clock (cpufreq); None where it does not say
    os: str  # name and version of the operating system
    kernel: str  # name and release
    python: str  # version
    packages: dict[str, str | None]  # version of each library that matters here; None for one that is not installed
    opencv_threads: int  # threads OpenCV uses for preprocessing, whatever the case asks of its runtime
    load_before: float | None  # load average over one minute before the measurement; None where the system has none
    load_after: float | None  # the same after it; the benchmark itself is part of it

    @property
    def is_raspberry_pi(self) -> bool:
        """Whether this is the board catdog is made for."""
        return self.board is not None and self.board.startswith("Raspberry Pi")

    @property
    def title(self) -> str:
        """Name the machine in a sentence."""
        cores = f"{self.usable_cores} core{'s' if self.usable_cores > 1 else ''}"
        return f"{self.board or self.cpu} ({self.machine}, {cores})"


def record_environment(load_before: float | None) -> Environment:
    """Record the machine as it is now, after the measurement.

    Raises:
        MissingExtraError: psutil is not installed.
    """
    import cv2

    try:
        import psutil
    except ModuleNotFoundError as error:
        raise missing_extra("psutil", "bench") from error
    return Environment(
        machine=platform.machine(),
        board=read_board(),
        cpu=read_cpu(),
        cores=os.cpu_count() or 1,
        usable_cores=usable_cores(),
        memory_bytes=int(psutil.virtual_memory().total),
        governor=", ".join(read_governors()) or None,
        os=operating_system(),
        kernel=f"{platform.system()} {platform.release()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        packages={name: _version(distributions) for name, distributions in _PACKAGES.items()},
        opencv_threads=cv2.getNumThreads(),
        load_before=load_before,
        load_after=load_average(),
    )


def load_average() -> float | None:
    """Return the load average over one minute; None where the system has none."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def _version(distributions: tuple[str, ...]) -> str | None:
    for name in distributions:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None

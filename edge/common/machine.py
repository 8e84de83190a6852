"""What Linux tells of the machine under `/proc` and `/sys`: board, processor, clock governor, heat, and why it was slowed down.

The one reader of these for the doctor and the benchmarks. Each takes the root of the file system, so that it can be tried on
any tree, and gives None or nothing where the system does not say. Sources: the kernel's documentation of cpufreq
(admin-guide/pm/cpufreq) and thermal (driver-api/thermal/sysfs-api); of `get_throttled` drivers/firmware/raspberrypi.c of the
Raspberry Pi kernel, and Raspberry Pi documentation, "vcgencmd".
"""

import contextlib
import platform
import subprocess
from pathlib import Path
from typing import NamedTuple

ROOT = Path("/")

_CPUFREQ = "sys/devices/system/cpu/cpu[0-9]*/cpufreq"
_PI_THROTTLED = ("sys/devices/platform/soc*/*firmware/get_throttled", "sys/class/hwmon/hwmon*/device/get_throttled")
# Bits of the firmware's answer; those of what has been since boot are 16 higher.
PI_REASONS = ("under-voltage", "clock capped", "throttled by heat or voltage", "soft temperature limit reached")
_SINCE_BOOT = 16


class Zone(NamedTuple):
    """A temperature sensor.

    Attributes:
        name: what it measures, as the kernel calls it.
        celsius: the temperature.
        limit: from which the system slows down (its lowest passive or hot trip point), in degrees Celsius; None if unknown.
    """

    name: str
    celsius: float
    limit: float | None


class Throttling(NamedTuple):
    """What a Raspberry Pi's firmware slows down for.

    Attributes:
        bits: its answer, as `vcgencmd get_throttled` gives it.
        now: out of `PI_REASONS`.
        since_boot: likewise.
    """

    bits: int
    now: list[str]
    since_boot: list[str]


def read_text(path: Path) -> str | None:
    """Return a file's text without the zero byte that device tree strings end in; None where it is empty or out of reach."""
    try:
        return path.read_text(errors="replace").strip("\0 \n") or None
    except OSError:
        return None


def read_number(path: Path) -> float | None:
    """Return the number that a file holds; None where it cannot be read or is none."""
    try:
        return float(read_text(path) or "")
    except ValueError:
        return None


def read_board(root: Path = ROOT) -> str | None:
    """Return the board's model as the device tree names it, e.g. ``"Raspberry Pi 5 Model B Rev 1.0"``."""
    return read_text(root / "proc/device-tree/model")


def read_cpu(root: Path = ROOT) -> str:
    """Return the processor's model; ARM kernels give numbers instead of a name."""
    lines = (read_text(root / "proc/cpuinfo") or "").splitlines()
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    if fields.get("model name"):
        return fields["model name"]
    if "CPU part" in fields:
        return f"ARM implementer {fields.get('CPU implementer', '?')} part {fields['CPU part']}"
    return platform.processor() or "unknown processor"


def operating_system() -> str:
    """Return name and version."""
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"


def read_governors(root: Path = ROOT) -> list[str]:
    """Return the clock governors of the cores, each once, sorted; empty where the system does not say."""
    return _of_all_cores(root, "scaling_governor")


def read_clock_drivers(root: Path = ROOT) -> list[str]:
    """Return the drivers that set the cores' clocks, likewise."""
    return _of_all_cores(root, "scaling_driver")


def read_clock_share(root: Path = ROOT) -> float | None:
    """Return the fastest core's clock as a share of the highest it can have, 0-1; None where the system does not say."""
    pairs = ((read_number(f / "scaling_cur_freq"), read_number(f / "cpuinfo_max_freq")) for f in root.glob(_CPUFREQ))
    return max((now / most for now, most in pairs if now and most), default=None)


def read_zones(root: Path = ROOT) -> list[Zone]:
    """Return the temperature sensors that give one."""
    zones = []
    for folder in sorted(root.glob("sys/class/thermal/thermal_zone*")):
        millidegrees = read_number(folder / "temp")
        if millidegrees is not None:
            zones.append(Zone(read_text(folder / "type") or folder.name, millidegrees / 1000, _trip_point(folder)))
    return zones


def read_pi_throttling(root: Path = ROOT, command: str | None = None) -> Throttling | None:
    """Return what a Raspberry Pi's firmware slows down for; None where there is no such firmware.

    Args:
        root: of the file system.
        command: the firmware's own tool, such as ``"vcgencmd"``, for kernels without the file; None for none.
    """
    text = next(filter(None, (read_text(file) for pattern in _PI_THROTTLED for file in sorted(root.glob(pattern)))), None)
    if text is None and command is not None:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            said = subprocess.run([command, "get_throttled"], capture_output=True, text=True, timeout=5, check=False)
            text = said.stdout.strip().partition("=")[2]
    try:
        bits = int(text or "", 16)  # the kernel writes it without 0x
    except ValueError:
        return None
    now, before = ([name for bit, name in enumerate(PI_REASONS) if bits >> (bit + shift) & 1] for shift in (0, _SINCE_BOOT))
    return Throttling(bits, now, before)


def _of_all_cores(root: Path, name: str) -> list[str]:
    return sorted({text for folder in root.glob(_CPUFREQ) if (text := read_text(folder / name))})


def _trip_point(folder: Path) -> float | None:
    limits = []
    for path in folder.glob("trip_point_*_type"):
        celsius = read_number(path.with_name(path.name.replace("_type", "_temp")))
        if read_text(path) in ("passive", "hot") and celsius is not None and celsius > 0:
            limits.append(celsius / 1000)
    return min(limits, default=None)

"""What Linux tells of the machine under `/proc` and `/sys`: board, processor, memory, clocks, heat, and why it was slowed down.

The one reader of these for the doctor and the benchmarks. Each takes the root of the file system, so that it can be tried on
any tree, and gives None or nothing where the system does not say. Sources: the kernel's documentation of cpufreq
(admin-guide/pm/cpufreq) and thermal (driver-api/thermal/sysfs-api); of `get_throttled` drivers/firmware/raspberrypi.c of the
Raspberry Pi kernel, and Raspberry Pi documentation, "vcgencmd"; of control groups admin-guide/cgroup-v2 and
cgroup-v1/memory; of the numbers of processors arch/arm64/include/asm/cputype.h.
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
_ARM_PARTS = {"0xd03": "Cortex-A53", "0xd04": "Cortex-A35", "0xd05": "Cortex-A55", "0xd08": "Cortex-A72", "0xd0b": "Cortex-A76"}
_ARM = "0x41"  # the implementer of these
_GROUPS = "sys/fs/cgroup"
_OLD_GROUPS = "sys/fs/cgroup/memory"  # of version 1; those of version 2 have one tree for all
_NO_LIMIT = 2**60  # bytes; version 1 says nearly 2^63 where there is none


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


class Memory(NamedTuple):
    """How much memory there is, in bytes.

    Attributes:
        total: what the machine has.
        available: what programs can still have.
    """

    total: int
    available: int


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


def read_cores(root: Path = ROOT) -> list[str]:
    """Return the kinds of the ARM cores, each once, sorted, as ``"Cortex-A53"`` or by their number; empty on other machines."""
    kinds, implementer = set(), ""
    for line in (read_text(root / "proc/cpuinfo") or "").splitlines():
        key, _, value = (part.strip() for part in line.partition(":"))
        if key == "CPU implementer":
            implementer = value
        elif key == "CPU part":
            kinds.add(_ARM_PARTS.get(value, value) if implementer == _ARM else f"{implementer} {value}")
    return sorted(kinds)


def read_memory(root: Path = ROOT) -> Memory | None:
    """Return how much memory there is; None where the system does not say."""
    lines = (read_text(root / "proc/meminfo") or "").splitlines()
    fields = {key: value.split() for key, _, value in (line.partition(":") for line in lines)}
    try:
        return Memory(*(1024 * int(fields[name][0]) for name in ("MemTotal", "MemAvailable")))
    except (KeyError, IndexError, ValueError):
        return None


def read_memory_limit(root: Path = ROOT) -> int | None:
    """Return how many bytes this process may have by its control groups, those around it included; None for no limit.

    A container sees its own group as the root; a service's is below it.
    """
    limits = []
    for line in (read_text(root / "proc/self/cgroup") or "").splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        if controllers not in ("", "memory"):
            continue
        top, name = (_OLD_GROUPS, "memory.limit_in_bytes") if controllers else (_GROUPS, "memory.max")
        group = Path(path.lstrip("/"))
        limits += [read_number(root / top / folder / name) for folder in (group, *group.parents)]
    known = [int(limit) for limit in limits if limit is not None and limit < _NO_LIMIT]  # `max` is no number
    return min(known, default=None)


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

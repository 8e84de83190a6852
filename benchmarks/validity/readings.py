"""Readers of what Linux tells of a machine under `/proc` and `/sys`: clock, heat, throttling, load, energy.

Each takes the root folder, so that tests can put real files there, and gives None or nothing where the system does not say.
Sources: the kernel's documentation of cpufreq (admin-guide/pm/cpufreq), thermal (driver-api/thermal/sysfs-api), powercap
(power/powercap), hwmon (hwmon/sysfs-interface), cgroup v2 (admin-guide/cgroup-v2) and proc(5); for `get_throttled` the
Raspberry Pi firmware's (documentation/os, "vcgencmd").
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/")

_CPUFREQ = "sys/devices/system/cpu/cpu[0-9]*/cpufreq"
_PI_THROTTLED = ("sys/devices/platform/soc/soc:firmware/get_throttled", "sys/class/hwmon/hwmon*/device/get_throttled")
# Bits of get_throttled: under-voltage, frequency capped, throttled, soft temperature limit; now, and 16 higher since boot.
_PI_BITS = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft temperature limit"}


@dataclass(frozen=True)
class Load:
    """Processor time since boot, in seconds of all cores together."""

    busy_s: float  # spent on processes and the kernel
    stolen_s: float  # that another virtual machine had while this one wanted it


@dataclass(frozen=True)
class Zone:
    """A temperature sensor."""

    name: str  # what it measures, as the kernel calls it
    celsius: float  # the temperature
    # from which the system slows down (its lowest passive or hot trip point), in degrees Celsius; None if unknown
    limit: float | None


@dataclass(frozen=True)
class EnergyCounter:
    """A counter of energy."""

    name: str  # what it covers, as the kernel calls it, e.g. "package-0"
    joules: float  # since some time
    wraps_at: float | None  # joules at which it begins at 0 again; None if it does not say


def read_text(path: Path) -> str | None:
    """Return a file's text without the zero byte that device tree strings end in; None where it cannot be read."""
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


def read_governors(root: Path = ROOT) -> frozenset[str]:
    """Return the clock governors of the cores; empty where the system does not say."""
    found = (read_text(folder / "scaling_governor") for folder in root.glob(_CPUFREQ))
    return frozenset(name for name in found if name)


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


def read_throttle_counts(root: Path = ROOT) -> dict[str, float]:
    """Return counters that go up when the machine is slowed down: by heat, and by a container's share of the processor."""
    counts = {}
    hot = [read_number(path) for path in root.glob("sys/devices/system/cpu/cpu[0-9]*/thermal_throttle/core_throttle_count")]
    if any(count is not None for count in hot):
        counts["slowed by heat"] = sum(count or 0 for count in hot)
    for line in (read_text(root / "sys/fs/cgroup/cpu.stat") or "").splitlines():
        key, _, value = line.partition(" ")
        if key == "nr_throttled" and value.isdigit():
            counts["stopped by the container's share of the processor"] = float(value)
    return counts


def read_pi_throttling(root: Path = ROOT) -> list[str] | None:
    """Return what a Raspberry Pi's firmware slows down for right now; None where there is no such firmware."""
    for pattern in _PI_THROTTLED:
        for path in root.glob(pattern):
            try:
                flags = int(read_text(path) or "", 16)
            except ValueError:
                continue
            return [text for bit, text in _PI_BITS.items() if flags >> bit & 1]
    return None


def read_load(root: Path = ROOT) -> Load | None:
    """Return the processor time since boot; None where the system does not say."""
    first = (read_text(root / "proc/stat") or "").partition("\n")[0].split()
    if len(first) < 9 or first[0] != "cpu" or not all(field.isdigit() for field in first[1:9]):
        return None
    user, nice, system, _, _, irq, softirq, stolen = (int(field) for field in first[1:9])
    ticks = os.sysconf("SC_CLK_TCK")
    return Load((user + nice + system + irq + softirq) / ticks, stolen / ticks)


def read_energy(root: Path = ROOT) -> list[EnergyCounter]:
    """Return the counters of energy: Intel's and AMD's RAPL through powercap, and sensor chips through hwmon."""
    return [*_powercap(root), *_hwmon(root)]


def energy_trouble(root: Path = ROOT) -> str:
    """Say why `read_energy` found nothing."""
    locked = [*root.glob("sys/class/powercap/*/energy_uj"), *root.glob("sys/class/hwmon/hwmon*/energy*_input")]
    if locked:
        return "the system's energy counters may not be read (root may)"
    return "no energy counter in this system (powercap, hwmon)"


def _powercap(root: Path) -> Iterator[EnergyCounter]:
    # Whole packages only (one colon): their parts are counted in them.
    for folder in sorted(root.glob("sys/class/powercap/*:*")):
        microjoules = read_number(folder / "energy_uj")
        if (
            folder.name.count(":") == 1
            and microjoules is not None
            and not (read_text(folder / "name") or "").startswith("psys")
        ):
            most = read_number(folder / "max_energy_range_uj")
            yield EnergyCounter(read_text(folder / "name") or folder.name, microjoules / 1e6, most / 1e6 if most else None)


def _hwmon(root: Path) -> Iterator[EnergyCounter]:
    for path in sorted(root.glob("sys/class/hwmon/hwmon*/energy*_input")):
        microjoules = read_number(path)
        chip = read_text(path.with_name("name")) or path.parent.name
        # AMD's driver counts each core beside the sockets that hold them.
        label = read_text(path.with_name(path.name.replace("_input", "_label"))) or path.name.removesuffix("_input")
        if microjoules is not None and not label.startswith("Ecore"):
            yield EnergyCounter(f"{chip} {label}", microjoules / 1e6, None)


def _trip_point(folder: Path) -> float | None:
    limits = []
    for path in folder.glob("trip_point_*_type"):
        celsius = read_number(path.with_name(path.name.replace("_type", "_temp")))
        if read_text(path) in ("passive", "hot") and celsius is not None and celsius > 0:
            limits.append(celsius / 1000)
    return min(limits, default=None)

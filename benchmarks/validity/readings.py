"""What Linux counts while a machine works: slowing down, processor time, energy. The rest is in `catdog.edge.common.machine`.

Each takes the root folder, so that tests can put real files there, and gives None or nothing where the system does not say.
Sources: the kernel's documentation of powercap (power/powercap), hwmon (hwmon/sysfs-interface), cgroup v2
(admin-guide/cgroup-v2) and proc(5).
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catdog.edge.common.machine import ROOT, read_number, read_text


@dataclass(frozen=True)
class Load:
    """Processor time since boot, in seconds of all cores together."""

    busy_s: float  # spent on processes and the kernel
    stolen_s: float  # that another virtual machine had while this one wanted it


@dataclass(frozen=True)
class EnergyCounter:
    """A counter of energy."""

    name: str  # what it covers, as the kernel calls it, e.g. "package-0"
    joules: float  # since some time
    wraps_at: float | None  # joules at which it begins at 0 again; None if it does not say


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

"""What the machine did while it was measured: read before, now and then in between, and after."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from catdog.edge.common import machine
from catdog.edge.common.machine import ROOT, Zone

from . import readings
from .readings import Load


@dataclass(frozen=True)
class Conditions:
    """What the machine did during a measurement."""

    seconds: float  # how long it took
    cores: int  # that this process may use
    governors: frozenset[str] = frozenset()  # clock governors that were seen; empty where the system does not say
    # lowest clock of the fastest core seen while a case ran, as a share of the highest, 0-1; None if unknown
    lowest_clock: float | None = None
    hottest: Zone | None = None  # of the sensors' readings the nearest to its limit, or the hottest; None if there is no sensor
    # counters of the system that went up: what they count, and by how much
    throttling: dict[str, float] = field(default_factory=dict)
    throttling_known: bool = False  # whether the system has any such counter or flag
    pi_throttling: tuple[str, ...] = ()  # what a Raspberry Pi's firmware slowed down for
    others: float | None = None  # processor time of other processes, in cores; None where the system does not say
    stolen: float | None = None  # processor time that other virtual machines took, in cores; None likewise


class Watch:
    """Watches the machine from its making until `conditions` is asked for."""

    def __init__(self, cores: int, root: Path = ROOT) -> None:
        self._cores, self._root = cores, root
        self._begun = time.monotonic()
        self._load, self._own_s = readings.read_load(root), own_seconds()
        self._counts = readings.read_throttle_counts(root)
        self._governors: set[str] = set()
        self._clocks: list[float] = []
        self._zones: list[Zone] = []
        self._pi: dict[str, None] = {}
        self._pi_known = False
        self.look(busy=False)

    def look(self, *, busy: bool = True) -> None:
        """Read what may be over in a moment.

        Args:
            busy: whether a case runs right now; only then does the clock say anything.
        """
        self._governors |= set(machine.read_governors(self._root))
        clock = machine.read_clock_share(self._root)
        if busy and clock is not None:
            self._clocks.append(clock)
        self._zones.extend(machine.read_zones(self._root))
        if len(self._zones) > 1:
            self._zones = [max(self._zones, key=_heat)]
        slowed = machine.read_pi_throttling(self._root)
        self._pi_known |= slowed is not None
        self._pi |= dict.fromkeys(slowed.now if slowed else ())

    def conditions(self) -> Conditions:
        """Say what has happened since; to be asked when the measuring processes have ended, so that their time is known."""
        self.look(busy=False)
        seconds = time.monotonic() - self._begun
        counts = readings.read_throttle_counts(self._root)
        rises = {what: count - self._counts.get(what, 0.0) for what, count in counts.items()}
        others, stolen = self._others(readings.read_load(self._root), seconds)
        return Conditions(
            seconds=seconds,
            cores=self._cores,
            governors=frozenset(self._governors),
            lowest_clock=min(self._clocks, default=None),
            hottest=self._zones[0] if self._zones else None,
            throttling={what: rise for what, rise in rises.items() if rise > 0},
            throttling_known=bool(counts) or self._pi_known,
            pi_throttling=tuple(self._pi),
            others=others,
            stolen=stolen,
        )

    def _others(self, after: Load | None, seconds: float) -> tuple[float | None, float | None]:
        if after is None or self._load is None or seconds <= 0:
            return None, None
        own = own_seconds() - self._own_s
        others = max(0.0, after.busy_s - self._load.busy_s - own)
        return others / seconds, (after.stolen_s - self._load.stolen_s) / seconds


class EnergyMeter:
    """Adds up the energy of the whole machine over the stretches that are asked for."""

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root
        self._joules = 0.0
        self.trouble = None if readings.read_energy(root) else readings.energy_trouble(root)

    @contextmanager
    def stretch(self) -> Iterator[None]:
        """Count what happens inside; `joules` then has it."""
        before = {counter.name: counter for counter in readings.read_energy(self._root)}
        yield
        self._joules = 0.0
        for counter in readings.read_energy(self._root):
            if counter.name in before:
                used = counter.joules - before[counter.name].joules
                # The narrow counters of RAPL begin anew every few minutes under load.
                self._joules += used + (counter.wraps_at or 0.0) if used < 0 else used

    @property
    def joules(self) -> float:
        """Of the last stretch."""
        return self._joules


def own_seconds() -> float:
    """Return the processor time of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _heat(zone: Zone) -> float:
    return zone.celsius - (zone.limit if zone.limit is not None else 80.0)

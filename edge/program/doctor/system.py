"""The machine: board, memory, disk, clock speed, heat, power, time."""

import ctypes
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ...common.cores import usable_cores
from ...common.machine import (
    PI_REASONS,
    ROOT,
    operating_system,
    read_board,
    read_clock_drivers,
    read_cpu,
    read_governors,
    read_memory,
    read_pi_throttling,
    read_zones,
)
from ..profile import Facts, fitting
from .findings import Finding, Value, Verdict

_ARCHITECTURES = ("x86_64", "aarch64")  # that every package of the base has wheels for
_LITTLE_MEMORY = 200e6  # bytes; the runner takes 60 MB, a camera's capture process as much again
_LITTLE_DISK, _NO_DISK = 1e9, 50e6  # bytes
# Between these a Raspberry Pi slows its cores down more and more, in degrees Celsius; others do so in the same region.
# Source: Raspberry Pi documentation, "Frequency management and thermal control".
_HOT, _TOO_HOT = 80.0, 85.0
# Governors that let the clock rise under load; `powersave` does so under these drivers only.
# Source: Linux kernel documentation, admin-guide/pm: cpufreq, intel_pstate, amd-pstate.
_FAST_GOVERNORS = ("performance", "ondemand", "schedutil", "conservative", "interactive")
_POWERSAVE_IS_FAST = ("intel_pstate", "amd-pstate-epp", "amd_pstate_epp")
_CLOCK_BAD = 5  # TIME_ERROR of adjtimex(2): nothing sets the clock
_TIMEX_BYTES = 512  # more than any architecture's struct timex
_LONG_PAST = 1_735_689_600  # 2025-01-01: before catdog was


def check_system(root: Path = ROOT, folder: Path = Path()) -> list[Finding]:
    """Look at everything here.

    Args:
        root: of the file system that /proc and /sys are in.
        folder: on the disk to look at.
    """
    findings = (
        machine(root), memory(root), profile(root), disk(folder), governor(root), temperature(root), power(root),
        time_of_day(kernel_clock),
    )  # fmt: skip
    return [finding for finding in findings if finding is not None]


def machine(root: Path = ROOT) -> Finding:
    """Name board or processor, and see whether there are packages for it."""
    bits = 64 if sys.maxsize > 2**32 else 32
    architecture = platform.machine()
    cores = usable_cores()
    name = read_board(root) or read_cpu(root)
    found = f"{name}, {architecture}, {bits} bit, {cores} core{'s' if cores > 1 else ''}, {operating_system()}"
    values: dict[str, Value] = {"architecture": architecture, "bits": bits, "cores": cores, "kernel": platform.release()}
    if bits == 32:
        fix = "Install the 64-bit system: LiteRT has no packages for 32 bit."
        return Finding("machine", Verdict.PROBLEM, found, fix, values)
    if architecture not in _ARCHITECTURES:
        fix = f"Not tried on it; {' and '.join(_ARCHITECTURES)} are."
        return Finding("machine", Verdict.WARNING, found, fix, values)
    return Finding("machine", Verdict.OK, found, values=values)


def memory(root: Path = ROOT) -> Finding:
    """See how much memory is left."""
    known = read_memory(root)
    if known is None:
        return Finding("memory", Verdict.UNKNOWN, "the system does not say (/proc/meminfo)")
    total, free = known
    found = f"{free / 1e6:,.0f} MB of {total / 1e6:,.0f} MB available"
    values = {"available_bytes": free, "total_bytes": total}
    if free < _LITTLE_MEMORY:
        return Finding("memory", Verdict.WARNING, found, "End other programs, or the runner may be ended.", values)
    return Finding("memory", Verdict.OK, found, values=values)


def profile(root: Path = ROOT, cores: int | None = None) -> Finding:
    """Say which profile fits this machine, and why.

    Args:
        root: of the file system.
        cores: how many may be used; None for those of this process.
    """
    facts = Facts.of(root, cores)
    name, why = fitting(facts)
    values: dict[str, Value] = {"profile": name, "memory_bytes": facts.memory_bytes, "core_kinds": list(facts.kinds)}
    return Finding("profile", Verdict.OK, f"{name} fits: {why}; --profile auto takes it", values=values)


def disk(folder: Path) -> Finding:
    """See how much room there is for recordings."""
    try:
        usage, flags = shutil.disk_usage(folder), os.statvfs(folder).f_flag
    except OSError as error:
        return Finding("disk", Verdict.UNKNOWN, f"cannot be asked: {error.strerror}")
    found = f"{usage.free / 1e9:,.1f} GB of {usage.total / 1e9:,.1f} GB free in this folder"
    values = {"free_bytes": usage.free, "total_bytes": usage.total}
    if flags & os.ST_RDONLY:
        fix = "The SD card may be worn out, dmesg tells: copy it to a new one. Or work in another folder."
        return Finding("disk", Verdict.PROBLEM, "read-only", fix, values)
    fix = "Delete something, and set --record-limit."
    if usage.free < _NO_DISK:
        return Finding("disk", Verdict.PROBLEM, found, fix, values)
    if usage.free < _LITTLE_DISK:
        return Finding("disk", Verdict.WARNING, found, fix, values)
    return Finding("disk", Verdict.OK, found, values=values)


def governor(root: Path = ROOT) -> Finding:
    """See whether the clock may rise when there is work."""
    names, drivers = read_governors(root), read_clock_drivers(root)
    if not names:
        return Finding("governor", Verdict.UNKNOWN, "the system does not say (no cpufreq; usual in virtual machines)")
    found = ", ".join(names)
    values = {"governor": found, "driver": ", ".join(drivers)}
    slow = [name for name in names if name not in _FAST_GOVERNORS]
    if slow and not (slow == ["powersave"] and drivers and set(drivers) <= set(_POWERSAVE_IS_FAST)):
        return Finding(
            "governor",
            Verdict.WARNING,
            f"{found}: may hold the clock down",
            "Until the next boot: echo ondemand | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
            values,
        )
    return Finding("governor", Verdict.OK, found, values=values)


def temperature(root: Path = ROOT) -> Finding:
    """Find the hottest sensor."""
    zones = read_zones(root)
    if not zones:
        return Finding("temperature", Verdict.UNKNOWN, "the system does not say (no thermal zones; usual in virtual machines)")
    hottest = max(zone.celsius for zone in zones)
    values = {"celsius": hottest}
    fix = "Give it a heat sink or a fan, or less work: --max-fps 5, --motion-gate."
    if hottest >= _TOO_HOT:
        return Finding("temperature", Verdict.PROBLEM, f"{hottest:.0f} °C: slowed down", fix, values)
    if hottest >= _HOT:
        return Finding("temperature", Verdict.WARNING, f"{hottest:.0f} °C: slows down from {_HOT:.0f} °C on", fix, values)
    return Finding("temperature", Verdict.OK, f"{hottest:.0f} °C", values=values)


def power(root: Path = ROOT, command: str = "vcgencmd") -> Finding | None:
    """Ask a Raspberry Pi's firmware whether it had to slow down; None on other machines.

    Args:
        root: of the file system.
        command: the firmware's own tool, for kernels without the file.
    """
    throttling = read_pi_throttling(root, command)
    if throttling is None:
        if not (read_board(root) or "").startswith("Raspberry Pi"):
            return None
        return Finding("power", Verdict.UNKNOWN, "the firmware does not say", "Install vcgencmd: sudo apt install raspi-utils")
    bits, now, before = throttling
    values: dict[str, Value] = {"throttled": hex(bits), "now": now, "since_boot": before}
    if not now and not before:
        return Finding("power", Verdict.OK, "never slowed down since boot", values=values)
    told = [f"now: {', '.join(now)}"] if now else []
    told += [f"since boot: {', '.join(before)}"] if before else []
    weak = PI_REASONS[0] in now + before
    fix = (
        "Use the power supply made for the board and a short thick cable; fewer USB devices."
        if weak
        else "Give it a heat sink or a fan, or less work: --max-fps 5."
    )
    return Finding("power", Verdict.PROBLEM if PI_REASONS[0] in now else Verdict.WARNING, "; ".join(told), fix, values)


def time_of_day(synchronised: Callable[[], bool | None]) -> Finding:
    """See whether the clock is right: events are told with it, and encrypted connections refuse a wrong one."""
    if time.time() < _LONG_PAST:
        return Finding("clock", Verdict.PROBLEM, time.strftime("%Y-%m-%d"), "Set it: sudo timedatectl set-ntp true")
    known = synchronised()
    if known is None:
        return Finding("clock", Verdict.UNKNOWN, "the kernel does not say whether it is set")
    if not known:
        return Finding(
            "clock",
            Verdict.WARNING,
            "not synchronised: times of events may be wrong",
            "sudo timedatectl set-ntp true",
            {"synchronised": False},
        )
    return Finding("clock", Verdict.OK, "synchronised", values={"synchronised": True})


def kernel_clock() -> bool | None:
    """Ask the kernel whether anything sets its clock, whatever that is called; None where it does not say.

    Source: adjtimex(2); a structure of zeros changes nothing and needs no rights.
    """
    try:
        state = int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _CLOCK_BAD

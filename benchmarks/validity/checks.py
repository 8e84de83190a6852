"""VALID or INVALID, and why: each check passes, fails, or cannot be made here."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from catdog.edge.backends.delegation import Delegation

from ..stats.percentiles import Times, samples_needed
from ..stats.ratios import ROUNDS_NEEDED, drift
from .watch import Conditions

HOTTEST = 80.0  # degrees Celsius, where the system names no limit: from there a Raspberry Pi lowers its clock
NEAR_LIMIT = 3.0  # degrees below a limit that the system names
LOWEST_CLOCK = 0.9  # of the highest, while a case runs
MOST_OTHERS = 0.10  # cores that other processes, or other virtual machines, may use
MOST_DRIFT = 0.05  # by which the later half of the rounds may differ from the earlier
MOST_SPREAD = 0.10  # of the rounds' medians: from the 10th to the 90th percentile, of the median


@dataclass(frozen=True)
class Check:
    """One condition of a trustworthy measurement."""

    name: str  # of the condition, e.g. "temperature"
    passed: bool | None  # None where it could not be checked
    said: str  # what was found, and where it failed what to do; a sentence without its full stop


def is_valid(checks: Sequence[Check]) -> bool:
    """Tell whether nothing speaks against the figures."""
    return all(check.passed is not False for check in checks)


def check_machine(conditions: Conditions) -> list[Check]:
    """Check what the machine did."""
    return [
        _governor(conditions),
        _temperature(conditions),
        _throttling(conditions),
        _others("load by others", "other processes", conditions.others, "End them, or measure when they rest"),
        _others("stolen time", "other virtual machines", conditions.stolen, "Measure on a machine of one's own"),
    ]


def check_samples(runs: Mapping[str, int], rounds: int, seconds: Mapping[str, float], least_s: float) -> list[Check]:
    """Check whether there are enough runs, rounds and seconds.

    Args:
        runs: timed runs of each case, by its label.
        rounds: how many there were.
        seconds: that each case was timed for.
        least_s: that each should have been.
    """
    needed = samples_needed(0.99)
    fewest = min(runs, key=lambda label: runs[label])
    shortest = min(seconds, key=lambda label: seconds[label])
    enough = runs[fewest] >= needed
    # A turn ends with the run that reaches its time, so the sum is never short by more than rounding.
    long_enough = seconds[shortest] >= 0.99 * least_s
    return [
        Check(
            "runs",
            enough,
            f"{runs[fewest]:,} of {fewest}; {needed} are needed to bound p99"
            + ("" if enough else ". Raise --runs or --seconds"),
        ),
        Check(
            "duration",
            long_enough,
            f"{seconds[shortest]:.1f} s of {shortest}; at least {least_s:g} s asked for"
            + ("" if long_enough else ". Raise --longest"),
        ),
        Check(
            "rounds",
            rounds >= ROUNDS_NEEDED,
            f"{rounds}; {ROUNDS_NEEDED} are needed for a ratio's interval"
            + ("" if rounds >= ROUNDS_NEEDED else ". Raise --rounds"),
        ),
    ]


def check_rounds(medians: Mapping[str, Times]) -> list[Check]:
    """Check whether the rounds agree.

    Args:
        medians: of each case the median of every round, float64 ``[rounds]``, in any unit.
    """
    if not medians or min(len(values) for values in medians.values()) < 4:
        return [Check("drift", None, "fewer than 4 rounds"), Check("steadiness", None, "fewer than 4 rounds")]
    # What all cases do alike is the machine; one that drifts alone is caught by its own figure.
    drifts = {label: math.expm1(drift(np.log(values))) for label, values in medians.items()}
    worst = max(drifts, key=lambda label: abs(drifts[label]))
    spreads = {label: float(np.subtract(*np.quantile(v, (0.9, 0.1))) / np.median(v)) for label, v in medians.items()}
    widest = max(spreads, key=lambda label: spreads[label])
    return [
        Check(
            "drift",
            abs(drifts[worst]) <= MOST_DRIFT,
            f"later rounds took {drifts[worst]:+.1%} ({worst}); up to {MOST_DRIFT:.0%} is allowed"
            + ("" if abs(drifts[worst]) <= MOST_DRIFT else ". Let the machine warm up, or cool it"),
        ),
        Check(
            "steadiness",
            spreads[widest] <= MOST_SPREAD,
            f"the rounds' medians spread over {spreads[widest]:.1%} ({widest}); up to {MOST_SPREAD:.0%} is allowed"
            + ("" if spreads[widest] <= MOST_SPREAD else ". Something disturbs the machine now and then"),
        ),
    ]


def check_delegation(delegations: Mapping[str, Delegation]) -> Check:
    """Check whether each model is run by the fast kernels that its runtime has for it."""
    fallen = [name for name, delegation in delegations.items() if delegation.taken == 0]
    if fallen:
        said = f"{fallen[0]} runs on the runtime's plain kernels, many times slower. Use ai-edge-litert, or export it again"
        return Check("delegate", False, said)
    unknown = [name for name, delegation in delegations.items() if delegation.name == "unknown"]
    if unknown:
        return Check("delegate", None, f"the runtime of {unknown[0]} does not say who computes")
    return Check("delegate", True, "every model runs on its runtime's fast kernels")


def _governor(conditions: Conditions) -> Check:
    if not conditions.governors:
        return Check("governor", None, "the system does not tell its clock governor")
    names = ", ".join(sorted(conditions.governors))
    if conditions.governors == {"performance"}:
        return Check("governor", True, names)
    return Check(
        "governor",
        False,
        f"{names}: the clock follows the load. Run: echo performance | sudo tee "
        "/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
    )


def _temperature(conditions: Conditions) -> Check:
    zone = conditions.hottest
    if zone is None:
        return Check("temperature", None, "the system has no temperature sensor")
    limit = HOTTEST if zone.limit is None else zone.limit - NEAR_LIMIT
    passed = zone.celsius < limit
    said = f"at most {zone.celsius:.0f} °C ({zone.name}); allowed below {limit:.0f} °C"
    return Check("temperature", passed, said + ("" if passed else ". Cool it, or leave it time to"))


def _throttling(conditions: Conditions) -> Check:
    found = [f"{what} {count:,.0f} times" for what, count in conditions.throttling.items()]
    found += [f"the board's firmware says: {what}" for what in conditions.pi_throttling]
    clock = conditions.lowest_clock
    if clock is not None and clock < LOWEST_CLOCK and conditions.governors == {"performance"}:
        found.append(f"the clock went down to {clock:.0%} of its highest")
    if found:
        return Check("throttling", False, "; ".join(found) + ". Cool it, give it more power, or lift the limit")
    if not conditions.throttling_known and clock is None:
        return Check("throttling", None, "the system does not tell")
    return Check("throttling", True, "none")


def _others(name: str, who: str, cores: float | None, fix: str) -> Check:
    if cores is None:
        return Check(name, None, "the system does not tell")
    passed = cores <= MOST_OTHERS
    return Check(name, passed, f"{who} had {cores:.2f} cores; up to {MOST_OTHERS:.2f} allowed" + ("" if passed else f". {fix}"))

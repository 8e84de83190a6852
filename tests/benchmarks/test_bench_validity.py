"""What a machine tells, from real files in a folder of our own; and each disturbance makes a report INVALID with its cause."""

import os
import threading
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from catdog.benchmarks import BenchOptions, run_benchmark
from catdog.benchmarks.options import Effort
from catdog.benchmarks.report.write import to_terminal
from catdog.benchmarks.validity import readings
from catdog.benchmarks.validity.checks import Check, check_delegation, check_machine, check_rounds, check_samples, is_valid
from catdog.benchmarks.validity.watch import Conditions, EnergyMeter, Watch
from catdog.edge.backends.delegation import Delegation, delegation_of
from catdog.edge.common.machine import read_zones
from catdog.edge.inference.classifier import Classifier
from catdog.edge.models import bundled_tflite

TICKS = os.sysconf("SC_CLK_TCK")
CPU = "sys/devices/system/cpu/cpu0"


class Machine:
    """The files of a machine that is calm, cool and set to its highest clock, until something is changed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write(f"{CPU}/cpufreq/scaling_governor", "performance")
        self.write(f"{CPU}/cpufreq/scaling_cur_freq", "2400000")
        self.write(f"{CPU}/cpufreq/cpuinfo_max_freq", "2400000")
        self.write(f"{CPU}/thermal_throttle/core_throttle_count", "4")
        self.write("sys/class/thermal/thermal_zone0/temp", "45000")
        self.write("sys/class/thermal/thermal_zone0/type", "cpu-thermal")
        self.write("sys/fs/cgroup/cpu.stat", "usage_usec 5\nnr_throttled 0")
        self.processor(busy_s=1000.0, stolen_s=0.0)

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.root / "unfinished"
        unfinished.write_text(text + "\n")
        unfinished.replace(target)  # in one step: it may be read at this moment

    def processor(self, busy_s: float, stolen_s: float) -> None:
        busy, stolen = round(busy_s * TICKS), round(stolen_s * TICKS)
        self.write("proc/stat", f"cpu  {busy} 0 0 5000 20 0 0 {stolen} 0 0\ncpu0 1 0 0 0 0 0 0 0 0 0")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "machine")


def failed(checks: list[Check]) -> dict[str, str]:
    return {check.name: check.said for check in checks if check.passed is False}


def watched(machine: Machine, meanwhile: object = None) -> Conditions:
    watch = Watch(2, machine.root)
    watch.look()
    if callable(meanwhile):
        meanwhile()
    watch.look()
    return watch.conditions()


def test_a_calm_machine_passes_every_check(machine: Machine) -> None:
    checks = check_machine(watched(machine))
    assert {check.name: check.passed for check in checks} == dict.fromkeys(
        ("governor", "temperature", "throttling", "load by others", "stolen time"), True
    )


def test_a_machine_that_tells_nothing_is_not_called_invalid_for_it(tmp_path: Path) -> None:
    checks = check_machine(Watch(2, tmp_path).conditions())
    assert [check.passed for check in checks] == [None] * 5
    assert is_valid(checks)


def test_a_governor_that_follows_the_load(machine: Machine) -> None:
    machine.write(f"{CPU}/cpufreq/scaling_governor", "ondemand")
    said = failed(check_machine(watched(machine)))
    assert list(said) == ["governor"]
    assert "ondemand" in said["governor"]
    assert "echo performance" in said["governor"]


def test_heat_that_was_there_for_a_moment(machine: Machine) -> None:
    def hot_and_cool_again() -> None:
        machine.write("sys/class/thermal/thermal_zone0/temp", "83500")

    watch = Watch(2, machine.root)
    hot_and_cool_again()
    watch.look()
    machine.write("sys/class/thermal/thermal_zone0/temp", "50000")
    said = failed(check_machine(watch.conditions()))
    assert list(said) == ["temperature"]
    assert "84 °C (cpu-thermal); allowed below 80 °C" in said["temperature"]


def test_the_limit_is_the_systems_own_where_it_has_one(machine: Machine) -> None:
    machine.write("sys/class/thermal/thermal_zone0/trip_point_0_type", "passive")
    machine.write("sys/class/thermal/thermal_zone0/trip_point_0_temp", "60000")
    machine.write("sys/class/thermal/thermal_zone0/trip_point_1_type", "critical")
    machine.write("sys/class/thermal/thermal_zone0/trip_point_1_temp", "110000")
    assert failed(check_machine(watched(machine))) == {}
    machine.write("sys/class/thermal/thermal_zone0/temp", "58000")
    assert "allowed below 57 °C" in failed(check_machine(watched(machine)))["temperature"]


def test_throttling_by_heat_container_firmware_and_clock(machine: Machine) -> None:
    def slowed() -> None:
        machine.write(f"{CPU}/thermal_throttle/core_throttle_count", "9")
        machine.write("sys/fs/cgroup/cpu.stat", "usage_usec 5\nnr_throttled 3")
        machine.write("sys/devices/platform/soc/soc:firmware/get_throttled", "50005")
        machine.write(f"{CPU}/cpufreq/scaling_cur_freq", "1200000")

    said = failed(check_machine(watched(machine, slowed)))
    assert list(said) == ["throttling"]
    for cause in ("slowed by heat 5 times", "share of the processor 3 times", "under-voltage", "throttled", "to 50% of its"):
        assert cause in said["throttling"]


def test_what_throttled_before_the_measurement_is_no_matter(machine: Machine) -> None:
    machine.write("sys/devices/platform/soc/soc:firmware/get_throttled", "50000")  # since boot, not now
    assert failed(check_machine(watched(machine))) == {}


def test_load_by_others_and_stolen_time(machine: Machine) -> None:
    conditions = watched(machine, lambda: machine.processor(busy_s=1500.0, stolen_s=300.0))
    said = failed(check_machine(conditions))
    assert list(said) == ["load by others", "stolen time"]
    assert conditions.others is not None
    assert conditions.others * conditions.seconds == pytest.approx(500, abs=5)
    assert conditions.stolen is not None
    assert conditions.stolen * conditions.seconds == pytest.approx(300, abs=0.1)


def test_our_own_work_is_not_others(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(2, machine.root)
    monkeypatch.setattr("catdog.benchmarks.validity.watch.own_seconds", lambda: watch._own_s + 500.0)
    machine.processor(busy_s=1500.0, stolen_s=0.0)
    conditions = watch.conditions()
    assert conditions.others == pytest.approx(0.0, abs=1e-6)


def test_too_few_runs_rounds_and_seconds() -> None:
    fine = check_samples({"a": 400, "b": 500}, 8, {"a": 2.0, "b": 1.5}, 1.5)
    assert failed(fine) == {}
    few = failed(check_samples({"a": 400, "b": 367}, 7, {"a": 2.0, "b": 1.0}, 1.5))
    assert few == {
        "runs": "367 of b; 368 are needed to bound p99. Raise --runs or --seconds",
        "duration": "1.0 s of b; at least 1.5 s asked for. Raise --longest",
        "rounds": "7; 8 are needed for a ratio's interval. Raise --rounds",
    }


def test_drift_and_unrest_between_rounds() -> None:
    rng = np.random.default_rng(0)
    steady = 2.0 + 0.02 * rng.standard_normal(20)
    assert failed(check_rounds({"a": steady, "b": steady})) == {}
    drifting = steady * np.linspace(1.0, 1.18, 20)
    assert list(failed(check_rounds({"a": steady, "b": drifting}))) == ["drift", "steadiness"]
    restless = steady * np.tile([1.0, 1.2], 10)
    assert list(failed(check_rounds({"a": restless}))) == ["steadiness"]
    assert [check.passed for check in check_rounds({"a": steady[:3]})] == [None, None]


def test_a_model_on_the_plain_kernels() -> None:
    plain, fast = Delegation("none", 0, 69), Delegation("XNNPACK", 68, 69)
    assert check_delegation({"a": fast, "b": Delegation("CPUExecutionProvider")}).passed
    found = check_delegation({"a": fast, "b": plain})
    assert found.passed is False
    assert found.said.startswith("b runs on the runtime's plain kernels")
    assert check_delegation({"a": Delegation("unknown")}).passed is None


def test_a_runtime_without_its_delegate_makes_the_report_invalid() -> None:
    interpreters = pytest.importorskip("ai_edge_litert.interpreter", reason="needs the package ai-edge-litert")
    fast = Classifier("fast", threads=1).delegation
    assert check_delegation({"fast": fast}).passed
    plain = interpreters.Interpreter(
        str(bundled_tflite("fast")),
        experimental_op_resolver_type=interpreters.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    plain.allocate_tensors()
    assert check_delegation({"fast": delegation_of(plain._get_ops_details(), "XNNPACK")}).passed is False


def test_energy_is_counted_over_a_stretch_and_over_the_counters_end(machine: Machine) -> None:
    package = "sys/class/powercap/intel-rapl:0"
    for path, text in (("name", "package-0"), ("energy_uj", "999000000"), ("max_energy_range_uj", "1000000000")):
        machine.write(f"{package}/{path}", text)
    machine.write("sys/class/powercap/intel-rapl:0:0/energy_uj", "5")  # a part of the package: counted in it
    machine.write("sys/class/hwmon/hwmon1/name", "amd_energy")
    machine.write("sys/class/hwmon/hwmon1/energy1_label", "Esocket0")
    machine.write("sys/class/hwmon/hwmon1/energy1_input", "1000000")
    meter = EnergyMeter(machine.root)
    assert meter.trouble is None
    with meter.stretch():
        machine.write(f"{package}/energy_uj", "2000000")  # began anew: 1 J to its end, and 2 more
        machine.write("sys/class/hwmon/hwmon1/energy1_input", "1500000")
        machine.write("sys/class/powercap/intel-rapl:0:0/energy_uj", "900000000")
    assert meter.joules == pytest.approx(3.5)


def test_a_machine_without_counters_says_so(tmp_path: Path) -> None:
    assert EnergyMeter(tmp_path).trouble == "no energy counter in this system (powercap, hwmon)"


def test_counters_that_may_not_be_read(machine: Machine) -> None:
    # A folder in the file's place: not to be read by anybody, root included.
    (machine.root / "sys/class/powercap/intel-rapl:0/energy_uj").mkdir(parents=True)
    assert "may not be read" in (EnergyMeter(machine.root).trouble or "")


def test_unreadable_numbers_are_nothing(machine: Machine) -> None:
    machine.write("sys/class/thermal/thermal_zone0/temp", "warm")
    machine.write("proc/stat", "cpu what is this")
    assert read_zones(machine.root) == []
    assert readings.read_load(machine.root) is None


DISTURBANCES = {
    "governor": lambda machine, _: machine.write(f"{CPU}/cpufreq/scaling_governor", "powersave"),
    "temperature": lambda machine, _: machine.write("sys/class/thermal/thermal_zone0/temp", "91000"),
    "throttling": lambda machine, number: machine.write("sys/fs/cgroup/cpu.stat", f"nr_throttled {number}"),
    "load by others": lambda machine, number: machine.processor(busy_s=1000.0 + 10 * number, stolen_s=0.0),
    "stolen time": lambda machine, number: machine.processor(busy_s=1000.0, stolen_s=10.0 * number),
}


@pytest.mark.parametrize("cause", DISTURBANCES)
def test_a_disturbed_machine_makes_the_whole_report_invalid(
    machine: Machine, tiny_onnx: Path, picture_file: Path, cause: str
) -> None:
    """From the machine's files, which change while it is measured, through a real measurement to the report."""
    disturb, over = DISTURBANCES[cause], threading.Event()

    def go_on() -> None:
        for number in count():
            disturb(machine, number)
            if over.wait(0.01):
                return

    effort = Effort(warmup=1, rounds=2, runs=4, seconds=0.0, longest_s=30.0)
    options = BenchOptions((tiny_onnx,), threads=(1,), scenarios=("single",), effort=effort, picture=picture_file)
    disturber = threading.Thread(target=go_on)
    disturber.start()
    try:
        report = run_benchmark(options, root=machine.root)
    finally:
        over.set()
        disturber.join()
    assert not report.valid
    causes = {check.name for check in report.causes}
    assert causes - {"steadiness", "drift"} == {cause, "runs", "rounds"}  # 4 runs in 2 rounds bound nothing
    assert to_terminal(report).startswith("INVALID: ")
    assert f"{cause} (" in to_terminal(report).splitlines()[0]

"""Cases in processes of their own take turns; what goes wrong in one is told, and the others go on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from catdog.benchmarks.measure import worker
from catdog.benchmarks.measure.case import Case, FailedCase
from catdog.benchmarks.measure.process import WorkerProcess
from catdog.benchmarks.measure.rounds import Measured, measure, quota_of, round_orders
from catdog.benchmarks.measure.worker import Job
from catdog.benchmarks.options import Effort, Scenario
from catdog.benchmarks.validity.watch import EnergyMeter
from catdog.edge.errors import InputNotFoundError, ModelError, UsageError

EFFORT = Effort(warmup=1, rounds=3, runs=9, seconds=0.0, longest_s=60.0)


def job(path: Path, frames: list[NDArray[np.uint8]], scenario: str = Scenario.SINGLE, copies: int = 1) -> Job:
    return Job(Case(path.name, path, "auto", 1), scenario, copies, 1, frames, 30.0)


def nothing() -> None:
    pass


def refuse() -> None:
    raise UsageError("something else", got="this", fix="Change it.")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_orders_are_shuffled_permutations_that_the_seed_decides() -> None:
    orders = round_orders(5, 20, seed=3)
    assert orders.shape == (20, 5)
    assert (np.sort(orders, axis=1) == np.arange(5)).all()
    assert len({tuple(order) for order in orders}) > 10
    assert (orders == round_orders(5, 20, seed=3)).all()
    assert (orders != round_orders(5, 20, seed=4)).any()


def test_effort_is_shared_out_among_rounds() -> None:
    quota = quota_of(Effort(warmup=1, rounds=8, runs=100, seconds=4.0, longest_s=16.0))
    assert (quota.runs, quota.seconds, quota.longest_s) == (13, 0.5, 2.0)


def test_each_case_has_a_turn_in_every_round(tiny_onnx: Path, noise: NDArray[np.uint8]) -> None:
    absent = tiny_onnx.with_name("absent.onnx")
    turns: list[None] = []
    found = measure(
        [job(tiny_onnx, [noise]), job(absent, [noise]), job(tiny_onnx, [noise])],
        EFFORT,
        seed=0,
        meter=EnergyMeter(),
        poll=nothing,
        on_turn=lambda: turns.append(None),
    )
    first, failed, second = found
    assert isinstance(failed, FailedCase)
    assert "absent.onnx" in failed.reason
    assert len(turns) == 2 * EFFORT.rounds
    for each in (first, second):
        assert isinstance(each, Measured)
        assert [turn.runs for turn in each.turns] == [3, 3, 3]
        assert all((turn.end_to_end_ms >= turn.invoke_ms).all() for turn in each.turns)
        assert each.opened.labels == ("cats", "dogs")
        assert each.opened.delegation.name == "CPUExecutionProvider"
        assert len(each.opened.load_ms) == len(each.opened.first_result_ms)
        assert all(load < first for load, first in zip(each.opened.load_ms, each.opened.first_result_ms, strict=True))
        assert each.memory.peak is not None
        assert each.memory.bare is not None
        assert each.memory.peak >= (each.memory.steady or 0) > 10 << 20


def test_errors_come_back_as_what_they_were() -> None:
    with WorkerProcess("a.tflite") as member:
        with pytest.raises(UsageError, match=r"expected something else; got this\. Change it\."):
            member.ask(refuse)
        assert member.ask(os.getpid) != os.getpid()  # and it goes on


def test_a_process_that_dies_is_a_failed_case() -> None:
    with WorkerProcess("a.tflite") as member, pytest.raises(ModelError, match=r"a\.tflite to run; got a process that died"):
        member.ask(die)


def test_no_process_outlives_a_command_that_is_killed() -> None:
    program = """
import os, sys
from catdog.benchmarks.measure.process import WorkerProcess
if __name__ == "__main__":
    members = [WorkerProcess("a.tflite").__enter__() for _ in range(2)]
    print(*(member.ask(os.getpid) for member in members), flush=True)
    sys.stdin.read()
"""
    command = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert command.stdout is not None
    members = [int(number) for number in command.stdout.readline().split()]
    assert len(members) == 2
    command.kill()
    command.communicate()
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{number}").exists() for number in members):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_model_that_cannot_be_read_is_refused(tmp_path: Path, noise: NDArray[np.uint8]) -> None:
    with pytest.raises(InputNotFoundError):
        raise worker.answer(worker.load, Case("gone.tflite", tmp_path / "gone.tflite", "auto", 1)).error()

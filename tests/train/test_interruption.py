"""Ctrl-C during a training: kept until a step has ended."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from catdog.train.interruption import interrupted_between_steps, step_ended


@pytest.fixture(autouse=True)
def ctrl_c_as_python_has_it() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler  # given back
    signal.signal(signal.SIGINT, before)


def _ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_waits_for_the_end_of_the_step_and_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), interrupted_between_steps():
        step_ended()
        _ctrl_c()
        done.append("rest of the step")
        step_ended()
        done.append("next step")
    assert done == ["rest of the step"]
    assert "stopping when this step is done" in capfd.readouterr().err
    step_ended()  # raised once


def test_without_another_step_it_is_raised_at_the_end() -> None:
    with pytest.raises(KeyboardInterrupt), interrupted_between_steps():
        _ctrl_c()
    step_ended()


def test_the_second_is_raised_at_once() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), interrupted_between_steps():
        _ctrl_c()
        done.append("first")
        _ctrl_c()
        done.append("second")
    assert done == ["first"]
    step_ended()


def test_an_error_is_not_hidden_by_it() -> None:
    with pytest.raises(ZeroDivisionError), interrupted_between_steps():
        _ctrl_c()
        _ = 1 / 0
    step_ended()


def test_other_threads_and_other_handlers_are_left_alone() -> None:
    seen = []

    def work() -> None:
        with interrupted_between_steps():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as nohup and shells' background jobs have it
    with interrupted_between_steps():
        _ctrl_c()
        step_ended()
    signal.signal(signal.SIGINT, signal.default_int_handler)

import threading
from collections.abc import Iterator

import pytest

from catdog.edge.common.parallel import in_order


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_gives_the_results_in_order(threads: int) -> None:
    assert list(in_order(lambda number: -number, range(100), threads)) == [-number for number in range(100)]


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_of_nothing_there_is_nothing(threads: int) -> None:
    assert list(in_order(str, [], threads)) == []


def test_works_in_as_many_threads_as_asked_for_and_the_calling_one_is_one_of_them() -> None:
    together = threading.Barrier(3)  # nobody passes alone

    def work(_: int) -> threading.Thread:
        together.wait(timeout=30)
        return threading.current_thread()

    assert len(set(in_order(work, range(3), 3))) == 3
    assert threading.current_thread() in in_order(work, range(3), 3)


def test_goes_on_while_another_thread_is_at_the_first() -> None:
    release, here, done = threading.Event(), threading.current_thread(), []

    def work(number: int) -> int:
        if threading.current_thread() is here:
            done.append(number)
            if len(done) == 3:
                release.set()
        else:
            assert release.wait(timeout=30)
        return number

    assert list(in_order(work, range(8), 2)) == list(range(8))
    assert done == sorted(done)
    assert len(done) >= 3


@pytest.mark.parametrize("threads", [1, 2])
def test_takes_things_only_a_little_ahead(threads: int) -> None:
    taken: list[int] = []

    def things() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = in_order(lambda number: number, things(), threads)
    assert next(results) == 0
    assert len(taken) <= 8
    results.close()
    assert len(taken) <= 8


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_comes_up_when_its_turn_is_there_and_no_thread_stays(threads: int) -> None:
    before, seen = threading.active_count(), []

    def work(number: int) -> int:
        if number == 5:
            raise ValueError(number)
        return number

    with pytest.raises(ValueError, match="5"):
        seen.extend(in_order(work, range(100), threads))
    assert threading.active_count() == before
    results = in_order(work, range(100), threads)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    results.close()
    assert threading.active_count() == before


def test_an_interruption_ends_it_at_once() -> None:
    begun, here = [], threading.current_thread()

    def work(number: int) -> int:
        begun.append(number)
        if threading.current_thread() is here:
            raise KeyboardInterrupt
        return number

    with pytest.raises(KeyboardInterrupt):
        for _ in in_order(work, range(10_000), 2):
            pass
    assert len(begun) < 10_000

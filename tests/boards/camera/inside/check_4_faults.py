"""What vivid injects, and a camera that goes and comes: states are told, no label is invented, nothing grows."""

import time
from collections.abc import Callable

import pytest
import vivid
from vivid import sh
from watching import Watch, descriptors, edge, memory_mb

TINY = ("--camera", "0", "--model", "tiny")
FEW = ("--json", "--model", "tiny", "--max-frames", "5")
TIMES = 100
WARM = 10  # times, until every buffer has been used


def silent_until_back(watch: Watch, cause: Callable[[], None], cure: Callable[[], None]) -> tuple[float, float]:
    """Do something to the camera and undo it; no label may come between OFFLINE and ONLINE.

    Returns:
        Seconds until OFFLINE, and from the cure until there were labels again.
    """
    begun = watch.heard[-1].at
    cause()
    lost = watch.state("OFFLINE", 10, since=begun).at
    cure()
    cured = time.monotonic()
    back = watch.state("ONLINE", 30, since=lost).at
    assert not watch.labels_between(lost, back - 0.001)
    watch.label(10, since=back)
    return lost - begun, back - cured


def test_dropped_buffers(camera: None) -> None:
    """60 of 100 buffers dropped: fewer answers, still ONLINE"""
    with Watch(*TINY) as watch:
        watch.label(30)
        vivid.set_to(percentage_of_dropped_buffers=60)
        begun = watch.heard[-1].at
        watch.wait_for(lambda each: each.is_label and each.at > begun + 4, 10)
        assert not [each for each in watch.heard if each.said.get("state") == "OFFLINE"]


def test_all_buffers_dropped(camera: None) -> None:
    """All buffers dropped: OFFLINE, and back"""
    with Watch(*TINY) as watch:
        watch.label(30)
        silent_until_back(
            watch,
            lambda: vivid.set_to(percentage_of_dropped_buffers=100),
            lambda: vivid.set_to(percentage_of_dropped_buffers=0),
        )


def test_error_flag(camera: None) -> None:
    """A buffer with the error flag: passed over, or the camera is opened again; answers go on"""
    with Watch(*TINY) as watch:
        watch.label(30)
        for _ in range(3):
            vivid.set_to(inject_v4l2_buf_flag_error=1)
            begun = watch.heard[-1].at
            watch.wait_for(lambda each: each.is_label and each.at > begun + 0.5, 15)  # noqa: B023 - waited for here


def test_fatal_error(camera: None) -> None:
    """A fatal streaming error: the camera is opened again"""
    with Watch(*TINY) as watch:
        watch.label(30)
        silent_until_back(watch, lambda: vivid.set_to(inject_fatal_streaming_error=1), lambda: None)


@pytest.mark.parametrize("request_", ["streamon", "reqbufs", "qbuf"])
def test_error_at_start(request_: str, camera: None) -> None:
    """An ioctl that fails once while it starts: with --wait the next attempt succeeds; without, pictures or code 5"""
    vivid.set_to(**{f"inject_vidioc_{request_}_error": 1})
    with Watch(*TINY, "--wait") as watch:
        watch.label(30)
    vivid.set_to(**{f"inject_vidioc_{request_}_error": 1})
    done = edge("--camera", "0", *FEW)
    assert done.code == (0 if len(done.labels) == 5 else 5), done.err
    assert "Traceback" not in done.err


def test_still_picture(camera: None) -> None:
    """The same picture for five seconds gets no label until it moves"""
    with Watch(*TINY) as watch:
        watch.label(30)
        vivid.set_to(osd_text_mode=2)
        stale = watch.state("STALE", 15).at
        vivid.set_to(osd_text_mode=0)
        back = watch.state("ONLINE", 10, since=stale).at
        assert not watch.labels_between(stale, back - 0.001)


def test_black(camera: None) -> None:
    """A black picture gets no label"""
    with Watch(*TINY) as watch:
        watch.label(30)
        vivid.set_to(osd_text_mode=2, test_pattern=8)
        stale = watch.state("STALE", 10).at
        vivid.set_to(osd_text_mode=0, test_pattern=0)
        back = watch.state("ONLINE", 10, since=stale).at
        assert not watch.labels_between(stale, back - 0.001)


def test_disconnected(camera: None) -> None:
    """vivid's disconnect: the node stays, and everything that is asked of it fails; the cause says so"""
    with Watch(*TINY) as watch:
        watch.label(30)
        silent_until_back(
            watch, lambda: vivid.set_to(disconnect=1), lambda: (vivid.gone(), vivid.back(), sh("udevadm settle"))[0]
        )


def test_module_away(camera: None) -> None:
    """The driver unloaded and loaded again: found; under another number as well"""
    with Watch(*TINY) as watch:
        watch.label(30)
        for number in (0, 2):
            seconds = silent_until_back(
                watch,
                lambda: (vivid.gone(), vivid.unload())[0],
                lambda: vivid.load(numbers=(number,)),  # noqa: B023
            )
            assert seconds[0] < 2.0


def test_gone_and_back(camera: None, figure: Callable[[str, object], None]) -> None:
    """Gone and back 100 times: OFFLINE within 2 s, back within 5 s, no label meanwhile, nothing grows"""
    offline, online, after_warm, at_end = [], [], (0.0, 0), (0.0, 0)
    with Watch(*TINY) as watch:
        watch.label(30)
        for turn in range(1, TIMES + 1):
            lost, back = silent_until_back(watch, lambda: vivid.set_to(disconnect=1), lambda: (vivid.gone(), vivid.back())[0])
            offline.append(lost)
            online.append(back)
            if turn in (WARM, TIMES):
                own = [watch.process_id]
                after_warm, at_end = at_end, (memory_mb(own), descriptors(own))
        assert len(watch.family()) == 2
    figure("n", TIMES)
    figure("OFFLINE after s, median and most", [round(sorted(offline)[TIMES // 2], 2), round(max(offline), 2)])
    figure("back after s, median and most", [round(sorted(online)[TIMES // 2], 2), round(max(online), 2)])
    figure(f"memory in MB and descriptors of the program after {WARM} and {TIMES} times", [after_warm, at_end])
    assert max(offline) <= 2.0
    assert max(online) <= 5.0
    assert at_end[0] - after_warm[0] < 2.0
    assert at_end[1] == after_warm[1]

"""Rate and age of answers beside a bare OpenCV loop with the same model, in turns; memory over many frames."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from statistics import median

import pytest
from vivid import sh, until
from watching import PYTHON, Watch, descriptors, memory_mb, resident_mb, slope

ROUNDS, FRAMES, WARM = 3, 150, 10
SOAK_FRAMES = int(os.environ.get("CATDOG_CAMERA_FRAMES", "10000"))
MOST_MB = 160.0
_BARE = """
import json, sys, time
import cv2
from catdog.edge import Classifier
count, warm = int(sys.argv[1]), int(sys.argv[2])
classifier, capture = Classifier("default", threads=1), cv2.VideoCapture(0, cv2.CAP_V4L2)
ages = []
for index in range(count + warm):
    if index == warm:
        begun = time.monotonic()
    _, picture = capture.read()
    now, stamp = time.monotonic(), capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
    stamp = min(stamp, now)  # vivid says when the frame should have come, which may lie ahead
    classifier.classify(picture)
    if index >= warm:
        ages.append(1e3 * (time.monotonic() - stamp))
print(json.dumps({"fps": count / (time.monotonic() - begun), "age": sorted(ages)[count // 2]}))
"""


def catdog(*more: str) -> dict[str, float]:
    """Measure the program."""
    with Watch("--camera", "0", "--threads", "1", *more) as watch:

        def numbered(count: int) -> float:
            return watch.wait_for(lambda each: len([one for one in watch.heard if one.is_label]) >= count, 120).at

        numbered(WARM)
        begun, first = time.monotonic(), len([each for each in watch.heard if each.is_label])
        numbered(first + FRAMES)
        passed = time.monotonic() - begun
        labels = [each.said for each in watch.heard if each.is_label][first:]
    return {"fps": len(labels) / passed, "age": median(one["age_ms"] for one in labels)}


def bare() -> dict[str, float]:
    """Measure the loop."""
    asked = [PYTHON, "-c", _BARE, str(FRAMES), str(WARM)]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    measured: dict[str, float] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return measured


def test_rate_and_age(camera: None, figure: Callable[[str, object], None]) -> None:
    """Rate and age: no worse than a bare loop's by a fifth, whole frames alone, one thread, one core for all"""
    ours, theirs = [], []
    for turn in range(ROUNDS):
        for measure, found in ((catdog, ours), (bare, theirs)) if turn % 2 == 0 else ((bare, theirs), (catdog, ours)):
            found.append(measure("--regions", "off") if measure is catdog else measure())
    names = {"fps": "answers/s", "age": "age in ms"}
    middle = {name: [median(one[name] for one in found) for found in (ours, theirs)] for name in names}
    for name, title in names.items():
        figure(
            f"{title}, catdog-edge and the bare loop, medians of {ROUNDS} rounds of {FRAMES}",
            [round(v, 1) for v in middle[name]],
        )
    assert middle["fps"][0] >= 0.8 * middle["fps"][1]
    assert middle["age"][0] <= 1.2 * middle["age"][1] + 20.0


@pytest.fixture
def broker() -> Iterator[None]:
    """A real broker on its usual port, for this machine alone."""
    sh("systemctl start mosquitto")
    until(lambda: "1883" in sh("ss -ltn"), 20)
    yield
    sh("systemctl stop mosquitto")


def test_memory(camera: None, broker: None, figure: Callable[[str, object], None]) -> None:
    """Memory of catdog-edge --camera 0 --serve --mqtt over thousands of frames: at most 160 MB, and no growth"""
    topic = "catdog/yard"
    arguments = ("--camera", "0", "--serve", "8080", "--mqtt", f"mqtt://127.0.0.1/{topic}")
    points: list[tuple[float, float]] = []
    with Watch(*arguments) as watch:
        watch.label(60)
        first = watch.heard[-1]
        opened = descriptors(watch.family())
        while watch.heard[-1].said.get("frame", 0) < SOAK_FRAMES:
            assert watch.is_running, watch.err
            last = next(each for each in reversed(watch.heard) if each.is_label)
            points.append((last.said["frame"], memory_mb(watch.family())))
            peak_of_own = resident_mb(watch.process_id)
            urllib.request.urlopen("http://127.0.0.1:8080/snapshot.jpg", timeout=10).read()
            time.sleep(1.0)
        assert topic in sh(f"timeout 5 mosquitto_sub -v -C 1 -t '{topic}/state'")
        labels = [each for each in watch.heard if each.is_label]
        passed = watch.heard[-1].at - first.at
        closed = descriptors(watch.family())
    settled = points[len(points) // 4 :]
    a_thousand = 1e3 * slope(settled)
    figure("frames of the camera, and how many were judged", [labels[-1].said["frame"], len(labels)])
    figure("frames/s and answers/s", [round(labels[-1].said["frame"] / passed, 1), round(len(labels) / passed, 1)])
    figure("most memory in MB (Pss of all its processes)", round(max(mb for _, mb in points), 1))
    figure("resident memory of the main process in MB", round(peak_of_own, 1))
    figure("growth in MB a thousand frames, of the last three quarters", round(a_thousand, 3))
    figure("descriptors at first and at last", [opened, closed])
    assert max(mb for _, mb in points) <= MOST_MB
    assert abs(a_thousand) * (settled[-1][0] - settled[0][0]) / 1e3 < 2.0
    assert closed <= opened + 2

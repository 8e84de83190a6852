"""An export that is killed, or runs out of disk, leaves what was published before as it was."""

import hashlib
import json
import random
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="the extra export is not installed")
pytest.importorskip("onnx", reason="the extra export is not installed")

from catdog.edge import Classifier

KILLS = 20
COMMAND = str(Path(sys.executable).parent / "catdog-export")

# Publishes over and over, since the moments between two renames are short.
PUBLISHING = """
import sys
from pathlib import Path
from catdog.export.publish import publish
folder = Path(sys.argv[1])
number = 0
print("ready", flush=True)
while True:
    number += 1
    files = {f"{name}.tflite": name.encode() * 400_000 + str(number).encode() for name in "abc"}
    publish(folder, files, {"artifacts": [], "number": number}, "<html>", {"number": number})
"""


@pytest.fixture
def published(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported, tmp_path / "out"))


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_killed_while_publishing(tmp_path: Path) -> None:
    chance = random.Random(0)  # noqa: S311 - no secret
    for _ in range(KILLS):
        process = subprocess.Popen([sys.executable, "-c", PUBLISHING, str(tmp_path / "out")], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.05, 0.4))  # the moment is the point
        process.kill()
        process.communicate()
        whole = [path for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")]
        for path in whole:
            content = path.read_bytes()
            if path.suffix == ".tflite":
                assert content.startswith(path.stem.encode() * 400_000)
                int(content[400_000:])
            elif path.suffix == ".json":
                assert json.loads(content)["number"] >= 1


@pytest.mark.parametrize("after", [2.0, *(pytest.param(later, marks=pytest.mark.slow) for later in (7.0, 12.0))])
def test_killed_while_converting(published: Path, small_run: Path, after: float) -> None:
    before = digests(published)
    process = subprocess.Popen([COMMAND, "--int8", "--float32", "--model", str(small_run), "--output", str(published)])
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        assert {name: digest for name, digest in digests(published).items() if not name.startswith(".")} == before
    for path in [*published.glob("*.tflite"), *published.glob("*.onnx")]:
        Classifier(path)


@pytest.mark.slow
def test_disk_full(published: Path) -> None:
    before = digests(published)
    finished = subprocess.run(
        [COMMAND, "--int8", "--float32", "--model", "default", "--calibration-count", "8", "--output", str(published)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 10, finished.stderr
    assert finished.stdout == ""
    assert finished.stderr.splitlines()[-1].startswith("catdog-export: expected to write")
    assert digests(published) == before

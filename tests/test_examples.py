"""The examples run as their first lines say."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from catdog.edge.synthetic import DemoFilm, draw_picture

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(name: str, *arguments: str) -> str:
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.fixture
def film(tmp_path: Path) -> str:
    """The demo camera's room, while the cat comes in."""
    path, demo = str(tmp_path / "film.avi"), DemoFilm()
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"MJPG"), demo.fps, (demo.width, demo.height))
    for number in range(60, 135):
        writer.write(demo.frame(number))
    writer.release()
    return path


def test_live_loop_says_who_comes(film: str) -> None:
    said = run("live_loop.py", film)
    assert "-> cats appeared\n" in said
    assert said.count("cats 9") > 10


def test_own_sink_keeps_visits(film: str, tmp_path: Path) -> None:
    run("own_sink.py", str(tmp_path / "visits.db"), film)
    with sqlite3.connect(tmp_path / "visits.db") as database:
        rows = database.execute("select label, kind from visits").fetchall()
    database.close()
    assert rows == [("cats", "appeared")]


def test_foreign_model_answers(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="the extra train makes the model")
    from foreign_models import tflite

    picture = str(tmp_path / "cat.png")
    cv2.imwrite(picture, draw_picture("cats", 3))
    (tmp_path / "model_unquant.tflite").write_bytes(tflite(3))
    (tmp_path / "labels.txt").write_text("0 cats\n1 dogs\n2 birds\n")
    said = run("foreign_model.py", str(tmp_path / "model_unquant.tflite"), str(tmp_path / "labels.txt"), picture)
    assert said.startswith((f"{picture}: cats ", f"{picture}: dogs ", f"{picture}: birds "))

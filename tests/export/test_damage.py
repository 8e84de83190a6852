"""A published file that was cut short or changed anywhere is refused, in one line, before a runtime sees it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from commands import run

pytest.importorskip("tensorflow", reason="the extra export is not installed")
pytest.importorskip("onnx", reason="the extra export is not installed")

from catdog.edge import Classifier
from catdog.edge.contract.seal import DIGITS
from catdog.edge.errors import CatdogError
from catdog.edge.synthetic import draw_picture
from catdog.export.formats import FORMATS

CUTS, FLIPS = 20, 200


def damaged(whole: bytes) -> list[bytes]:
    rng = np.random.default_rng(len(whole))
    contents = [whole[:at] for at in rng.integers(0, len(whole), CUTS).tolist()]
    for at, bit in zip(rng.integers(0, len(whole) - DIGITS, FLIPS).tolist(), rng.integers(0, 8, FLIPS).tolist(), strict=True):
        contents.append(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
    return contents


@pytest.mark.parametrize("kind", FORMATS)
def test_every_cut_and_every_flipped_bit_is_noticed(exported: Path, kind: str, tmp_path: Path) -> None:
    whole = (exported / f"transfer-64{FORMATS[kind].ending}").read_bytes()
    path = tmp_path / f"model{FORMATS[kind].suffix}"
    path.write_bytes(whole)
    Classifier(path)  # is fine
    for content in damaged(whole):
        path.write_bytes(content)
        with pytest.raises(CatdogError):
            Classifier(path)


@pytest.mark.parametrize("kind", ["int8", "onnx"])
def test_command_says_so_in_one_line(exported: Path, kind: str, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "cat.jpg"), draw_picture("cats", 1))
    whole = (exported / f"transfer-64{FORMATS[kind].ending}").read_bytes()
    name = f"model{FORMATS[kind].suffix}"
    for content in (whole[: len(whole) // 2], whole[:5000] + b"\0\1" + whole[5002:]):
        (tmp_path / name).write_bytes(content)
        finished = run("catdog-edge", "cat.jpg", "--model", name, cwd=tmp_path)
        assert (finished.returncode, finished.stdout, len(finished.stderr.splitlines())) == (6, "", 1), finished.stderr

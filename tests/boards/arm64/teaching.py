"""`catdog-edge teach` on both machines, from the same pictures: the two files must say the same of pictures not learnt from."""

import shutil
import sys
import time
from pathlib import Path

from . import answers
from .findings import Finding, judged
from .options import MOST_DIFFERENCE
from .pictures import Pictures
from .processors import Processor
from .root import Root, checked, require_ended, say

_MODEL = "default"
# Of a score, 0-1. A fit adds floats in another order: one of 16,640 int8 weights was found to be rounded otherwise, on x86-64,
# too, with another BLAS. A logit has steps of 0.127 there, and a score near a half moves by a quarter of what its logit does.
_MOST_DIFFERENCE = 0.04
_BOARD, _HERE, _OUT = "taught-on-board", "taught-here", "/root/taught"


def taught(root: Root, processor: Processor, pictures: Pictures, scratch: Path) -> list[Finding]:
    """Teach on both, ask both; return what differs.

    Args:
        root: of the board, with the pictures in /root/pictures.
        processor: of it.
        pictures: to learn from, and held back.
        scratch: for files of this machine.
    """
    where = f"{root.suite}, {processor.name}"
    root.become(processor)
    say(f"{where}: catdog-edge teach, on both")
    mine = scratch / f"{_HERE}.tflite"
    rest = ["--model", _MODEL, "--allow-unproven", "--threads", "1"]
    checked([str(Path(sys.executable).parent / "catdog-edge"), "teach",
             "--data", str(pictures.lessons), "--output", str(mine), *rest])  # fmt: skip
    shutil.rmtree(root.path(_OUT), ignore_errors=True)
    root.path(_OUT).mkdir()
    start = time.monotonic()
    finished = root.run(
        processor, "catdog-edge", "teach", "--data", "/root/pictures/lessons", "--output", f"{_OUT}/{_BOARD}.tflite", *rest
    )
    require_ended("catdog-edge teach", finished)
    took = time.monotonic() - start
    theirs = root.path(f"{_OUT}/{_BOARD}.tflite")
    shutil.copy(mine, theirs.with_name(mine.name))
    board = answers.there(root, processor, "/root/pictures/held", [f"{_OUT}/{_BOARD}.tflite", f"{_OUT}/{_HERE}.tflite"])
    here = answers.here(pictures.held_back, [str(mine)], scratch)
    return [
        _line(board, _BOARD, here, where, f"taught on each, {took:.0f} s emulated", _MOST_DIFFERENCE),
        _line(board, _HERE, here, where, "taught on x86-64, run on both", MOST_DIFFERENCE),
    ]


def _line(board: answers.Answers, name: str, here: answers.Answers, where: str, what: str, most: float) -> Finding:
    names = sorted(picture for model, picture in here if model == _HERE and picture)
    pairs = [(board[name, picture], here[_HERE, picture]) for picture in names]
    others = sum(its["label"] != other["label"] for its, other in pairs)
    largest = max(answers.difference(its, other) for its, other in pairs)
    text = f"{len(pairs)} pictures held back: {others or 'none'} with another label; a score differs by at most {largest:.1e}"
    data = {"n": len(pairs), "labels": others, "largest": largest}
    return Finding(
        "teach", where, what, text, f"labels the same, scores within {most:g}", judged(not others and largest <= most), data
    )

"""The same pictures on both machines: where their answers part, if they do, by the stage that differs first."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .findings import TOLD, Finding, judged
from .options import MOST_DIFFERENCE
from .processors import Processor
from .root import Root, require_ended, say

SCRIPT = Path(__file__).parent / "inside/answers.py"
_SHARES = 2  # processes at once
STAGES = ("decoded", "pixels", "row", "scores")  # in the order in which they are computed
_NAMES = {"decoded": "decoding", "pixels": "resizing", "row": "the model", "scores": "what is made of its row"}

Answers = dict[tuple[str, str], dict[str, Any]]  # by model and picture; what computes a model is by ("model", "")


def here(folder: Path, models: Sequence[str], scratch: Path) -> Answers:
    """Ask this machine.

    Args:
        folder: of pictures.
        models: names or paths.
        scratch: for the answers.
    """
    outs = [scratch / f"here-{share}.jsonl" for share in range(_SHARES)]
    return _asked(
        [[sys.executable, str(SCRIPT), str(out), str(folder), *_share(at), *models] for at, out in enumerate(outs)], outs
    )


def there(root: Root, processor: Processor, folder: str, models: Sequence[str]) -> Answers:
    """Ask the emulated board.

    Args:
        root: of it.
        processor: of it.
        folder: of pictures, as seen in the root.
        models: names, or paths as seen in the root.
    """
    root.become(processor)
    root.path("/root/answers.py").write_bytes(SCRIPT.read_bytes())
    outs = [f"/root/answers-{share}.jsonl" for share in range(_SHARES)]
    python = "/opt/catdog/bin/python"
    commands = [
        root.command(processor, python, "/root/answers.py", out, folder, *_share(at), *models, OPENBLAS_NUM_THREADS="1")
        for at, out in enumerate(outs)
    ]
    return _asked(commands, [root.path(out) for out in outs])


def _share(share: int) -> list[str]:
    return [str(share), str(_SHARES)]


def _asked(commands: Sequence[Sequence[str]], outs: Sequence[Path]) -> Answers:
    """Run the commands at once, and read what they wrote."""
    pipe = subprocess.PIPE
    running = [subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, errors="replace") for command in commands]
    for process in running:
        printed, complained = process.communicate()
        require_ended("answers.py", subprocess.CompletedProcess(process.args, process.returncode, printed, complained))
    lines = [json.loads(line) for out in outs for line in out.read_text().splitlines()]
    return {(line["model"], line.get("picture", "")): line for line in lines}


def compared(board: Answers, reference: Answers, model: str, where: str, said: str) -> list[Finding]:
    """Say whether a model answers the same on both.

    Args:
        board: the emulated board's answers.
        reference: this machine's.
        model: its name.
        where: which board.
        said: what the pictures are.
    """
    pictures = sorted(picture for name, picture in reference if name == model and picture)
    pairs = [(board[model, picture], reference[model, picture]) for picture in pictures]
    differing = {stage: sum(its[stage] != other[stage] for its, other in pairs) for stage in (*STAGES, "label")}
    largest = max(difference(its, other) for its, other in pairs)
    parted = [stage for stage in STAGES[:2] if differing[stage]]
    if not parted and largest > MOST_DIFFERENCE:
        parted = [stage for stage in STAGES[2:] if _largest(pairs, stage) > MOST_DIFFERENCE][:1]
    holds = not parted and not differing["label"] and largest <= MOST_DIFFERENCE
    text = (
        f"{said} and the golden picture: {_count(differing['decoded'])} decoded otherwise, {_count(differing['pixels'])} "
        f"with other pixels, {_count(differing['label'])} with another label; a score differs by at most {largest:.1e}"
    )
    if parted:
        text += f"; {_NAMES[parted[0]]} differs first"
    computes = board[model, ""]["of"]
    data = {
        "n": len(pairs),
        "differing": differing,
        "largest": largest,
        "board": computes,
        "reference": reference[model, ""]["of"],
    }
    said_by = computes["delegation"]
    return [
        Finding("answers", where, model, text, f"the same, scores within {MOST_DIFFERENCE:g}", judged(holds), data),
        Finding("answers", where, f"{model} is computed by", said_by, "XNNPACK", judged("XNNPACK" in said_by)),
    ]


def asked_of(root: Root, processor: Processor, models: Sequence[str], reference: Answers, said: str) -> list[Finding]:
    """Ask the emulated board of the pictures in /root/pictures/all, and compare."""
    where = f"{root.suite}, {processor.name}"
    say(f"{where}: {said}, {', '.join(models)}")
    board = there(root, processor, "/root/pictures/all", models)
    return [finding for model in models for finding in compared(board, reference, model, where, said)]


def versions(board: Answers, reference: Answers, where: str) -> Finding:
    """Say what runs on both sides."""
    its, other = (next(line["of"] for line in side.values() if "of" in line) for side in (board, reference))
    named = [f"{key} {its[key]} ({other[key]})" for key in ("python", "opencv", "numpy", "backend")]
    return Finding("answers", where, "versions (x86-64's)", ", ".join(named), "", TOLD)


def _largest(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]], stage: str) -> float:
    return max(abs(a - b) for its, other in pairs for a, b in zip(_numbers(its[stage]), _numbers(other[stage]), strict=True))


def difference(its: dict[str, Any], other: dict[str, Any]) -> float:
    """Return the largest difference of a score; of other labels it is 1."""
    if its["scores"].keys() != other["scores"].keys():
        return 1.0
    return max(abs(a - b) for a, b in zip(_numbers(its["scores"]), _numbers(other["scores"]), strict=True))


def _numbers(said: list[str] | dict[str, str]) -> list[float]:
    return [float.fromhex(value) for value in (said.values() if isinstance(said, dict) else said)]


def _count(number: int) -> str:
    return f"{number:,}" if number else "none"

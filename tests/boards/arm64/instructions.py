"""Instructions a frame, by stage: the whole runner beside the bare model. Other work beside it changes no count."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np

from catdog.edge.synthetic import DemoFilm

from .findings import TOLD, Finding, judged, skipped
from .options import JUDGED, MOST_INSTRUCTIONS
from .processors import Processor
from .root import Root, checked, require_ended, say

_HERE = Path(__file__).parent
_BARE, _WHOLE = "bare model", "whole runner"
_SAID = re.compile(r"STAGE (?P<name>.+) (?P<frames>\d+)|MARK (?P<mark>\d) (?P<count>\d+)")
_MILLION = 1e6
_IN_VIEW = range(90, 98)  # frames of the demo camera's film: the cat


def missing() -> list[str]:
    """Return what this machine has not of what counts: beyond the root's needs."""
    tools = {"qemu-aarch64": "apt install qemu-user (the static one takes no plugin)", "gcc": "apt install gcc"}
    return [f"{tool}: {how}" for tool, how in tools.items() if shutil.which(tool) is None]


def build_plugin(folder: Path) -> Path:
    """Compile the counting plugin."""
    library = folder / "libcount.so"
    checked(["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", str(library), str(_HERE / "count.c")])
    return library


def counted(root: Root, processor: Processor, model: str, frames: int, plugin: Path | None) -> list[Finding]:
    """Count; return a line for the whole runner and one for each of its stages.

    Args:
        root: with catdog.
        processor: which.
        model: name of a bundled one.
        frames: how many of each stage are counted.
        plugin: as `build_plugin` gives it; None where something that it needs is missing.
    """
    where = f"{root.suite}, {processor.name}"
    if plugin is None:
        return [skipped("instructions", where, "; ".join(missing()))]
    say(f"{where}: instructions of {model}, {frames} frames a stage")
    root.become(processor)
    drawn, film = DemoFilm(), root.path("/root/film.npy")
    np.save(film, np.stack([drawn.frame(index) for index in _IN_VIEW]))
    script = root.path("/root/stages.py")
    script.write_bytes((_HERE / "inside/stages.py").read_bytes())
    # Not in a chroot, where the qemu that takes plugins would not find its own libraries: -L lets it look in the root first.
    environment = {
        "PATH": os.environ["PATH"], "HOME": "/root", "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(root.path(root.site_packages)),
    }  # fmt: skip
    command = ["qemu-aarch64", "-cpu", processor.name, "-L", str(root.folder), "-plugin", str(plugin),
               str(root.path("/usr/bin/python3")), str(script), model, str(frames), str(film)]  # fmt: skip
    finished = subprocess.run(
        command, capture_output=True, text=True, errors="replace", env=environment, cwd=root.path("/root"), check=False
    )
    require_ended("stages.py", finished)
    return _lines(per_frame(finished.stderr), where, model, frames, MOST_INSTRUCTIONS[processor.name])


def per_frame(said: str) -> dict[str, float]:
    """Return the instructions a frame of each stage.

    Args:
        said: what stages.py and the plugin wrote to stderr.
    """
    name, frames, begun, stages = "", 1, 0, {}
    for match in _SAID.finditer(said):
        if match["name"]:
            name, frames = match["name"], int(match["frames"])
        elif match["mark"] == "1":
            begun = int(match["count"])
        else:
            stages[name] = (int(match["count"]) - begun) / frames
    return stages


def _lines(stages: dict[str, float], where: str, model: str, frames: int, most: float) -> list[Finding]:
    bare, whole = stages[_BARE], stages[_WHOLE]
    ratio = whole / bare
    text = f"{ratio:.3f} times the bare model's: {whole / _MILLION:.2f} and {bare / _MILLION:.2f} million a frame, n = {frames}"
    data = {"frames": frames, "per_frame": stages, "ratio": ratio}
    budget, verdict = "", TOLD
    if model in JUDGED:
        budget, verdict = f"{most} times", judged(ratio <= most)
    lines = [Finding("instructions", where, f"{model}, whole runner", text, budget, verdict, data)]
    parts = ", ".join(f"{name} {count / _MILLION:.2f}" for name, count in stages.items() if name not in (_BARE, _WHOLE))
    return [*lines, Finding("instructions", where, f"{model}, by stage", f"{parts} million a frame", "", TOLD)]

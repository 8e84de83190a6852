"""A backend for an accelerator, of another package: a kind of file of its own, a chip that may not be there."""

import json
from pathlib import Path

import pytest
from commands import run

from catdog.edge.contract.artifact import append_to_tflite, read_model_file
from catdog.edge.models import bundled_tflite

MODULE = '''\
"""A chip that is an interpreter inside, and lets itself be unplugged."""

import os

import numpy as np

from catdog.edge.contract.artifact import ModelFile
from catdog.edge.backends import BackendRow
from catdog.edge.backends.delegation import Delegation
from catdog.edge.errors import ModelError

MAGIC = b"CHIP"


class Chip:
    embedded_contract = None
    name = "fakechip 1.0"
    delegation = Delegation("fakechip", 60, 64)

    def __init__(self, model: ModelFile, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        if os.environ.get("FAKECHIP") != "plugged in":
            raise ModelError("a fakechip", got="none on the bus", fix="Plug it in.")
        compiled = model.data[: model.model_bytes]
        if not compiled.startswith(MAGIC):
            raise ModelError("a file compiled for fakechip", got=str(model.path), fix="Compile it.")
        self._interpreter = Interpreter(model_content=compiled.removeprefix(MAGIC))
        self._interpreter.allocate_tensors()
        (self._input,), (self._output,) = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        _, self.input_height, self.input_width, _ = (int(side) for side in self._input["shape"])
        self.input_dtype = np.dtype(self._input["dtype"]).name
        self.classes = int(self._output["shape"][-1])

    def scores(self, pixels):
        self._interpreter.set_tensor(self._input["index"], pixels)
        self._interpreter.invoke()
        return np.asarray(self._interpreter.get_tensor(self._output["index"])[0], np.float32)


ROW = BackendRow("fakechip", ("chip",), Chip)
'''


@pytest.fixture(scope="module")
def chip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package as pip lays it out, and with the bundled model compiled for the chip."""
    folder = tmp_path_factory.mktemp("chip")
    (folder / "catdog_fakechip.py").write_text(MODULE)
    about = folder / "catdog_fakechip-0.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: catdog-fakechip\nVersion: 0.1\n")
    (about / "entry_points.txt").write_text("[catdog.backends]\nfakechip = catdog_fakechip:ROW\n")
    bundled = read_model_file(bundled_tflite())
    assert bundled.contract is not None
    compiled = b"CHIP" + bundled.data[: bundled.model_bytes]
    (folder / "bare.chip").write_bytes(compiled)
    (folder / "pets.chip").write_bytes(append_to_tflite(compiled, bundled.contract))
    return folder


def _path(folder: Path) -> str:
    import os

    return os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH", ""))))


def test_it_answers_as_the_processor_does(chip: Path, picture: Path) -> None:
    here = {"PYTHONPATH": _path(chip), "FAKECHIP": "plugged in"}
    finished = run("catdog-edge", str(picture), "--json", "--model", str(chip / "pets.chip"), **here)
    assert finished.returncode == 0, finished.stderr
    usual = run("catdog-edge", str(picture), "--json")
    assert json.loads(finished.stdout)["scores"] == pytest.approx(json.loads(usual.stdout)["scores"], abs=0.01)
    examined = run("catdog-edge", "doctor", "--model", str(chip / "pets.chip"), **here)
    assert "fakechip 1.0, fakechip, 60 of 64 operations" in examined.stdout


def test_one_line_where_the_chip_is_not_there(chip: Path, picture: Path) -> None:
    finished = run("catdog-edge", str(picture), "--model", str(chip / "pets.chip"), PYTHONPATH=_path(chip))
    assert finished.returncode == 6
    assert finished.stderr == "catdog-edge: expected a fakechip; got none on the bus. Plug it in.\n"


def test_a_file_without_a_contract_is_asked_about(chip: Path, picture: Path) -> None:
    here = {"PYTHONPATH": _path(chip), "FAKECHIP": "plugged in"}
    bare = ("catdog-edge", str(picture), "--json", "--model", str(chip / "bare.chip"))
    finished = run(*bare, **here)
    assert finished.returncode == 6
    assert "--labels" in finished.stderr
    finished = run(*bare, "--labels", "cats,dogs,neither", **here)
    assert finished.returncode == 6
    assert "--scores probabilities|logits" in finished.stderr
    finished = run(*bare, "--labels", "cats,dogs,neither", "--scores", "probabilities", **here)
    assert finished.returncode == 0, finished.stderr
    assert list(json.loads(finished.stdout)["scores"]) == ["cats", "dogs", "neither"]


def test_a_changed_file_never_reaches_the_chip(chip: Path, picture: Path, tmp_path: Path) -> None:
    changed = bytearray((chip / "pets.chip").read_bytes())
    changed[len(changed) // 2] ^= 1
    (tmp_path / "pets.chip").write_bytes(changed)
    here = {"PYTHONPATH": _path(chip), "FAKECHIP": "plugged in"}
    finished = run("catdog-edge", str(picture), "--model", str(tmp_path / "pets.chip"), **here)
    assert finished.returncode == 6
    assert "SHA-256" in finished.stderr

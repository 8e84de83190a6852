"""What the export's tests share: the artifacts of one small run, in all formats."""

from pathlib import Path

import pytest
from commands import run
from made_once import made_once


@pytest.fixture(scope="session")
def exported(small_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an export in all formats."""
    pytest.importorskip("onnx", reason="the extra export is not installed")

    def export(folder: Path) -> None:
        finished = run(
            "catdog-export", "--all", "--model", str(small_run), "--output", str(folder), "--calibration-count", "40",
            "--max-drop", "100",
        )  # fmt: skip
        assert finished.returncode == 0, finished.stderr
        assert finished.stdout.startswith("file ")
        assert len(finished.stdout.splitlines()) == 9
        strange = [line for line in finished.stderr.splitlines() if not line.startswith("catdog-export: ")]
        assert all(" so far, " in line for line in strange), strange  # how far slow steps have come, on a slow machine

    return made_once(tmp_path_factory, "exports", export)

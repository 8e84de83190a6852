"""Which model to export: a named one, else the newest run, else the bundled one."""

from pathlib import Path

from catdog.edge.models import BUNDLED
from catdog.train.model_file import MODEL_FILE
from catdog.train.run import RUNS


def find_model(path: Path | None) -> Path:
    """Return what to export: the named run or bundled model; without a name the newest run, else the bundled default."""
    if path is not None:
        return path
    runs = [model for model in RUNS.glob(f"*/{MODEL_FILE}") if model.is_file()]
    return max(runs, key=lambda model: model.stat().st_mtime, default=Path(BUNDLED[0]))

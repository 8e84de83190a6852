"""Which model to export: a named one, else the newest run, else the bundled one; and how it is read."""

from pathlib import Path
from typing import TYPE_CHECKING

from catdog.edge.errors import UsageError
from catdog.edge.foreign.claims import Claims
from catdog.edge.models import BUNDLED
from catdog.train.model_file import MODEL_FILE, TrainedModel, read_model
from catdog.train.run import RUNS

from .keras_file import is_own
from .options import ExportOptions

if TYPE_CHECKING:
    import keras

    from .bundle import Check


def find_model(path: Path | None) -> Path:
    """Return what to export: the named run or bundled model; without a name the newest run, else the bundled default."""
    if path is not None:
        return path
    runs = [model for model in RUNS.glob(f"*/{MODEL_FILE}") if model.is_file()]
    return max(runs, key=lambda model: model.stat().st_mtime, default=Path(BUNDLED[0]))


def read_source(path: Path, options: ExportOptions) -> "tuple[TrainedModel, Check | None]":
    """Read a model: a run's or bundled one, or one that catdog did not train.

    Returns:
        The model, and what has to be asked of its answers before they count; None for catdog's own.

    Raises:
        InputNotFoundError: there is no such file.
        ModelError: it cannot be used; of a stranger's, something is missing and named.
        UsageError: something is said of a model that says it itself, or there are no pictures to prove it on.
    """
    if not is_own(path):
        if options.claims is not None:
            given = options.claims.given()
            raise UsageError("a model that catdog did not train", got=f"{' '.join(given)} for {path}", fix="Leave it out.")
        return read_model(path), None
    from .own import read_own

    found = read_own(path, options.claims or Claims())
    _require_pictures(options)
    return found.source, found.check


def take_model(model: "keras.Model", options: ExportOptions) -> "tuple[TrainedModel, Check | None]":
    """As `read_source`, of a Keras model in memory."""
    from .own import take_own

    found = take_own(model, options.claims or Claims(), Path(options.name or model.name))
    _require_pictures(options)
    return found.source, found.check


def _require_pictures(options: ExportOptions) -> None:
    if options.verify is None:
        raise UsageError(
            "labelled pictures to prove a model of yours on",
            got="none",
            fix="Name them: --verify photos/, with photos/<label>/*.jpg",
        )

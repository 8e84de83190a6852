"""A run and its folder: how it was begun, and what is done of it.

    runs/<name>/options.json     how the run was begun, and on which pictures; from it the run can be gone on with
                checkpoint.npz   what the stage under way has learnt so far
                model.keras      the model, its contract inside
                history.csv, predictions.csv
                metrics.json     the stage's record; written last: where it names this run, the stage is whole
                report.html, report.json, figures/
                <stage>/         the same for the other stages of `--stage all`

The transfer stage's files lie in the run's folder itself, since it is the one to export. No TensorFlow here: a run is begun
before that is loaded, so that one that is killed in its first second can be gone on with as well.
"""

import contextlib
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from catdog.edge.common.files import write_text
from catdog.edge.errors import CatdogError, DatasetError, InputNotFoundError, OutputError, UsageError

from .options import ALL, NO_WEIGHTS, DataOptions, TrainOptions
from .pipelines import TRANSFER
from .record import StageRecord

RUNS = Path("runs")
CROSS_VALIDATION_FILE = "cross-validation.json"
SEARCH_FILE = "search.json"
_PICTURES = "pictures"
_AS_IT_WAS = {"class_weights": NO_WEIGHTS}  # what options.json leaves out means what it meant when it was written
OPTIONS_FILE, METRICS_FILE, CHECKPOINT_FILE = "options.json", "metrics.json", "checkpoint.npz"
PREDICTIONS_FILE = "predictions.csv"


@dataclass(frozen=True)
class _Found:
    """How a folder was found in which a run was begun: the options of an earlier run, and the folders that were not there."""

    options: str | None
    absent: tuple[Path, ...]


@dataclass(frozen=True)
class Run:
    """A run that was begun."""

    key: str  # tells it from an earlier run in the same folder
    options: TrainOptions  # what to train and how
    found: _Found | None = None  # how its folder was found, if it was begun by this process; None if it is gone on with

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages to train, in turn."""
        return self.options.stages

    def folder(self, stage: str) -> Path:
        """Return where a stage's files go."""
        alone = self.options.stage != ALL or stage == TRANSFER
        return self.options.output if alone else self.options.output / stage

    def finished(self, stage: str) -> StageRecord | None:
        """Return the record of a stage that is done; None if it is not."""
        try:
            metrics = json.loads((self.folder(stage) / METRICS_FILE).read_text())
            return StageRecord.from_dict(metrics["record"]) if metrics["run"] == self.key else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def pictures(self) -> str:
        """Digest of the pictures that it was begun with, as hexadecimal digits; empty before they were read."""
        try:
            return str(json.loads((self.options.output / OPTIONS_FILE).read_text()).get(_PICTURES, ""))
        except (OSError, ValueError):
            return ""

    def require_same_pictures(self, digest: str) -> None:
        """Note what the run learns from, or refuse to go on with other pictures than it was begun with.

        Raises:
            DatasetError: they are others.
            InputNotFoundError: the run's folder is gone.
            OutputError: it cannot be read or written.
        """
        path = self.options.output / OPTIONS_FILE
        with _reading(path):
            begun = json.loads(path.read_text())
            known = begun.get(_PICTURES)
        if known is None:
            write_text(path, json.dumps(begun | {_PICTURES: digest}, indent=2) + "\n")
        elif known != digest:
            raise DatasetError(
                "the pictures that the run was begun with",
                got="others, or the same as another version of OpenCV or catdog reads them",
                fix="Put them back, or begin a new run with another --output.",
            )

    def withdraw(self) -> bool:
        """Take back a run that this process began and that has learnt nothing: its folder is again as it was found.

        Returns:
            False, with nothing done, where there is something to go on with.
        """
        folder = self.options.output
        if self.found is None or any(folder.rglob(CHECKPOINT_FILE)) or any(map(self.finished, self.stages)):
            return False
        if self.found.options is None:
            (folder / OPTIONS_FILE).unlink()
        else:
            write_text(folder / OPTIONS_FILE, self.found.options)
        for made in self.found.absent:
            with contextlib.suppress(OSError):  # others may have put something there in the meantime
                made.rmdir()
        return True


def begin_run(options: TrainOptions) -> Run:
    """Begin a run in its folder; files of a finished one stay until this one replaces them.

    Raises:
        UsageError: an unfinished run lies there.
        OutputError: the folder cannot be written.
    """
    folder = options.output
    path = folder / OPTIONS_FILE
    if path.exists() and _has_something_to_go_on_with(folder):
        raise UsageError(
            "another --output, or --resume",
            got=f"{folder}, which holds an unfinished run",
            fix="Delete the folder to start over.",
        )
    found = _Found(
        options=path.read_text() if path.exists() else None,
        absent=tuple(place for place in (folder, *folder.parents) if not place.exists()),
    )
    run = Run(uuid.uuid4().hex, options, found)
    fields = asdict(options)
    del fields["output"]  # a run's folder may be renamed
    write_text(path, json.dumps({"run": run.key, "options": fields}, indent=2) + "\n")
    return run


def _has_something_to_go_on_with(folder: Path) -> bool:
    try:
        run = find_run(folder)
    except CatdogError:
        return False
    done = [run.finished(stage) is not None for stage in run.stages]
    return not all(done) and (any(done) or any(folder.rglob(CHECKPOINT_FILE)))


def find_run(folder: Path) -> Run:
    """Find the run that was begun in a folder.

    Raises:
        InputNotFoundError: there is none.
        OutputError: what is there cannot be used.
    """
    path = folder / OPTIONS_FILE
    with _reading(path):
        begun = json.loads(path.read_text())
        fields = begun["options"]
        own = {"data": DataOptions(**fields["data"]), "output": folder}
        return Run(begun["run"], TrainOptions(**_AS_IT_WAS | fields | own))


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        folder = path.parent
        raise InputNotFoundError(
            "a run to resume", got=f"{folder}, which holds none", fix=f"Begin one: catdog-train --output {folder}."
        ) from error
    except (OSError, ValueError, KeyError, TypeError, UsageError) as error:
        raise OutputError(
            f"a run's {OPTIONS_FILE}", got=f"{path}: {error}", fix="Begin a new run with another --output."
        ) from error


def require_same_options(run: Run, asked: Mapping[str, Any]) -> None:
    """Refuse to go on with a run in another way than it was begun.

    Raises:
        UsageError: one of them differs.
    """
    begun = asdict(run.options)
    begun |= begun["data"]
    for name, value in asked.items():
        if begun[name] != value:
            raise UsageError(
                f"the run's own options: {name} {begun[name]}",
                got=str(value),
                fix="Leave the option out, or begin a new run with another --output.",
            )

"""Runs side by side: what each answered to the pictures that all of them held back, and whether a difference is chance.

May import: numpy, `catdog.edge`'s contract, files and errors, this room's `evaluate` and `run`; nothing heavy.
"""

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catdog.edge.contract.figures import Figure
from catdog.edge.contract.paired import mcnemar, paired_interval
from catdog.edge.errors import InputNotFoundError, UsageError

from .evaluate import calibration_error
from .run import METRICS_FILE, OPTIONS_FILE, PREDICTIONS_FILE

LETTERS = "ABCDEFGHIJ"  # what runs are called, in the order in which they are named
UNNAMED = "a data set without a name"
_CHANCE = 0.05  # a difference that comes about by chance as often as this is none
_SCORE = "score of "
_NOT_OPTIONS = ("output", "track", "name")  # they decide nothing that was measured

Picture = tuple[str, ...]  # name and label; the part before them where a run has two pictures of one name


@dataclass(frozen=True)
class Answered:
    """What a run has answered to a picture."""

    part: str  # validation or test
    name: str  # of the picture
    truth: str  # its label
    answer: str  # the label that was answered
    score: float  # of the answer, 0-1; not a number where the run has not kept it

    @property
    def right(self) -> bool:
        """Whether it is."""
        return self.answer == self.truth


@dataclass(frozen=True)
class RunFigures:
    """A run on the pictures that all have in common, and what it cost."""

    run: str  # its folder, as it was named
    data: str  # name of its data set
    accuracy: Figure  # on the common pictures
    calibration_error: float | None  # on the common pictures, 0-1; None where it kept no scores
    left_out: int  # pictures that it has measured and not all others have
    seconds: float | None  # of training, wall time; None where the run does not say
    parameters: int | None  # weights of its model
    bytes: int | None  # of its model's file


@dataclass(frozen=True)
class Difference:
    """A run beside the first one, on the same pictures."""

    run: int  # which, from 1
    gained: int  # pictures that only it has right
    lost: int  # that only the first has right
    value: float  # its accuracy less that of the first, -1 to 1
    low: float  # lower end of the 95 % interval
    high: float  # upper end
    p: float  # how likely so uneven a split is by chance, for so many comparisons

    @property
    def verdict(self) -> str:
        """What may be said."""
        if self.p >= _CHANCE or self.low <= 0 <= self.high:
            return "cannot tell them apart"
        return f"{LETTERS[self.run if self.low > 0 else 0]} is better"

    def __str__(self) -> str:
        """All of it, in a line."""
        interval = f"(95 % interval {100 * self.low:+.2f} to {100 * self.high:+.2f})"
        return f"{100 * self.value:+.2f} points {interval}, p = {self.p:.2g}: {self.verdict}"

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON, the run by its letter."""
        return asdict(self) | {"run": LETTERS[self.run], "verdict": self.verdict}


@dataclass(frozen=True)
class SideBySide:
    """Runs on the same pictures."""

    n: int  # pictures that all have answered
    runs: tuple[RunFigures, ...]
    differences: tuple[Difference, ...]  # of each run but the first from the first
    options: Mapping[str, tuple[Any, ...]]  # those that are not the same in all, by name, a value a run
    differing: tuple[tuple[Answered, ...], ...]  # pictures with more than one answer, an answer a run


def side_by_side(folders: Sequence[Path], part: str | None = None) -> SideBySide:
    """Compare runs by the answers that each has written.

    Args:
        folders: of 2 to 10 runs; the others are held against the first.
        part: ``"validation"``, ``"test"``, or None for both.

    Raises:
        InputNotFoundError: a folder holds no finished run.
        UsageError: they have measured no picture in common, or are too many or too few.
    """
    if not 2 <= len(folders) <= len(LETTERS):
        raise UsageError(f"2 to {len(LETTERS)} runs", got=str(len(folders)), fix="Name folders of runs.")
    tables = [_answers(folder, part) for folder in folders]
    apart = any(len({(each.name, each.truth) for each in table}) < len(table) for table in tables)
    keyed = [{((each.part,) if apart else ()) + (each.name, each.truth): each for each in table} for table in tables]
    common = sorted(set.intersection(*(set(each) for each in keyed)))
    if not common:
        named = " and ".join(map(str, folders))
        raise UsageError(
            "runs that were measured on the same pictures", got=f"{named}, with none in common", fix="Name another run."
        )
    answers = [[each[key] for key in common] for each in keyed]
    rows = zip(*answers, strict=True)
    return SideBySide(
        len(common),
        tuple(_figures(*each, len(common)) for each in zip(folders, answers, map(len, keyed), strict=True)),
        differences([np.array([each.right for each in run]) for run in answers]),
        _options(folders),
        tuple(row for row in rows if len({each.answer for each in row}) > 1),
    )


def _answers(folder: Path, part: str | None) -> list[Answered]:
    path = folder / PREDICTIONS_FILE
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        return [
            Answered(row["part"], row["picture"], row["truth"], row["answer"], float(row.get(_SCORE + row["answer"]) or "nan"))
            for row in rows
            if part in (None, row["part"])
        ]
    except (OSError, KeyError, ValueError, TypeError, csv.Error) as error:
        raise InputNotFoundError(
            f"a finished run, with its {PREDICTIONS_FILE}", got=f"{folder}, which has none", fix="Check the path."
        ) from error


def _figures(folder: Path, answers: Sequence[Answered], measured: int, n: int) -> RunFigures:
    metrics = _read(folder / METRICS_FILE)
    record = _inside(metrics, "record")
    right = np.array([each.right for each in answers])
    scores = np.array([each.score for each in answers], np.float32)
    model = folder / "model.keras"
    return RunFigures(
        str(folder),
        str(_inside(metrics, "data").get("name", UNNAMED)),
        Figure.share("accuracy", int(right.sum()), n, "pictures that all runs held back"),
        None if np.isnan(scores).any() else calibration_error(scores, right),
        measured - n,
        record.get("seconds"),
        _inside(record, "parameters").get("total"),
        model.stat().st_size if model.is_file() else None,
    )


def differences(right: Sequence[NDArray[np.bool_]]) -> tuple[Difference, ...]:
    """Hold each of several models against the first, with p adjusted for how many there are.

    Args:
        right: of each model, bool ``[n]``: whether it has each of the same pictures right.

    Source of that: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6
    (1979).
    """
    first, *others = right
    counts = [(int((each & ~first).sum()), int((first & ~each).sum())) for each in others]
    chances = [mcnemar(lost, gained) for gained, lost in counts]
    adjusted, highest = dict[int, float](), 0.0
    for rank, place in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        highest = max(highest, min(1.0, (len(chances) - rank) * chances[place]))
        adjusted[place] = highest
    return tuple(
        Difference(
            place + 1, gained, lost, (gained - lost) / len(first), *paired_interval(gained, lost, len(first)), adjusted[place]
        )
        for place, (gained, lost) in enumerate(counts)
    )


def _options(folders: Sequence[Path]) -> dict[str, tuple[Any, ...]]:
    """Return the options that differ; of paths only the last name, of what a run does not say None."""
    said = []
    for folder in folders:
        options = _inside(_read(folder / OPTIONS_FILE), "options")
        said.append({name: value for name, value in options.items() if name != "data"} | _inside(options, "data"))
    names = sorted({name for each in said for name in each}.difference(_NOT_OPTIONS))
    values = {name: [each.get(name) for each in said] for name in names}
    return {
        name: tuple(map(_short, of_runs)) for name, of_runs in values.items() if any(each != of_runs[0] for each in of_runs)
    }


def _short(value: object) -> object:
    if isinstance(value, list):
        return [_short(each) for each in value]
    return PurePath(value).name if isinstance(value, str) and value.startswith(("/", "http")) else value


def _read(path: Path) -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _inside(fields: Any, name: str) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    found = fields.get(name) if isinstance(fields, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}


def patterns(found: SideBySide) -> list[tuple[str, list[tuple[Answered, ...]]]]:
    """Sort the pictures with more than one answer by who is right, the commonest first; within, the surest wrong first."""
    groups: dict[str, list[tuple[Answered, ...]]] = {}
    for row in found.differing:
        right = [LETTERS[place] for place, each in enumerate(row) if each.right]
        groups.setdefault(f"right: {', '.join(right)}" if right else "right: none", []).append(row)
    for rows in groups.values():
        rows.sort(key=lambda row: -max(np.nan_to_num(each.score) for each in row if not each.right))
    counts = Counter({name: len(rows) for name, rows in groups.items()})
    return [(name, groups[name]) for name, _ in counts.most_common()]

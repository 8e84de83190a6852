"""The page of `catdog-train compare`: figures side by side, and the pictures that the runs do not agree on.

May import: this room's `side_by_side`, `run`, `options`, `pages` and `data`.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from catdog.edge.common.files import write_text
from catdog.edge.errors import CatdogError
from catdog.edge.pictures.decode import silence_opencv

from ..data.items import labelled_items, negative_items
from ..data.names import TEST, TRAIN, VALIDATION
from ..data.pictures import Item
from ..options import DataOptions
from ..pages.picture import Shown
from ..pages.render import render
from ..pages.words import duration
from ..run import find_run
from ..side_by_side import LETTERS, Answered, SideBySide, patterns

_TEMPLATE = Path(__file__).with_name("compare.html.jinja")
MOST_SHOWN = 24  # pictures of those that the same runs have right
_NONE = "–"  # noqa: RUF001 - a dash for nothing


@dataclass(frozen=True)
class _Card:
    """A picture that the runs do not agree on."""

    shown: Shown | None  # the picture; None where it is not at hand
    name: str  # of it
    truth: str  # its label
    answers: str  # what each run says


def write_page(path: Path, found: SideBySide) -> list[str]:
    """Write the page.

    Args:
        path: where to.
        found: the runs.

    Returns:
        Lines on pictures that the page has no room for or that are not at hand.

    Raises:
        OutputError: it cannot be written.
        MissingExtraError: jinja2 is not installed.
    """
    silence_opencv()
    groups = patterns(found)
    wanted = [row[0] for _, rows in groups for row in rows[:MOST_SHOWN]]
    pixels, why = _pictures(Path(found.runs[0].run), wanted)
    cards = [(name, len(rows), [_card(row, pixels) for row in rows[:MOST_SHOWN]]) for name, rows in groups]
    write_text(
        path,
        render(
            _TEMPLATE,
            title=" and ".join(Path(run.run).name for run in found.runs),
            n=found.n,
            headline=_headline(found),
            rows=list(_rows(found)),
            differences=[
                (LETTERS[each.run], f"{100 * each.value:+.2f}", f"{100 * each.low:+.2f} to {100 * each.high:+.2f}",
                 f"{each.gained:,}", f"{each.lost:,}", f"{each.p:.2g}", each.verdict)
                for each in found.differences
            ],
            letters=LETTERS[: len(found.runs)],
            options=[
                (name.replace("_", " "), [_NONE if value is None else str(value) for value in values])
                for name, values in found.options.items()
            ],
            groups=cards,
            differing=len(found.differing),
        ),
    )  # fmt: skip
    return why


def _headline(found: SideBySide) -> str:
    said = "; ".join(f"{LETTERS[each.run]} beside A: {each.verdict}" for each in found.differences)
    return f"{said}, on {found.n:,} pictures that all held back."


def _rows(found: SideBySide) -> Iterator[tuple[str, ...]]:
    for letter, run in zip(LETTERS, found.runs, strict=False):
        figure = run.accuracy
        yield (
            f"{letter} {Path(run.run).name}",
            f"{100 * figure.value:.2f} % ({100 * figure.low:.1f} to {100 * figure.high:.1f} %)",
            _NONE if run.calibration_error is None else f"{100 * run.calibration_error:.1f}",
            _NONE if run.seconds is None else duration(run.seconds),
            _NONE if run.parameters is None else f"{run.parameters:,}",
            _NONE if run.bytes is None else f"{run.bytes / 1e6:.2f}",
            f"{run.left_out:,}",
        )


def _card(row: Sequence[Answered], pixels: dict[Answered, NDArray[np.uint8]]) -> _Card:
    first = row[0]
    answers = ", ".join(
        f"{letter} {each.answer}" + ("" if np.isnan(each.score) else f" {each.score:.2f}")
        for letter, each in zip(LETTERS, row, strict=False)
    )
    return _Card(Shown(first.name, pixels[first]) if first in pixels else None, first.name, first.truth, answers)


def _pictures(folder: Path, wanted: Sequence[Answered]) -> tuple[dict[Answered, NDArray[np.uint8]], list[str]]:
    """Read pictures from where the first run has them from, RGB; what is not there any more has a line."""
    if not wanted:
        return {}, []
    try:
        items = _items(find_run(folder).options.data)
    except CatdogError as error:
        return {}, [f"no pictures on the page: {error}"]
    found: dict[Answered, NDArray[np.uint8]] = {}
    for each in wanted:
        # A test part may have been split off from the validation pictures, and both from those to learn from.
        parts = (TEST, VALIDATION, TRAIN) if each.part == TEST else (VALIDATION, TRAIN)
        item = next((items[part, each.name] for part in parts if (part, each.name) in items), None)
        with contextlib.suppress(CatdogError):
            if item is not None:
                found[each] = np.ascontiguousarray(item.make()[:, :, ::-1])
    missing = len(wanted) - len(found)
    return found, [f"{missing:,} of the pictures are not where {folder} had them from"] if missing else []


def _items(options: DataOptions) -> dict[tuple[str, str], Item]:
    """Find the pictures of a data set by part and name, none of them read yet."""
    labels, items, _ = labelled_items(options)
    others = {} if options.negatives is None else negative_items(options, len(labels))
    return {(part, item.name): item for each in (items, others) for part, those in each.items() for item in those}

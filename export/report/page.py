"""From an export to one self-contained page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from catdog.train.pages.picture import Shown
from catdog.train.pages.render import render
from catdog.train.pages.words import shorten

from ..outcome import Artifact, Export
from ..verification import Drop, Flip

_TEMPLATE = Path(__file__).with_name("report.html.jinja")
_MOST_FLIPS = 12  # pictures shown an artifact; the manifest has all
_CAPTION = 14  # characters of a label


@dataclass(frozen=True)
class ShownFlip:
    """A picture whose answer is another, with its picture."""

    flip: Flip
    shown: Shown

    @property
    def caption(self) -> str:
        """What it is, what was answered, and now is, on one line."""
        flip = self.flip
        truth = "" if flip.truth is None else f"{shorten(flip.truth, _CAPTION)}; "
        before, after = (shorten(label, _CAPTION) for label in (flip.reference, flip.answer))
        return f"{truth}Keras {before} {flip.reference_score:.2f}, now {after} {flip.score:.2f}"


def to_html(found: Export) -> str:
    """Write the page.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    return render(
        _TEMPLATE,
        points,
        megabytes,
        extra="export",
        found=found,
        headline=_headline(found),
        contract=found.contract,
        artifacts=found.artifacts,
        failures=found.failures,
        calibrated={artifact.file: artifact.calibration for artifact in found.artifacts if artifact.calibration},
        flips={artifact.file: list(_flips(artifact, found)) for artifact in found.artifacts},
    )


def points(drop: Drop | None) -> str:
    """Write a difference of accuracies with its interval, in points."""
    if drop is None:
        return "not known"
    return f"{100 * drop.value:+.2f} ({100 * drop.low:+.2f} to {100 * drop.high:+.2f})"


def _headline(found: Export) -> str:
    refused = list(found.refused)
    count = len(found.published)
    made = f"{count} of {len(found.artifacts) + len(found.failures)} files answer as Keras does on {found.pictures.description}"
    return made + (f"; refused: {', '.join(refused)}." if refused else ".")


def _flips(artifact: Artifact, found: Export) -> Iterator[ShownFlip]:
    for flip in _surest(artifact.verification.flips)[:_MOST_FLIPS]:
        yield ShownFlip(flip, Shown(flip.name, found.pictures.pixels[flip.index]))


def _surest(flips: Sequence[Flip]) -> list[Flip]:
    return sorted(flips, key=lambda flip: -flip.score)


def megabytes(size: int) -> str:
    """Write a size in MB (10^6 bytes)."""
    return f"{size / 1e6:.2f} MB"

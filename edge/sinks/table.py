"""`--csv FILE`: one line a frame and one a change of state, for spreadsheets.

Of each pet that was found: label, score, and x, y, width and height of its box in pixels, as ``cats 0.98 410 220 96 96``.
"""

import csv
from datetime import UTC, datetime
from pathlib import Path

from ..errors import OutputError
from ..runner.observation import Observation
from ..sources import Change

_COLUMNS = ("time", "source", "frame", "state", "label", "score", "age_ms", "events", "message", "pets")


class CsvSink:
    """Appends to a CSV file, a line at a time, so that what was written is there whatever comes.

    Args:
        path: the file; one that was begun earlier with the same columns is gone on with.
        labels: the model's; each gets a column for its score.

    Raises:
        OutputError: the file cannot be written, or has other columns.
    """

    wants_pictures = False
    only_events = False

    def __init__(self, path: Path, labels: tuple[str, ...]) -> None:
        self.name = f"--csv {path}"
        self._labels = labels
        header = [*_COLUMNS, *(f"score of {label}" for label in labels)]
        try:
            begun = path.exists() and path.stat().st_size > 0
            if begun:
                with path.open(newline="", encoding="utf-8") as earlier:
                    if next(csv.reader(earlier), []) != header:
                        raise OutputError(
                            "a CSV file with this model's columns", got=f"{path} with others", fix="Name another."
                        )
            self._file = path.open("a", newline="", encoding="utf-8", errors="backslashreplace", buffering=1)
            self._writer = csv.writer(self._file, lineterminator="\n")
            if not begun:
                self._writer.writerow(header)
        except OSError as error:
            raise OutputError(f"to write {path}", got=error.strerror or str(error), fix="Name another file.") from error

    def take(self, observation: Observation) -> None:
        """Write a line."""
        at = datetime.fromtimestamp(observation.at, UTC).isoformat(timespec="milliseconds")
        events = "; ".join(str(event) for event in observation.events)
        result = observation.result
        if isinstance(result, Change):
            self._writer.writerow([at, result.source, "", result.state, "", "", "", events, result.cause])
            return
        frame, answer = result.frame, result.prediction
        start = [at, frame.source, frame.number, frame.state or ""]
        if answer is None:
            self._writer.writerow([*start, "", "", "", events, str(result.error)])
            return
        pets = "; ".join(f"{pet.label} {pet.score:.2f} {' '.join(map(str, pet.box))}" for pet in result.pets or ())
        # Of another model that came in use meanwhile; a label that the columns do not have is in `label` alone.
        scores = [f"{answer.scores[label]:.6f}" if label in answer.scores else "" for label in self._labels]
        self._writer.writerow([*start, answer.label, f"{answer.score:.6f}", f"{result.age_ms:.1f}", events, "", pets, *scores])

    def close(self) -> None:
        """Close the file."""
        self._file.close()

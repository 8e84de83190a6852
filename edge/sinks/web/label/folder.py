"""The folder of `--save-uncertain` as people label it: to label a picture is to move its file.

    DIR/unlabelled/<guess>/a.jpg   what only the model has guessed at
    DIR/<label>/a.jpg              labelled: what every other tool reads
    DIR/.trash/...                 deleted, for as long as that can be undone
    DIR/.labelled.json             the last steps, the newest last: [[[from, to], ...], ...]

A file is never overwritten: its new name is made as an empty file first, which only one program can, then replaced by it.
"""

import json
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ....common.files import write_text
from ....errors import OutputError
from ....pictures.folders import UNLABELLED, files_below
from ....pictures.kinds import PICTURE_SUFFIXES, is_passed_over
from .names import path_of, plain_label

_TRASH, _STEPS = ".trash", ".labelled.json"
_MOST_STEPS = 100  # that can be undone; what was deleted before is gone


class LabelFolder:
    """Lists pictures and moves them; one thread at a time does.

    Args:
        root: the folder.
        labels: those of the model, which need no folder to be known.
    """

    def __init__(self, root: Path, labels: Sequence[str]) -> None:
        self.root, self._known = root, tuple(labels)
        self._lock = threading.Lock()

    def labels(self) -> dict[str, int]:
        """Return how many pictures each label has: the model's labels first, then the others that have a folder."""
        return {name: len(self._below(name)) for name in self._names()}

    def pictures(self, of: str) -> list[str]:
        """Return the names of a label's pictures, or of those in `unlabelled`, the oldest first where names tell times.

        Args:
            of: a label, or ``"unlabelled"``.

        Raises:
            UsageError: no label is called like that.
        """
        paths = self._below(of if of == UNLABELLED else plain_label(of, self._names()))
        return [path.relative_to(self.root).as_posix() for path in sorted(paths, key=lambda path: (path.name, path))]

    def path(self, name: object) -> Path:
        """Return the file of a picture.

        Raises:
            UsageError: it has no such name.
            InputNotFoundError: it is not there any more.
        """
        return path_of(self.root, name)

    def label(self, names: Sequence[object], label: object) -> list[str]:
        """Move pictures to a label; returns their new names.

        Raises:
            UsageError: a name is none.
            InputNotFoundError: a picture is not there any more; nothing was moved.
            OutputError: the folder cannot be written; what was moved before can be undone.
        """
        with self._lock:
            return self._step(names, self.root / plain_label(label, self._names()))

    def delete(self, names: Sequence[object]) -> None:
        """Move pictures into the trash; raises as `label` does."""
        with self._lock:
            self._step(names, self.root / _TRASH)

    def undo(self) -> list[str]:
        """Take the last step back, also of an earlier start; returns the names of the pictures that are back.

        Raises:
            OutputError: the folder cannot be written.
        """
        with self._lock:
            steps = self._steps()
            if not steps:
                return []
            back = []
            for before, after in steps.pop():
                source, target = self.root / after, self.root / before
                if not source.is_file():
                    continue  # somebody else has moved it meanwhile
                back.append(_moved(source, target).relative_to(self.root).as_posix())
                with suppress(OSError):
                    source.parent.rmdir()  # of a label that was mistyped, say; one that is not empty stays
            self._keep(steps)
            return back

    @property
    def undoable(self) -> int:
        """How many steps can be taken back."""
        return len(self._steps())

    def _names(self) -> list[str]:
        try:
            found = sorted(place.name for place in self.root.iterdir() if place.is_dir() and not is_passed_over(place.name))
        except OSError:
            found = []  # not made yet: nothing was worth it
        return list(dict.fromkeys([*self._known, *(name for name in found if name != UNLABELLED)]))

    def _below(self, folder: str) -> list[Path]:
        files = files_below(self.root / folder)
        return [path for path in files if path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")]

    def _step(self, names: Sequence[object], folder: Path) -> list[str]:
        paths = dict.fromkeys([self.path(name) for name in names])  # all of them, before one is moved
        done: list[tuple[str, str]] = []
        try:
            for path in paths:
                if path.parent != folder:
                    target = _moved(path, folder / path.name)
                    done.append((path.relative_to(self.root).as_posix(), target.relative_to(self.root).as_posix()))
        finally:
            if done:
                self._keep([*self._steps(), done])
        return [after for _, after in done]

    def _steps(self) -> list[list[tuple[str, str]]]:
        try:
            steps = json.loads((self.root / _STEPS).read_text(encoding="utf-8"))
            return [[(str(before), str(after)) for before, after in step if _is_inside(before, after)] for step in steps]
        except (OSError, ValueError, TypeError):
            return []  # none yet, or somebody has edited it: then nothing can be undone

    def _keep(self, steps: list[list[tuple[str, str]]]) -> None:
        for step in steps[:-_MOST_STEPS]:
            for _, after in step:
                if after.startswith(f"{_TRASH}/"):
                    (self.root / after).unlink(missing_ok=True)
                    (self.root / after).with_suffix(".json").unlink(missing_ok=True)
        write_text(self.root / _STEPS, json.dumps(steps[-_MOST_STEPS:], ensure_ascii=False) + "\n")


def _is_inside(*names: str) -> bool:
    return all(".." not in Path(name).parts and not Path(name).is_absolute() for name in names)


def _moved(source: Path, wanted: Path) -> Path:
    """Move a picture and what is known of it; where the name is taken it gets a number."""
    try:
        wanted.parent.mkdir(parents=True, exist_ok=True)
        target = _made_empty(wanted)
        try:
            os.replace(source, target)  # noqa: PTH105 - by its own name, so that nobody takes it for one that may overwrite
        except OSError:
            target.unlink(missing_ok=True)
            raise
        known = source.with_suffix(".json")
        if known.is_file():
            known.replace(target.with_suffix(".json"))
    except OSError as error:
        raise OutputError(
            f"to move {source.name}", got=error.strerror or str(error), fix="Check the space and the permissions."
        ) from error
    return target


def _made_empty(wanted: Path) -> Path:
    number = 1
    while True:
        target = wanted if number == 1 else wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
        number += 1
        if target.with_suffix(".json").exists():
            continue  # what is known of another picture
        with suppress(FileExistsError):
            target.touch(exist_ok=False)
            return target

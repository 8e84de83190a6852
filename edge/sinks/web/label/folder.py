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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
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
        return [self._name(path) for path in sorted(paths, key=lambda path: (path.name, path))]

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
            OutputError: the folder cannot be written, or the disk is full; what was moved before can be undone.
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
                with _telling(source):
                    if target.exists() and not source.stat().st_size:
                        source.unlink()  # the name that was made for it, and a kill before it was moved
                        continue
                    free = _made_empty(target, source)
                    _move(source, free)
                back.append(self._name(free))
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
        waiting: dict[Path, Path] = {}
        try:
            with _telling(folder):
                for path in paths:
                    if path.parent != folder:
                        waiting[path] = _made_empty(folder / path.name, path)
            step = [(self._name(path), self._name(target)) for path, target in waiting.items()]
            if step:
                self._keep([*self._steps(), step])  # before anything moves: what cannot be undone is not done
            for path in list(waiting):
                with _telling(path):
                    _move(path, waiting[path])
                del waiting[path]
            return [after for _, after in step]
        finally:
            for target in waiting.values():
                target.unlink(missing_ok=True)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

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


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        got = error.strerror or str(error)
        raise OutputError(f"to move {path.name}", got=got, fix="Check the space and the permissions.") from error


def _move(source: Path, target: Path) -> None:
    """Move a picture, and what is known of it, to a name that was made for it."""
    known = source.with_suffix(".json")
    os.replace(source, target)  # noqa: PTH105 - the empty file, and none that anybody had
    with suppress(OSError):  # there may be none; and the picture is where it is to be
        known.replace(target.with_suffix(".json"))


def _made_empty(wanted: Path, source: Path) -> Path:
    """Make an empty file that nobody else has made; where the name is taken it gets a number."""
    wanted.parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        target = wanted if number == 1 else wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
        number += 1
        if source.with_suffix(".json").exists() and target.with_suffix(".json").exists():
            continue  # two pictures; one alone is that of the picture, which a kill has parted from it
        with suppress(FileExistsError):
            target.touch(exist_ok=False)
            return target

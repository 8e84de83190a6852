"""`ModelStore`: models are put in, one is used, and one can go back to those before."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..common.files import write_bytes
from ..contract.artifact import parse_model
from ..errors import CatdogError, InputNotFoundError
from ..inference.classifier import Classifier
from .choice import BEFORE, CURRENT, Choice, read_choice, write_choice
from .folder import write_durably, writing
from .stored import StoredModel, describe, not_sealed, path_for, paths_in, read_whole

Stamp = tuple[int, int, int] | None


def _silent(_: str) -> None:
    """Say nothing."""


class ModelStore:
    """A folder of models that a device may use, one of which it does.

    Whenever the process is killed or the power fails, one whole model is in use: the one from before, or the new one. Several
    processes and threads may write at once; they wait for one another. A reader waits for nobody.

    Examples:
        >>> store = ModelStore(Path("models"))
        >>> new = store.put(Path("garden.tflite").read_bytes(), said="garden.tflite")
        >>> store.use(new.id).labels
        ('cats', 'dogs', 'robin', 'neither')
        >>> store.back().name
        'default'

    Args:
        folder: made with the first model that is put in.
        tell: gets a line where a model or document is damaged, and what is used in its place.
    """

    def __init__(self, folder: Path, tell: Callable[[str], None] = _silent) -> None:
        self.folder = folder
        self._tell = tell
        self._said: set[str] = set()

    def put(self, data: bytes, *, said: str) -> StoredModel:
        """Take a model in: read, loaded and asked once, and only then written. It is not in use yet.

        Args:
            data: a TFLite or ONNX file that catdog has sealed.
            said: where it comes from, in words.

        Raises:
            ModelError: it is damaged, has no seal, or cannot be run here.
            MissingExtraError: the runtime for it is not installed.
            OutputError: the folder cannot be written, or the disk is full; nothing is changed then.
        """
        path = path_for(self.folder, data)
        file = parse_model(data, Path(f"new-model{path.suffix}"))  # which errors name; `path` is not there yet
        if not file.sealed:
            raise not_sealed("one without")
        classifier = Classifier.of_file(file, threads=1)
        contract = classifier.contract
        classifier.classify(np.zeros((contract.input.height, contract.input.width, 3), np.uint8))
        model = StoredModel(path.stem, path, said, time.time(), contract.name, contract.labels)
        with writing(self.folder):
            try:
                read_whole(path)
            except CatdogError:  # not there, or damaged
                write_bytes(path.with_suffix(".json"), model.about())
                write_durably(path, data)
                return model
        return describe(path)

    def models(self) -> tuple[StoredModel, ...]:
        """Return all, the oldest first; one that is damaged says so in `trouble`. Every file is read."""
        return tuple(sorted(map(_looked_at, paths_in(self.folder)), key=lambda model: (model.at, model.id)))

    def current(self) -> StoredModel | None:
        """Return the model in use, which is whole; None where none was ever chosen.

        Where it, or the document that names it, is damaged, that is told, and the one before is in use.

        Raises:
            ModelError: neither it nor any that was in use before is whole.
        """
        choice = self.choice()
        if choice is None:
            return None
        trouble: CatdogError | None = None
        for id in choice.newest_first():
            try:
                model = self._whole(id)
            except CatdogError as error:
                trouble = trouble or error
                self._say(str(error))
                continue
            if id != choice.current:
                self._say(f"{choice.current} cannot be used; going on with {model}, which was in use before")
            return model
        raise trouble or InputNotFoundError("a model in use", got="none", fix="Choose one: models use ID.")

    def choice(self) -> Choice | None:
        """Return what was chosen, and why; None where nothing was, or nothing that can be read. No model is looked at."""
        try:
            return read_choice(self.folder / CURRENT)
        except CatdogError as error:
            self._say(str(error))
        try:
            choice = read_choice(self.folder / BEFORE)
        except CatdogError as error:
            self._say(str(error))
            return None
        if choice is not None:
            self._say(f"going on with {choice.current}, which was in use before")
        return choice

    def use(self, id: str, *, why: str = "") -> StoredModel:
        """Let a model be the one in use. A running program takes it within seconds.

        Args:
            id: of a model in the store, or so many of its first digits that no other begins with them.
            why: in words.

        Raises:
            InputNotFoundError: there is no such model.
            ModelError: it is damaged.
            OutputError: the folder cannot be written; the model from before stays in use.
        """
        with writing(self.folder):
            model = self._whole(self._find(id).id)
            choice = self.choice()
            if choice is None or choice.current != model.id:
                before = () if choice is None else (*choice.before, choice.current)
                write_choice(self.folder, Choice(model.id, before, why, at=time.time()), choice)
        return model

    def back(self, *, why: str = "", of: str = "") -> StoredModel:
        """Let the model be in use that was before; one that is damaged by now is told and left out.

        Args:
            why: in words.
            of: only if the model of this id is in use, for who has decided so while others may have chosen anew; else the one
                in use is returned and nothing is changed.

        Raises:
            InputNotFoundError: there was none before.
            OutputError: the folder cannot be written; nothing is changed then.
        """
        with writing(self.folder):
            choice = self.choice()
            if choice is not None and of and choice.current != of:
                return self._whole(choice.current)
            for place in reversed(range(0 if choice is None else len(choice.before))):
                if choice is None or choice.before[place] == choice.current:
                    continue
                try:
                    model = self._whole(choice.before[place])
                except CatdogError as error:
                    self._say(str(error))
                    continue
                write_choice(self.folder, Choice(model.id, choice.before[:place], why, went_back=True, at=time.time()), choice)
                return model
        raise InputNotFoundError(
            "a model that was in use before", got=f"none in {self.folder}", fix="Choose one: catdog-edge models use ID."
        )

    def stamp(self) -> Stamp:
        """Return what differs whenever another model was chosen; it costs one look at the folder, and reads no file."""
        try:
            found = (self.folder / CURRENT).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _say(self, line: str) -> None:
        """Tell of each damage once: who looks every second need not hear of it every second."""
        if line not in self._said:
            self._said.add(line)
            self._tell(line)

    def _find(self, id: str) -> StoredModel:
        found = [path for path in paths_in(self.folder) if id and path.stem.startswith(id.lower())]
        if len(found) == 1:
            return describe(found[0])
        got = f"{len(found)} that begin with {id}" if found else f"no {id}"
        raise InputNotFoundError(f"a model in {self.folder}", got=got, fix="See catdog-edge models list.")

    def _whole(self, id: str) -> StoredModel:
        return _checked(self._find(id))


def _looked_at(path: Path) -> StoredModel:
    model = describe(path)
    try:
        return _checked(model)
    except CatdogError as error:
        return replace(model, trouble=str(error))


def _checked(model: StoredModel) -> StoredModel:
    """Return a model whose file is whole, with what the file says of itself in place of what lies beside it."""
    file = read_whole(model.path)
    if not file.sealed:
        raise not_sealed(f"{model.path} without")
    return model if file.contract is None else replace(model, name=file.contract.name, labels=file.contract.labels)

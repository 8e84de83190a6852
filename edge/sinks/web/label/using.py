"""What was taught is put into the store of models (`--models DIR`) and used, or one goes back; a running program sees it."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ....common.files import printable
from ....errors import CatdogError, OutputError
from ....store import ModelStore, StoredModel
from ..public import public_text


class Using:
    """Chooses the model in use; one thread at a time does.

    Args:
        folder: of the store.
        tell: says to whoever looks at stderr what was chosen.
    """

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self._store, self._tell = ModelStore(folder, tell), tell
        self._lock = threading.Lock()
        self._known: tuple[object, dict[str, Any]] | None = None  # what was said, and of which choice: each time files are read

    def file(self) -> Path | None:
        """Return the file in use; None where none was ever chosen.

        Raises:
            ModelError: none is whole.
        """
        model = self._store.current()
        return None if model is None else model.path

    def use(self, file: Path) -> None:
        """Use a model file that was taught.

        Raises:
            ModelError: it is damaged or cannot be run.
            OutputError: it cannot be read, or the store not be written.
        """
        with self._lock:
            try:
                data = file.read_bytes()
            except OSError as error:
                raise OutputError("the taught file", got=error.strerror or str(error), fix="Teach again.") from error
            model = self._store.put(data, said=f"taught on this device: {printable(file.name)}")
            self._chosen(self._store.use(model.id, why="taught, and chosen on the page"))

    def back(self) -> None:
        """Use the model that was in use before.

        Raises:
            InputNotFoundError: there was none.
            OutputError: the store cannot be written.
        """
        with self._lock:
            self._chosen(self._store.back(why="chosen on the page"))

    def state(self) -> dict[str, Any]:
        """Say what is in use, as JSON values: its id, name and labels, why, and how many were before."""
        with self._lock:
            stamp = self._store.stamp()
            if self._known is None or self._known[0] != stamp:
                self._known = stamp, self._look()
            return self._known[1]

    def _look(self) -> dict[str, Any]:
        try:
            model, choice = self._store.current(), self._store.choice()
        except CatdogError:
            model = choice = None  # whoever runs it tells
        if model is None or choice is None:
            return {"id": "", "name": "", "labels": [], "before": 0, "why": ""}
        said = {"id": model.id, "name": model.name, "labels": list(model.labels)}
        return said | {"before": len(choice.before), "why": public_text(choice.why)}

    def _chosen(self, model: StoredModel) -> None:
        self._tell(f"--serve: {model} was chosen on the page")

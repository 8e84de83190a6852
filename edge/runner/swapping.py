"""Another model while the program runs: what watches the store, loads beside the model in use, and writes what was decided.

All that takes time is done here, in a thread of its own; `catdog.edge.runner.trial` does the rest, between two frames.
"""

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..contract.artifact import read_model_file
from ..errors import CatdogError, MissingExtraError, ModelError
from ..inference.classifier import Classifier
from ..store import ModelStore, StoredModel
from .comparison import SwapOptions

_FINISHING_S = 0.5  # for what was decided last to be written at the end


class Loaded(NamedTuple):
    """A model that is ready to be asked.

    Attributes:
        model: of the store.
        classifier: with the model loaded.
        why: it was chosen, in words; empty where nobody said.
        is_proven: it was in use before, and somebody has gone back to it: it is not put to the proof again.
    """

    model: StoredModel
    classifier: Classifier
    why: str = ""
    is_proven: bool = False


class Refusal(NamedTuple):
    """A model of the store that is not taken, or given up.

    Attributes:
        model: which.
        why: in words.
    """

    model: StoredModel
    why: str


class Swapping:
    """Keeps the program's model the one that the store says.

    Args:
        store: of models.
        first: the model file that an empty store is given.
        load: loads a model file with so many threads.
        options: how carefully another model is taken.
        tell: says what is wrong to whoever looks at stderr.

    Attributes:
        model: the model in use.
        is_told: it has been told which one the program began with.

    Raises:
        CatdogError: the store has no model that can be used, and `first` is none either, or cannot be put in.
    """

    def __init__(
        self,
        store: ModelStore,
        first: Path,
        load: Callable[[Path, int], Classifier],
        options: SwapOptions,
        tell: Callable[[str], None],
    ) -> None:
        self.options = options
        self.is_told = False
        self._store, self._load_file, self._tell = store, load, tell
        self._stamp = store.stamp()  # before the store is read: what is chosen meanwhile must not be overlooked
        self.model = self._choose(first)
        self._in_use: Loaded | None = None
        self._candidate: Loaded | None = None
        self._refused: queue.SimpleQueue[Refusal] = queue.SimpleQueue()  # before it was tried on a frame
        self._decided: queue.SimpleQueue[Refusal | None] = queue.SimpleQueue()  # to be written into the store
        self._lock = threading.Lock()  # of which model is in use, and which is to be
        self._thread: threading.Thread | None = None

    def load(self, threads: int) -> Classifier:
        """Load the model in use, or where it cannot be, the one before.

        Raises:
            ModelError: no model of the store can be used.
            MissingExtraError: there is no runtime for them.
        """
        while True:
            try:
                return self._load_file(self.model.path, threads)
            except (ModelError, MissingExtraError) as error:
                self._tell(str(error))
                try:
                    self.model = self._store.back(why=f"{self.model.id} cannot be used: {error.got}", of=self.model.id)
                except CatdogError:
                    raise error from None
                self._tell(f"going on with {self.model}, which was in use before")

    def begin(self, classifier: Classifier) -> Loaded:
        """Return the model in use; the first time it is the one that was loaded, and from then on the store is watched."""
        with self._lock:
            if self._in_use is None:
                self._in_use = Loaded(self.model, classifier)
                self._thread = threading.Thread(target=self._watch, name="models", daemon=True)
                self._thread.start()
            return self._in_use

    @property
    def candidate(self) -> Loaded | None:
        """The model that is to be in use, loaded and ready; None for none."""
        return self._candidate

    def refused(self) -> Refusal | None:
        """Return the next model that was refused before it was tried on a frame; None for no more."""
        try:
            return self._refused.get_nowait()
        except queue.Empty:
            return None

    def take(self, candidate: Loaded) -> bool:
        """Let the candidate be the model in use; False where it is the candidate no more, since the store says otherwise."""
        with self._lock:
            if self._candidate is not candidate:
                return False
            self._in_use, self._candidate, self.model = candidate, None, candidate.model
            return True

    def return_to(self, before: Loaded) -> None:
        """Let the model from before be in use again; the store is told by `give_up`."""
        with self._lock:
            self._in_use, self.model = before, before.model

    def give_up(self, loaded: Loaded, why: str) -> None:
        """Have the store go back from a model that was not taken, or that has failed in use."""
        with self._lock:
            if self._candidate is loaded:
                self._candidate = None
        self._decided.put(Refusal(loaded.model, why))

    def close(self) -> None:
        """Write what was decided last, and watch no more."""
        if self._thread is not None:
            self._decided.put(None)
            self._thread.join(_FINISHING_S)
            self._thread = None

    def _choose(self, first: Path) -> StoredModel:
        try:
            current = self._store.current()
        except CatdogError as error:
            self._tell(f"{error} Going on with {first.name}")
            current = None
        if current is not None:
            return current
        model = self._store.put(read_model_file(first).data, said=f"the first: {first.name}")
        return self._store.use(model.id, why="the first")

    def _watch(self) -> None:
        while True:
            try:
                decided = self._decided.get(timeout=self.options.look_s)
            except queue.Empty:
                if self._store.stamp() != self._stamp:
                    self._look()
                continue
            if decided is None:
                return
            self._go_back(decided)

    def _look(self) -> None:
        """See what the store says now, and load it."""
        self._stamp = self._store.stamp()
        try:
            model, choice = self._store.current(), self._store.choice()
        except CatdogError as error:
            self._tell(f"{error} The model in use stays")
            return
        with self._lock:
            here = self._in_use
            if model is None or here is None or model.id == here.model.id:
                self._candidate = None
                return
            if self._candidate is not None and self._candidate.model.id == model.id:
                return
        try:
            classifier = self._load_file(model.path, here.classifier.threads)
            spec = classifier.contract.input
            classifier.classify(np.zeros((spec.height, spec.width, 3), np.uint8))
        # This thread's boundary: whatever a runtime raises of a model, the one in use goes on.
        except Exception as error:  # noqa: BLE001
            refusal = Refusal(model, f"it cannot be used: {error if isinstance(error, CatdogError) else repr(error)}")
            self._go_back(refusal)
            self._refused.put(refusal)
            return
        why, is_proven = ("", False) if choice is None else (choice.why, choice.went_back)
        with self._lock:
            self._candidate = Loaded(model, classifier, why, is_proven)

    def _go_back(self, refusal: Refusal) -> None:
        try:
            self._store.back(why=f"{refusal.model.id} was given up: {refusal.why}", of=refusal.model.id)
        except CatdogError as error:
            self._tell(f"{error} The program goes on without {refusal.model.id}; its next start will try it again")

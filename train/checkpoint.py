"""What a stage has learnt so far, kept after every epoch, so that a run that is stopped can be gone on with."""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from catdog.edge.common.files import replacing

from .history import Epoch
from .run import CHECKPOINT_FILE

_STATE = "state"


@dataclass(frozen=True)
class Progress:
    """How far a stage had come."""

    phase: str  # of the last epoch
    history: tuple[Epoch, ...]  # all epochs so far
    values: tuple[NDArray[np.generic], ...]  # of the phase's variables, in their order

    def restore(self, variables: Sequence[Any]) -> list[Epoch]:
        """Give Keras variables the values they had; return the history."""
        for variable, value in zip(variables, self.values, strict=True):
            variable.assign(value)
        return list(self.history)


class Checkpoint:
    """The checkpoint file of one stage.

    Args:
        folder: the stage's folder.
        run: identifies the run, so that an older run's file in the same folder is not taken for its own.

    Attributes:
        restarts: how often the stage was restarted; kept with what it learns, and read back.
    """

    def __init__(self, folder: Path, run: str) -> None:
        self._path = folder / CHECKPOINT_FILE
        self._run = run
        self.restarts = 0

    def write(self, phase: str, history: Sequence[Epoch], variables: Sequence[Any]) -> None:
        """Replace what was kept; whatever goes wrong, the older file stays.

        Args:
            phase: of the last epoch.
            history: all epochs so far, of all phases.
            variables: Keras variables of the model and, where it goes on, the optimizer.

        Raises:
            OutputError: it cannot be written.
        """
        state = {"run": self._run, "phase": phase, "history": [asdict(epoch) for epoch in history], "restarts": self.restarts}
        arrays: dict[str, Any] = {_STATE: np.frombuffer(json.dumps(state).encode(), np.uint8)}
        arrays |= {f"{number:04}": keras.ops.convert_to_numpy(variable) for number, variable in enumerate(variables)}
        with replacing(self._path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, **arrays)

    def read(self) -> Progress | None:
        """Return what was kept; None where there is nothing of this run that can be read."""
        try:
            with self._path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
                state = json.loads(stored[_STATE].tobytes())
                if state["run"] != self._run:
                    return None
                self.restarts = int(state["restarts"])
                values = tuple(stored[name] for name in sorted(set(stored.files) - {_STATE}))
                return Progress(state["phase"], tuple(Epoch(**epoch) for epoch in state["history"]), values)
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            return None

    def remove(self) -> None:
        """Forget: the stage is done."""
        self._path.unlink(missing_ok=True)

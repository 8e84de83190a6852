"""A device that does what messages say: it takes the model that they name, or says why it does not.

What is cheap is looked at first: share, signature, version; only then is anything fetched. Whatever goes wrong, the model
in use stays in use.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from ..errors import CatdogError, InputNotFoundError, OutputError
from ..fetch.model import newest_model
from ..store import ModelStore
from .message import Rollout, place_of, read_rollout, version_in
from .signature import Statement, check_file, check_statement, read_keys
from .taken import Taken, read_taken, write_taken

_FIRST_RETRY_S, _MOST_RETRY_S = 30.0, 3600.0


class Stage(StrEnum):
    """How far a message has come."""

    NONE = "none"
    FETCHING = "fetching"
    TAKEN = "taken"
    REFUSED = "refused"
    NOT_IN_SHARE = "not in the share"


@dataclass(frozen=True)
class Progress:
    """What was made of the last message.

    Attributes:
        stage: how far it has come.
        name: of the file that it names; empty where it names none.
        version: of that; None where it has none.
        why: it was refused, one line; empty where it was not.
    """

    stage: Stage = Stage.NONE
    name: str = ""
    version: int | None = None
    why: str = ""

    def to_fields(self) -> dict[str, object]:
        """Return what is told as JSON."""
        return {"state": str(self.stage), "name": self.name or None, "version": self.version, "why": self.why or None}


class Device:
    """Takes models in a thread of its own, one after another.

    Of each topic only the last message counts, and of several that with the highest version first.

    A file that does not come is tried again until there is another message, ever more rarely, at last once an hour.

    Args:
        name: what no other device is called; it decides in which share of all it is.
        store: where models go, and from where a running program takes the one in use.
        keys: folder of the public keys of those who may sign, read anew for each message.
        tell: says a line on stderr.
        news: called, from that thread, whenever `progress` has changed.
        retry_s: seconds until what did not come is tried again for the first time.

    Attributes:
        progress: what was made of the last message.

    Raises:
        SignatureError: there are no keys.
        MissingExtraError: cryptography is not installed.
    """

    def __init__(
        self,
        name: str,
        store: ModelStore,
        keys: Path,
        tell: Callable[[str], None],
        news: Callable[[], None],
        *,
        retry_s: float = _FIRST_RETRY_S,
    ) -> None:
        read_keys(keys)
        self.progress = self._about = Progress()
        self._name, self._store, self._keys, self._say, self._news = name, store, keys, tell, news
        self._retry_s = retry_s
        self._told = ""
        self._heard: dict[str, bytes] = {}  # the last message of each topic
        self._is_new = self._ended = False
        self._woken = threading.Condition()
        threading.Thread(target=self._run, name="models by message", daemon=True).start()

    def hear(self, topic: str, payload: bytes) -> None:
        """Take a message in place of the one before on its topic; returns at once. One without a byte takes that away.

        Args:
            topic: where it was said.
            payload: what.
        """
        with self._woken:
            if payload == self._heard.get(topic, b""):  # a broker sends what it keeps again after each break
                return
            self._heard[topic] = payload
            self._is_new = True
            self._woken.notify_all()

    def close(self) -> None:
        """Look at no further message; what is being fetched is not waited for."""
        with self._woken:
            self._ended = True
            self._woken.notify_all()

    def _run(self) -> None:
        wait_s: float | None = None
        while True:
            with self._woken:
                is_new = self._woken.wait_for(lambda: self._ended or self._is_new, wait_s)
                if self._ended:
                    return
                self._is_new = False
                messages = sorted(filter(None, self._heard.values()), key=version_in, reverse=True)
            if self._go_through(messages):
                wait_s = None
            else:
                wait_s = self._retry_s if is_new or wait_s is None else min(2 * wait_s, _MOST_RETRY_S)

    def _go_through(self, messages: list[bytes]) -> bool:
        """Do what the newest message says that can be done; False where another try may fare better."""
        done = True
        for payload in messages:
            done = self._attempt(payload) and done
            if self.progress.stage is Stage.TAKEN:
                break
        return done

    def _attempt(self, payload: bytes) -> bool:
        """Do what a message says; False where another try may fare better."""
        self._about = Progress()
        try:
            self._follow(read_rollout(payload))
        except CatdogError as error:
            self._refuse(str(error))
            return not isinstance(error, InputNotFoundError | OutputError)
        except Exception as error:  # noqa: BLE001 - this thread's only boundary: the next message may be a better one
            self._refuse(f"{type(error).__name__}: {error}")
        return True

    def _follow(self, rollout: Rollout) -> None:
        said = rollout.signature.statement
        self._about = Progress(name=said.name, version=said.version)
        if rollout.share < 1 and place_of(self._name) >= rollout.share:
            self._set(Stage.NOT_IN_SHARE)
            return
        check_statement(rollout.signature, read_keys(self._keys))
        if read_taken(self._store.folder).allows(said):
            self._set(Stage.FETCHING)
            self._take(rollout.address, said)
        self._set(Stage.TAKEN)

    def _take(self, address: str, said: Statement) -> None:
        data = newest_model(address, self._say)
        check_file(data, said)
        why = f"{said.name}, version {said.version}, signed by the key {said.key}"
        model = self._store.put(data, said=why)
        taken = Taken(said.version, said.sha256)
        write_taken(self._store.folder, taken)
        self._store.use(model.id, why=why)
        write_taken(self._store.folder, replace(taken, done=True))
        self._say(f"took {why}")

    def _refuse(self, why: str) -> None:
        self._set(Stage.REFUSED, why)
        if why != self._told:  # a file that does not come is tried again and again
            self._say(f"refused a model, and goes on with the one in use: {why}")
        self._told = why

    def _set(self, stage: Stage, why: str = "") -> None:
        progress = replace(self._about, stage=stage, why=why)
        if progress != self.progress:
            self.progress = progress
            self._news()

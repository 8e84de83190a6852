"""Which model is in use, and which were before: one small document that is replaced in one step.

    {"current": "4f0c2d9a81be", "before": ["0b61c3d2e4f5"], "why": "", "went_back": false, "at": 1772366400.0}

``before`` has the oldest first. What the document held before is kept beside it, for when a disk has damaged it.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ModelError
from .folder import write_durably

CURRENT, BEFORE = "current.json", "current.before.json"
_MOST = 20  # models that were in use before, which are remembered
_ID = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Attributes:
        current: id of the model in use.
        before: ids of those that were, the oldest first.
        why: it was chosen, in words; empty where nobody said.
        went_back: it had been in use before, and somebody went back to it.
        at: when, seconds since 1970.
    """

    current: str
    before: tuple[str, ...] = ()
    why: str = ""
    went_back: bool = False
    at: float = 0.0

    def newest_first(self) -> tuple[str, ...]:
        """Return the model in use and those before it."""
        return (self.current, *reversed(self.before))

    def to_json(self) -> bytes:
        """Serialise it."""
        fields = {
            "current": self.current,
            "before": list(self.before[-_MOST:]),
            "why": self.why,
            "went_back": self.went_back,
            "at": self.at,
        }
        return json.dumps(fields, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def read_choice(path: Path) -> Choice | None:
    """Read a choice; None where there is none.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        fields: Any = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, getattr(error, "strerror", None) or "is no JSON document") from error
    fields = fields if isinstance(fields, dict) else {}
    current, before, why, at = (fields.get(key) for key in ("current", "before", "why", "at"))
    if not _is_id(current) or not isinstance(before, list) or not all(map(_is_id, before)):
        raise _unreadable(path, "does not say which model is in use")
    return Choice(
        current,
        tuple(before),
        why if isinstance(why, str) else "",
        fields.get("went_back") is True,
        float(at) if isinstance(at, int | float) else 0.0,
    )


def write_choice(folder: Path, choice: Choice, old: Choice | None) -> None:
    """Let `choice` be what counts, from one moment to the next.

    Args:
        folder: of the store.
        choice: the new one.
        old: what counted before.

    Raises:
        OutputError: it cannot be written; what counted before still does.
    """
    if old is not None:
        write_durably(folder / BEFORE, old.to_json())
    write_durably(folder / CURRENT, choice.to_json())


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _unreadable(path: Path, why: str) -> ModelError:
    return ModelError(
        "a document that says which model is in use", got=f"{path}, which {why}", fix="Choose one: models use ID."
    )

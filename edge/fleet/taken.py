"""What a device has taken last because a message said so: nothing older is taken that way, and nothing twice.

    {"version": 1772366400, "sha256": "4f0c...", "done": true}                                         models/taken.json

It is written before the model is used, so that no crash lets an older one in, and once more when it is.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from ..contract.checks import is_int, is_text
from ..errors import OutputError, SignatureError
from ..store.folder import write_durably
from .signature import Statement

TAKEN_FILE = "taken.json"


@dataclass(frozen=True)
class Taken:
    """What was taken.

    Attributes:
        version: that was signed; -1 for nothing yet.
        sha256: of the file, in hexadecimal digits.
        done: whether it was put to use.
    """

    version: int = -1
    sha256: str = ""
    done: bool = False

    def allows(self, statement: Statement) -> bool:
        """Tell whether there is something to do; not where it is done, whatever was chosen by hand since.

        Raises:
            SignatureError: what was taken is newer.
        """
        same = (statement.version, statement.sha256) == (self.version, self.sha256)
        if not same and statement.version <= self.version:
            raise SignatureError(
                f"a version of {statement.name} above {self.version}, which was taken before",
                got=str(statement.version),
                fix="Sign the file again to go back to it: that counts the version up.",
            )
        return not (same and self.done)


def read_taken(folder: Path) -> Taken:
    """Read what was taken into a store's folder.

    Raises:
        SignatureError: it is damaged, so that nobody knows what is older.
        OutputError: it cannot be read.
    """
    path = folder / TAKEN_FILE
    try:
        fields = json.loads(path.read_bytes())
        found = Taken(fields["version"], fields["sha256"], fields["done"] is True)
    except FileNotFoundError:
        return Taken()
    except OSError as error:
        fix = "Check the folder of --models and its permissions."
        raise OutputError(f"to read {path}", got=error.strerror or str(error), fix=fix) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unreadable(path) from error
    if not is_int(found.version) or not is_text(found.sha256):
        raise _unreadable(path)
    return found


def write_taken(folder: Path, taken: Taken) -> None:
    """Write down what was taken.

    Raises:
        OutputError: it cannot be written.
    """
    fields = {"version": taken.version, "sha256": taken.sha256, "done": taken.done}
    write_durably(folder / TAKEN_FILE, f"{json.dumps(fields)}\n".encode())


def _unreadable(path: Path) -> SignatureError:
    fix = "Remove it, if you are sure that no old message lies at the broker."
    return SignatureError("a document that says which version was taken last", got=f"{path}, which is damaged", fix=fix)

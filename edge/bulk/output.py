"""The folder of results: a file a shard, whole or not there, so that what is there is done.

    results.parquet/_catdog.json        what the results are of
    results.parquet/part-000000.parquet     the first shard's, in the order of the pictures

Whoever reads such a folder with pandas, Arrow or DuckDB passes over names that begin with ``_`` or ``.``, as these do.
"""

import fcntl
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..common.files import check_folder, sweep, write_bytes, write_text
from ..errors import OutputError
from .formats import by_suffix

_PLAN, _LOCK = "_catdog.json", "_catdog.lock"


class Output:
    """Where results go, and which are there.

    Args:
        folder: of the results; its suffix says in which format.

    Raises:
        UsageError: the suffix is no format's.
        OutputError: it cannot be written, or holds something else.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.format = folder, by_suffix(folder)
        check_folder(folder)

    @contextmanager
    def claimed(self, plan: Mapping[str, object]) -> Iterator[None]:
        """Be the only one who writes there.

        Args:
            plan: what the results are of; where some are there already they have to be of the same.

        Raises:
            OutputError: they are of something else, or somebody is writing there.
        """
        self._refuse_others(plan)
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / _LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                what = f"{self.folder}, where another run is writing"
                raise OutputError("a folder of one run", got=what, fix="Wait for it, or name another folder.") from error
            sweep(self.folder)
            write_text(self.folder / _PLAN, json.dumps(plan, indent=2) + "\n")
            yield
            (self.folder / _LOCK).unlink(missing_ok=True)

    def done(self) -> set[int]:
        """Return the numbers of the shards that are there."""
        pattern = re.compile(rf"part-(\d+){re.escape(self.format.suffix)}")
        matches = (pattern.fullmatch(path.name) for path in self.folder.glob("part-*"))
        return {int(match[1]) for match in matches if match}

    def write(self, shard: int, parts: Iterable[bytes]) -> None:
        """Write a shard's results, whole or not at all.

        Args:
            shard: its number.
            parts: of its file, in order.

        Raises:
            OutputError: the disk is full, say.
        """
        each = list(parts)
        data = each[0] if len(each) == 1 else self.format.join(each)
        write_bytes(self.folder / f"part-{shard:06d}{self.format.suffix}", data)

    def _refuse_others(self, plan: Mapping[str, object]) -> None:
        path = self.folder / _PLAN
        if not path.exists():
            if self.folder.is_dir() and any(self.folder.iterdir()):
                what = f"{self.folder}, which holds something else"
                raise OutputError("a folder for results alone", got=what, fix="Name a new one.")
            return
        before = json.loads(path.read_text())
        changed = [name for name in sorted({*before, *plan}) if before.get(name) != plan.get(name)]
        if changed:
            what = f"{self.folder}, whose results differ in: {', '.join(changed)}"
            raise OutputError(
                "results of the same pictures, model and options", got=what, fix="Name another folder, or remove it."
            )


def digest(names: Iterable[str]) -> str:
    """Return the SHA-256 of names in their order."""
    found = hashlib.sha256()
    for name in names:
        found.update(name.encode("utf-8", "surrogateescape") + b"\0")
    return found.hexdigest()

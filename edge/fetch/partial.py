"""A file that is on its way: what has come of it, kept so that the rest can be asked for later."""

import os
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Partial:
    """What has come of a file; beside it lies the server's name for the version of the file that it is a part of.

    Attributes:
        path: where the bytes are.
    """

    path: Path

    @property
    def size(self) -> int:
        """Bytes that have come."""
        return self.path.stat().st_size if self.path.is_file() else 0

    @property
    def version(self) -> str:
        """A value for `If-Range`; empty if there is none: then nobody can tell whether the rest will belong to these bytes."""
        text = self._version_path.read_text("latin-1") if self._version_path.is_file() else ""
        return text if re.fullmatch("[ -~]+", text) else ""  # a crash may have left anything there

    @property
    def resumable(self) -> bool:
        """Whether there is something to go on from."""
        return self.size > 0 and self.version != ""

    def begin(self, version: str) -> None:
        """Start over with an empty file that will hold a part of `version`."""
        self.discard()
        self.path.touch()
        if version:
            self._version_path.write_text(version, "latin-1")

    def discard(self) -> None:
        """Throw away what has come."""
        self.path.unlink(missing_ok=True)
        self._version_path.unlink(missing_ok=True)

    def become(self, target: Path) -> None:
        """Give the finished file its name, in one step, after it has reached the disk."""
        with self.path.open("rb") as stream:
            os.fsync(stream.fileno())
        self.path.replace(target)
        self._version_path.unlink(missing_ok=True)

    @property
    def _version_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}.version")

"""Files get their names when all of them are proven and written; the manifest, which names them, last."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from catdog.edge.files import replacing

MANIFEST_FILE, REPORT_FILE = "manifest.json", "report.html"


def publish(output: Path, files: Mapping[str, bytes], manifest: Mapping[str, Any] | None, report: str) -> None:
    """Write what was proven, all or nothing.

    Args:
        output: the folder.
        files: artifacts by name; may be empty.
        manifest: what to say of them; None for nothing new.
        report: the page; written also where nothing else is.

    Raises:
        OutputError: the folder cannot be written. What was there before still is.
    """
    contents = {REPORT_FILE: report.encode()}
    if manifest is not None:
        contents |= {MANIFEST_FILE: (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()}
    # Everything is written under temporary names first; on leaving, the names are given in reverse order, the manifest's last.
    with ExitStack() as stack:
        for name, data in (contents | dict(files)).items():
            stack.enter_context(replacing(output / name)).write_bytes(data)


def still_there(output: Path, replaced: Sequence[str]) -> list[dict[str, Any]]:
    """Return what an older manifest says of artifacts that are still in the folder, unchanged, and stay there.

    Args:
        output: the folder.
        replaced: names that are about to be written anew.
    """
    try:
        entries = json.loads((output / MANIFEST_FILE).read_text(encoding="utf-8"))["artifacts"]
        return [entry for entry in entries if entry["file"] not in replaced and _unchanged(output, entry)]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _unchanged(output: Path, entry: Mapping[str, Any]) -> bool:
    path = output / Path(entry["file"]).name
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]

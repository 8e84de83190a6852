"""Files get their names when all of them are proven and written; the manifest, which names them, last."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from catdog.edge.common.files import replacing, sweep

MANIFEST_FILE, REPORT_FILE, DATA_FILE = "manifest.json", "report.html", "report.json"


def publish(
    output: Path, files: Mapping[str, bytes], manifest: Mapping[str, Any] | None, report: str, data: Mapping[str, Any]
) -> None:
    """Write what was proven: first everything under temporary names, through to the disk; then the names, the manifest's last.

    What can fail for want of space has failed before the first name is given.

    Args:
        output: the folder.
        files: artifacts by name; may be empty.
        manifest: what to say of them; None for nothing new.
        report: the page; written also where nothing else is.
        data: what it shows, for programs.

    Raises:
        OutputError: the folder cannot be written.
    """
    contents = {} if manifest is None else {MANIFEST_FILE: _json(manifest)}
    contents |= {REPORT_FILE: report.encode(), DATA_FILE: _json(data)} | dict(files)
    if output.is_dir():
        sweep(output)
    # On leaving, names are given in reverse order.
    with ExitStack() as stack:
        for name, content in contents.items():
            with stack.enter_context(replacing(output / name)).open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())


def _json(fields: Mapping[str, Any]) -> bytes:
    return (json.dumps(fields, indent=2, ensure_ascii=False) + "\n").encode()


def still_there(output: Path, replaced: Sequence[str]) -> list[dict[str, Any]]:
    """Return what an older manifest says of artifacts that are still in the folder, unchanged, and stay there."""
    try:
        entries = json.loads((output / MANIFEST_FILE).read_text(encoding="utf-8"))["artifacts"]
        return [entry for entry in entries if entry["file"] not in replaced and _unchanged(output, entry)]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _unchanged(output: Path, entry: Mapping[str, Any]) -> bool:
    path = output / Path(entry["file"]).name
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]

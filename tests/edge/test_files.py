import os
from pathlib import Path

import pytest

from catdog.edge.common.files import check_folder, replacing, write_text
from catdog.edge.errors import OutputError


def test_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.json"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        temporary.write_text("half of the n")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.json"]
    write_text(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def test_full_disk_is_one_of_our_errors(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No space left"), replacing(tmp_path / "file"), Path("/dev/full").open("w") as full:
        full.write("x")
        full.flush()
    assert list(tmp_path.iterdir()) == []


def test_wrong_folder_is_told_beforehand(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    for path in (tmp_path / "taken", tmp_path / "taken" / "below"):
        with pytest.raises(OutputError, match="taken"):
            check_folder(path)
    check_folder(tmp_path / "new" / "folder")
    assert not (tmp_path / "new").exists()

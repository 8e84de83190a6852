import zipfile
from pathlib import Path

import pytest

pytest.importorskip("platformdirs", reason="the extra train is not installed")

from catdog.edge.errors import DatasetError
from catdog.train.data.archive import unpack


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def packed(path: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_unpacks_once(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", **{"pets/cats/1.jpg": b"1", "pets/dogs/1.jpg": b"2", "__MACOSX/pets/._1.jpg": b"x"})
    folder = unpack(archive)
    assert files(folder) == ["pets/cats/1.jpg", "pets/dogs/1.jpg"]
    (folder / "mark").touch()
    assert (unpack(archive) / "mark").exists()


def test_a_changed_archive_is_unpacked_anew(tmp_path: Path) -> None:
    first = unpack(packed(tmp_path / "a.zip", one=b"1"))
    second = unpack(packed(tmp_path / "a.zip", two=b"22"))
    assert files(first) == ["one"]
    assert files(second) == ["two"]


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "pets/../../evil", "C:/evil", "..\\evil"])
def test_nothing_is_written_outside(tmp_path: Path, cache: Path, name: str) -> None:
    archive = packed(tmp_path / "a.zip", **{"fine": b"1", name: b"2"})
    with pytest.raises(DatasetError, match="outside"):
        unpack(archive)
    assert files(tmp_path) == ["a.zip"]


def test_sizes_are_counted_not_believed(tmp_path: Path) -> None:
    archive = packed(tmp_path / "bomb.zip", zeros=bytes(3_000_000))
    assert archive.stat().st_size < 10_000
    with pytest.raises(DatasetError, match="more than 1,000,000 bytes"):
        unpack(archive, max_bytes=1_000_000)
    assert files(tmp_path) == ["bomb.zip"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    (unpacked,) = unpack(path).iterdir()
    assert not unpacked.is_symlink()


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06"])
def test_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    with pytest.raises(DatasetError):
        unpack(path)


def test_damaged_entry_leaves_nothing(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", **{"cats/1.jpg": bytes(range(256)) * 40})
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(30)
    path.write_bytes(data)
    with pytest.raises(DatasetError):
        unpack(path)
    assert files(tmp_path) == ["a.zip"]

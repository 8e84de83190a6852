import gzip
import io
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
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


def tarred(path: Path, mode: str = "w:gz", **entries: bytes) -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload] # one of tarfile's own
        for name, content in entries.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "pets/../../evil", "C:/evil"])
def test_nothing_of_a_tar_archive_is_written_outside(tmp_path: Path, name: str) -> None:
    archive = tarred(tmp_path / "a.tgz", **{"fine": b"1", name: b"2"})
    with pytest.raises(DatasetError, match="outside"):
        unpack(archive)
    assert files(tmp_path) == ["a.tgz"]


def test_links_and_devices_of_a_tar_archive_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for number, kind in enumerate((tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE)):
            entry = tarfile.TarInfo(f"entry{number}")
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
    # Of a link there is its text, which is counted where pictures are looked for.
    found = sorted(unpack(path).iterdir())
    assert [entry.read_bytes() for entry in found if not entry.is_symlink()] == [b"/etc/passwd"] * 2


def test_hard_links_are_copies(tmp_path: Path) -> None:
    path = tarred(tmp_path / "a.tar", "w", **{"cats/1.jpg": b"one"})
    with tarfile.open(path, "a") as archive:
        entry = tarfile.TarInfo("cats/2.jpg")
        entry.type, entry.linkname = tarfile.LNKTYPE, "cats/1.jpg"
        archive.addfile(entry)
    folder = unpack(path)
    assert {name: (folder / name).read_bytes() for name in files(folder)} == {"cats/1.jpg": b"one", "cats/2.jpg": b"one"}
    again = path.rename(tmp_path / "again.tar")
    with pytest.raises(DatasetError, match="more than 5 bytes"):  # copies count
        unpack(again, max_bytes=5)


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.slow
def test_a_name_that_fills_the_memory_is_refused_unread(kind: bytes, first: bool, tmp_path: Path) -> None:
    path, size = tmp_path / "bomb.tgz", 64 * 1024 * 1024
    header = tarfile.TarInfo("name")
    header.type, header.size = kind, size
    plain = tarfile.TarInfo("1.jpg").tobuf()
    with gzip.open(path, "wb") as file:
        file.write((b"" if first else plain) + header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(64):
            file.write(bytes(size // 64))
        file.write(plain + bytes(1024))
    tracemalloc.start()
    try:
        with pytest.raises(DatasetError, match=r"a name or properties of 67,108,864 bytes"):
            unpack(path)
        assert tracemalloc.get_traced_memory()[1] < size // 4
    finally:
        tracemalloc.stop()


def test_a_tar_archive_may_begin_with_any_name(tmp_path: Path) -> None:
    assert files(unpack(tarred(tmp_path / "a.tar", "w", **{"PKdata/1.jpg": b"1"}))) == ["PKdata/1.jpg"]


def test_what_is_called_like_an_archive_and_is_none_stays_a_file(tmp_path: Path) -> None:
    entries = {"notes.zip": b"Not zipped", "empty.tar": b"", "a/b.zip": packed(tmp_path / "b.zip", one=b"1").read_bytes()}
    assert files(unpack(packed(tmp_path / "a.zip", **entries))) == ["a/b/one", "empty.tar", "notes.zip"]


def test_names_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="a name too long for the file system"):
        unpack(packed(tmp_path / "a.zip", **{"cats/" + "x" * 300: b"1"}))
    inner = packed(tmp_path / "inner.zip", one=b"1").read_bytes()
    taken = {"train.zip": inner, "train/1.jpg": b"1", "train unpacked/1.jpg": b"1"}
    found = files(unpack(packed(tmp_path / f"{'y' * 240}.zip", **taken)))
    assert found == ["train unpacked 2/one", "train unpacked/1.jpg", "train/1.jpg"]


def test_sizes_are_counted_over_archives_within(tmp_path: Path) -> None:
    inner = tarred(tmp_path / "inner.tar", "w", zeros=bytes(600_000)).read_bytes()
    bomb = packed(tmp_path / "bomb.zip", **{"a.tar": inner, "b.tar": inner})
    assert bomb.stat().st_size < 10_000
    with pytest.raises(DatasetError, match="more than 2,000,000 bytes"):
        unpack(bomb, max_bytes=2_000_000)
    assert files(unpack(bomb, max_bytes=3_000_000)) == ["a/zeros", "b/zeros"]
    matryoshka = packed(tmp_path / "0.zip", end=b"1")
    for number in range(1, 6):
        matryoshka = packed(tmp_path / f"{number}.zip", **{f"{number - 1}.zip": matryoshka.read_bytes()})
    with pytest.raises(DatasetError, match="archives within archives"):
        unpack(matryoshka)


@pytest.mark.parametrize("suffix", ["tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_half_a_tar_archive_is_damaged(suffix: str, tmp_path: Path) -> None:
    content = np.random.default_rng(0).bytes(40_000)
    mode = "w" if suffix == "tar" else f"w:{suffix.removeprefix('tar.')}"
    path = tarred(tmp_path / f"a.{suffix}", mode, one=content, two=content[::-1])
    whole = path.read_bytes()
    for share in (0.4, 0.7):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(DatasetError, match="damage"):
            unpack(path)
    # Cut between two entries, half a plain one looks like a whole one of less.
    if suffix == "tar":
        path.write_bytes(whole[: 512 + 40_448])
        with pytest.raises(DatasetError, match="it has no end"):
            unpack(path)
    path.write_bytes(whole)
    assert files(unpack(path)) == ["one", "two"]


def test_an_archive_within_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"inner\.zip in .*outer\.zip, a 7z archive"):
        unpack(packed(tmp_path / "outer.zip", **{"inner.zip": b"7z\xbc\xaf\x27\x1c" + bytes(99)}))

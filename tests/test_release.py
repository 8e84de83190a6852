"""What `make release` makes, as its users get it: checksums that hold, the same packages again, an installer that works."""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from benchmarks.project.distribution.__main__ import make_release
from benchmarks.project.distribution.packages import build_packages, copy_tracked, repacked, time_of
from benchmarks.project.distribution.sums import SUMS, check_sums, write_sums
from catdog.edge.errors import InputNotFoundError, OutputError, UnreadableInputError

ROOT = Path(__file__).parent.parent
INSTALLER = ROOT / "benchmarks/project/distribution/install.sh"
COMMANDS = ("catdog-edge", "catdog-train", "catdog-export", "catdog-bench")


def install(
    script: Path, *arguments: str, before: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the installer as its user would, with the Python of the tests unless another is named."""
    usual = {"PYTHON": sys.executable} | environment
    return subprocess.run(
        [*before, "sh", str(script), *arguments],
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | usual,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


# Parts


def test_checksums_are_those_of_the_program_and_find_what_has_changed(tmp_path: Path) -> None:
    for name in ("b.whl", "a.tar.gz"):
        (tmp_path / name).write_text(name)
    assert write_sums(tmp_path, [tmp_path / "b.whl", tmp_path / "a.tar.gz"]).name == SUMS
    assert check_sums(tmp_path) == ["a.tar.gz", "b.whl"]
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--strict", SUMS], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "b.whl").write_text("another")
    with pytest.raises(UnreadableInputError, match=r"b\.whl"):
        check_sums(tmp_path)
    (tmp_path / "b.whl").unlink()
    with pytest.raises(InputNotFoundError, match=r"b\.whl"):
        check_sums(tmp_path)


def test_an_archive_is_the_same_whoever_packs_it_when() -> None:
    def packed(names: list[str], mtime: int, owner: str, mode: int) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for name in names:
                entry = tarfile.TarInfo(name)
                entry.mtime, entry.uname, entry.mode, entry.size = mtime, owner, mode, len(name)
                archive.addfile(entry, io.BytesIO(name.encode()))
        return buffer.getvalue()

    one, other = packed(["a", "b"], 5, "anna", 0o600), packed(["b", "a"], 1_700_000_000, "root", 0o664)
    assert one != other
    assert repacked(one, 1_000) == repacked(other, 1_000)
    with tarfile.open(fileobj=io.BytesIO(repacked(one, 1_000))) as archive:
        assert [(entry.name, entry.mtime, entry.mode, entry.uname) for entry in archive] == [
            ("a", 1_000, 0o644, ""),
            ("b", 1_000, 0o644, ""),
        ]
        member = archive.extractfile("b")
        assert member is not None
        assert member.read() == b"b"


def test_only_what_git_knows_is_released(tmp_path: Path) -> None:
    source = tmp_path / "clone"
    source.mkdir()
    for name in ("pyproject.toml", "a name.py", "run.sh", "gone.py"):
        (source / name).write_text(name)
    (source / "run.sh").chmod(0o755)
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "all"]):
        subprocess.run(["git", *command], cwd=source, check=True)
    (source / "secret.key").write_text("not in git")
    (source / "a name.py").write_text("as it is now")
    (source / "a name.py").chmod(0o600)
    (source / "gone.py").unlink()
    copy = copy_tracked(source, tmp_path / "copy")
    assert sorted(path.name for path in copy.iterdir()) == ["a name.py", "pyproject.toml", "run.sh"]
    assert (copy / "a name.py").read_text() == "as it is now"
    assert [(copy / name).stat().st_mode & 0o777 for name in ("a name.py", "run.sh")] == [0o644, 0o755]
    with pytest.raises(InputNotFoundError):
        copy_tracked(tmp_path / "copy" / "nowhere", tmp_path / "other")


def test_the_time_is_the_last_commits_or_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert time_of(ROOT) == 1_700_000_000


def test_a_folder_with_another_release_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old.whl").touch()
    with pytest.raises(OutputError, match="rm -r dist"):
        make_release(ROOT, tmp_path)


# The installer where it must not install


def python_that_ends_with(code: int, folder: Path) -> Path:
    """A program in place of a Python that is too old (3), or of a 32-bit system (4)."""
    path = folder / f"python-{code}"
    path.write_text(f"#!/bin/sh\nexit {code}\n")
    path.chmod(0o755)
    return path


def test_installer_names_what_the_machine_lacks(tmp_path: Path) -> None:
    where = ("--prefix", str(tmp_path / "catdog"), "--links", str(tmp_path / "bin"))
    old = install(INSTALLER, *where, "--python", str(python_that_ends_with(3, tmp_path)))
    assert (old.returncode, old.stdout) == (1, "")
    assert "expected Python 3.11 to 3.13" in old.stderr
    narrow = install(INSTALLER, *where, "--python", str(python_that_ends_with(4, tmp_path)))
    assert narrow.returncode == 1
    assert "expected a 64-bit Python" in narrow.stderr
    assert "fix: install the 64-bit system" in narrow.stderr
    if shutil.which("linux32") and os.uname().machine == "x86_64":
        foreign = install(INSTALLER, *where, before=("linux32",))
        assert foreign.returncode == 1
        assert "expected x86-64 or 64-bit ARM; got i" in foreign.stderr
    assert not (tmp_path / "catdog").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--nonsense",),
        ("--prefix",),
        ("--prefix", "/"),
        ("--extras", "web; rm"),
        ("--prefix", "/opt/a b"),
        ("--links", "/opt/$x"),
    ],
)
def test_installer_refuses_what_it_cannot_mean(arguments: tuple[str, ...]) -> None:
    refused = install(INSTALLER, *arguments)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "install.sh: expected" in refused.stderr


def test_installer_takes_no_wheel_that_the_checksums_do_not_know(tmp_path: Path) -> None:
    shutil.copy(INSTALLER, tmp_path)
    wheel = tmp_path / "catdog_edge-0.1.0-py3-none-any.whl"
    wheel.write_text("one")
    write_sums(tmp_path, [wheel])
    wheel.write_text("another")
    where = ("--prefix", str(tmp_path / "catdog"), "--links", str(tmp_path / "bin"))
    refused = install(tmp_path / "install.sh", *where)
    assert refused.returncode == 1
    assert "expected the wheel that SHA256SUMS tells of" in refused.stderr
    (tmp_path / SUMS).write_text("")
    assert install(tmp_path / "install.sh", *where).returncode == 1  # nor one that it does not name
    assert not (tmp_path / "catdog").exists()


def test_installer_leaves_alone_what_is_not_its_own(tmp_path: Path) -> None:
    mine, links = tmp_path / "mine", tmp_path / "bin"
    (mine / "pictures").mkdir(parents=True)
    links.mkdir()
    where = ("--prefix", str(mine), "--links", str(links))
    assert "expected an empty folder or an earlier installation" in install(INSTALLER, *where).stderr
    kept = install(INSTALLER, *where, "--uninstall")
    assert kept.returncode == 1
    assert "expected an environment that this script made" in kept.stderr
    assert (mine / "pictures").is_dir()
    (links / "catdog-edge").write_text("somebody's")
    taken = install(INSTALLER, "--prefix", str(tmp_path / "new"), "--links", str(links))
    assert taken.returncode == 1
    assert f"{links}/catdog-edge to be free or ours" in taken.stderr
    assert not (tmp_path / "new").exists()
    assert install(INSTALLER, "--uninstall", "--prefix", str(tmp_path / "new")).returncode == 0  # there is nothing to remove


# All of it


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of the checkout as it is."""
    pytest.importorskip("build", reason="the extra release is not installed")
    pytest.importorskip("cyclonedx_py", reason="the extra release is not installed")
    probe = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(tmp_path_factory.mktemp("probe")), "iniconfig"]
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        pytest.skip("no package registry answers")
    folder = tmp_path_factory.mktemp("release") / "dist"
    make_release(ROOT, folder)
    return folder


def only(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


slow = [pytest.mark.slow, pytest.mark.registry]


class TestRelease:
    """The real thing."""

    pytestmark = slow

    def test_wheel_has_the_name_that_is_free_and_says_what_it_is(self, release: Path) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        assert len(check_sums(release)) == len(list(release.iterdir())) - 1
        wheel = only(release, "*.whl")
        assert wheel.name == f"catdog_edge-{project['version']}-py3-none-any.whl"
        with zipfile.ZipFile(wheel) as archive:
            about = {name.rpartition("/")[2]: name for name in archive.namelist() if ".dist-info/" in name}
            metadata = Parser().parsestr(archive.read(about["METADATA"]).decode())
            commands = archive.read(about["entry_points.txt"]).decode()
        assert (metadata["Name"], metadata["Version"]) == ("catdog-edge", project["version"])
        assert metadata["License-Expression"] == "Apache-2.0"
        assert set(metadata.get_all("Provides-Extra") or ()) == set(project["optional-dependencies"])
        required = metadata.get_all("Requires-Dist") or []
        assert not [line for line in required if line.startswith("catdog") and not line.startswith("catdog-edge[")]
        assert all(f"{command} = " in commands for command in COMMANDS)

    def test_source_builds_the_same_packages_again(self, release: Path, tmp_path: Path) -> None:
        copy = copy_tracked(ROOT, tmp_path / "copy")
        (tmp_path / "again").mkdir()
        for file in build_packages(copy, tmp_path / "again", time_of(ROOT), copy / "constraints.txt"):
            assert file.read_bytes() == (release / file.name).read_bytes(), file.name
        with tarfile.open(only(release, "*.tar.gz")) as archive:
            names = {name.partition("/")[2] for name in archive.getnames()}
        assert {"pyproject.toml", "README.md", "LICENSE", "edge/models/default.tflite"} <= names

    def test_installer_installs_again_and_removes(self, release: Path, tmp_path: Path, picture: Path) -> None:
        prefix, links = tmp_path / "opt" / "catdog", tmp_path / "bin"
        where = ("--prefix", str(prefix), "--links", str(links))
        installed = install(release / "install.sh", *where, HOME=str(tmp_path))
        assert installed.returncode == 0, installed.stderr
        assert installed.stdout.startswith("catdog ")
        assert {path.name for path in links.iterdir()} == set(COMMANDS)
        self.lists_what_is_installed(release, prefix)
        command = [str(links / "catdog-edge"), "--json", str(picture)]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert json.loads(said.stdout)["label"] in ("cats", "dogs")
        # An extra by name: catdog-edge[...] is that which is installed, wherever it came from.
        again = install(release / "install.sh", *where, "--extras", "mqtt", HOME=str(tmp_path))
        assert again.returncode == 0, again.stderr
        assert "paho-mqtt" in self.packages(prefix)
        assert not (prefix / "unpacked").exists()
        removed = install(release / "install.sh", *where, "--uninstall")
        assert (removed.returncode, removed.stdout) == (0, f"removed {prefix}\n")
        assert not prefix.exists()
        assert not list(links.iterdir())

    @staticmethod
    def packages(prefix: Path) -> dict[str, str]:
        listed = [sys.executable, "-m", "pip", "--python", str(prefix / "bin/python"), "list", "--format", "json"]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        said = subprocess.run(listed, env=environment, capture_output=True, text=True, check=True).stdout
        found = {each["name"].lower().replace("_", "-"): each["version"] for each in json.loads(said)}
        return {name: version for name, version in found.items() if name not in ("pip", "setuptools")}

    def lists_what_is_installed(self, release: Path, prefix: Path) -> None:
        """The list of materials names each distribution with its version, and its licence where that is known."""
        text = only(release, "*.cdx.json").read_text()
        document = json.loads(text)
        assert (document["bomFormat"], document["metadata"]["component"]["name"]) == ("CycloneDX", "catdog-edge")
        named = {
            each["name"].lower().replace("_", "-"): each
            for each in [*document["components"], document["metadata"]["component"]]
        }
        assert {name: each["version"] for name, each in named.items()} == self.packages(prefix)
        for about in prefix.glob("lib/python*/site-packages/*.dist-info/METADATA"):
            metadata = Parser().parsestr(about.read_text(encoding="utf-8"))
            known = metadata["License-Expression"] or [
                c for c in metadata.get_all("Classifier") or () if c.startswith("License ::")
            ]
            name = (metadata["Name"] or "").lower().replace("_", "-")
            if known and name in named:
                assert named[name].get("licenses"), name
        assert str(Path.home()) not in text
        assert "file:" not in text

"""The wheel as its users get it: one name, light, complete."""

import json
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = [pytest.mark.slow, pytest.mark.registry]


def pip(*arguments: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    command = [python, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> None:
    finished = pip("download", "--no-deps", "--dest", str(tmp_path_factory.mktemp("probe")), "iniconfig")
    if finished.returncode != 0:
        pytest.skip(f"no package registry answers: {finished.stderr.strip().splitlines()[-1]}")


@pytest.fixture(scope="module")
def wheel(registry: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that neither build folders nor files git does not know get in."""
    source = tmp_path_factory.mktemp("source") / "catdog"
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    for name in tracked:
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    folder = tmp_path_factory.mktemp("wheel")
    finished = pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(source))
    assert finished.returncode == 0, finished.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_only_top_level_name_is_catdog(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"catdog"}
    assert not any(name.endswith("catdog/__init__.py") for name in names)
    for needed in ("default.tflite", "default.weights.npz", "default.md", "NOTICE"):
        assert f"catdog/edge/models/{needed}" in names
    assert "catdog/edge/program/service/catdog-edge.service" in names
    for needed in ("index.html", "token.html", "page.js", "style.css", "icon.svg"):
        assert f"catdog/edge/sinks/web/page/{needed}" in names
    assert not any("/tests/" in name or "/project/" in name for name in names)


def test_base_install_classifies_a_picture_and_names_absent_extras(wheel: Path, tmp_path: Path, picture: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    commands = tmp_path / "venv" / "bin"
    finished = pip("install", "--constraint", str(ROOT / "constraints.txt"), str(wheel), python=str(commands / "python"))
    assert finished.returncode == 0, finished.stderr
    answer = subprocess.run(
        [str(commands / "catdog-edge"), str(picture), "--json"], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["label"] in ("cats", "dogs")
    teach = [str(commands / "catdog-edge"), "teach", "--data", "nowhere", "--output", "x.tflite"]
    absent = subprocess.run(teach, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert absent.returncode == 3 and "a folder of class folders" in absent.stderr  # all that teaching imports is there
    for command, extra in (("catdog-train", "train"), ("catdog-export", "export"), ("catdog-bench", "bench")):
        refused = subprocess.run([str(commands / command)], capture_output=True, text=True, cwd=tmp_path, check=False)
        assert (refused.returncode, refused.stdout) == (7, ""), refused.stderr
        assert f"pip install 'catdog-edge[{extra}]'" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
    refused = subprocess.run(
        [str(commands / "catdog-bench"), "peers"], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert refused.returncode == 2
    assert "a clone of catdog" in refused.stderr


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_base_has_wheels_for_a_64_bit_raspberry_pi(registry: None, tmp_path: Path, python: str) -> None:
    base = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    # Raspberry Pi OS Bookworm has glibc 2.36.
    platforms = [f"--platform=manylinux_2_{minor}_aarch64" for minor in range(17, 37)] + ["--platform=manylinux2014_aarch64"]
    finished = pip(
        "install", "--dry-run", "--quiet", "--report", str(tmp_path / "report.json"), "--target", str(tmp_path / "target"),
        "--only-binary", ":all:", "--implementation", "cp", "--python-version", python, *platforms, *base,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    installs = json.loads((tmp_path / "report.json").read_text())["install"]
    files = [entry["download_info"]["url"].rpartition("/")[2] for entry in installs]
    assert {entry["metadata"]["name"].lower() for entry in installs} >= {"numpy", "opencv-python-headless", "ai-edge-litert"}
    assert all("aarch64" in name or "none-any" in name for name in files), files

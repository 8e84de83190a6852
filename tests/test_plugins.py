"""Packages that add to catdog: those of the pages in docs/extend/, installed and used by name; and some that are broken."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from commands import run

from benchmarks.project.peers import registry as peers
from catdog.edge.models import bundled_tflite
from catdog.edge.synthetic import draw_picture

ROOT = Path(__file__).parent.parent
PAGES = {kind: ROOT / "docs" / "extend" / f"add-a-{kind}.md" for kind in ("backend", "source", "sink", "format", "backbone")}
PEER_PAGE = ROOT / "docs" / "extend" / "add-a-peer.md"

PROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "catdog-strange"
version = "2.0"

[tool.setuptools]
py-modules = ["catdog_strange", "catdog_broken", "catdog_ticker"]

[project.entry-points."catdog.backends"]
broken = "catdog_broken:ROW"
litert = "catdog_strange:BACKEND"
other = "catdog_strange:BACKEND"

[project.entry-points."catdog.sinks"]
broken = "catdog_broken:ROW"
text = "catdog_strange:TEXT"
clumsy = "catdog_strange:CLUMSY"

[project.entry-points."catdog.formats"]
lost = "catdog_strange:FORMAT"

[project.entry-points."catdog.sources"]
ticker = "catdog_ticker:ROW"
"""
STRANGE = """\
from catdog.edge.backends import BackendRow
from catdog.edge.sinks.registry import SinkRow
from catdog.export.formats import Format

TEXT = "not a row"
CLUMSY = SinkRow("clumsy", lambda given: {}[given.argument])
BACKEND = BackendRow("litert", ("tflite",), lambda model, threads: None)
FORMAT = Format("lost", "-lost.bin", "float32", False, "nobody reads it", 0.01, lambda core, pictures: b"lost")
"""
BROKEN = """\
print("hello from a stranger")
raise OSError("libmissing.so: cannot open\\nshared object file")
"""
TICKER = """\
import time

import numpy as np

from catdog.edge.sources import Frame
from catdog.edge.sources.registry import SourceRow
from catdog.edge.synthetic import draw_picture


class Ticker:
    def __init__(self, address, options):
        self._pictures = [draw_picture("cats", seed) for seed in range(int(address.rpartition("/")[2]))]

    def frames(self):
        number = 0
        while True:
            now = time.monotonic()
            print("frame", number)  # where the capture process speaks to the command
            if number == 100:
                raise KeyError("number")
            yield Frame("ticker", number, now, 0.0, 0.0, self._pictures[number % len(self._pictures)], scene_s=now)
            time.sleep(0.1)
            number += 1 if len(self._pictures) == 2 else 100

    def close(self):
        pass


ROW = SourceRow("ticker", Ticker, live=True, public=lambda address: "ticker://...")
"""


def blocks(page: Path, language: str) -> list[str]:
    """The pieces of code on a page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def package_of(page: Path, folder: Path) -> Path:
    """Write what a page shows: a project of one module."""
    (project,), (code,) = blocks(page, "toml"), blocks(page, "python")
    (module,) = re.findall(r'^py-modules = \["(\w+)"\]$', project, re.MULTILINE)
    folder.mkdir()
    (folder / "pyproject.toml").write_text(project)
    (folder / f"{module}.py").write_text(code)
    return folder


def install(target: Path, *packages: Path) -> Path:
    """Install packages into a folder for PYTHONPATH."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--target", str(target), *map(str, packages)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert finished.returncode == 0, finished.stderr
    return target


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The pages' packages, installed; their folder."""
    sources = tmp_path_factory.mktemp("packages")
    packages = [package_of(page, sources / kind) for kind, page in PAGES.items()]
    return str(install(tmp_path_factory.mktemp("installed"), *packages))


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A package of which some rows are broken, installed; its folder."""
    source = tmp_path_factory.mktemp("strange")
    modules = {"catdog_strange": STRANGE, "catdog_broken": BROKEN, "catdog_ticker": TICKER}
    for name, text in {"pyproject.toml": PROJECT, **{f"{module}.py": text for module, text in modules.items()}}.items():
        (source / name).write_text(text)
    return str(install(tmp_path_factory.mktemp("installed"), source))


def result(finished: subprocess.CompletedProcess[str]) -> dict[str, object]:
    """The only result of a command that went well and said nothing."""
    assert (finished.returncode, finished.stderr) == (0, "")
    (line,) = finished.stdout.splitlines()
    found: dict[str, object] = json.loads(line)
    return found


@pytest.fixture(scope="module")
def in_repository(tmp_path_factory: pytest.TempPathFactory) -> str:
    """catdog with the pages' rows in its own repository: a file and a line for each; the folder of its wheel."""
    clone, target = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("wheel")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, clone / name)
    project = (clone / "pyproject.toml").read_text()
    table = (ROOT / "docs/extend/index.md").read_text().partition("## In catdog's repository")[2]
    for kind, page in PAGES.items():
        (row,) = re.findall(rf"^\| {kind}\b[^|]*\| `([^`]+)` \| (.+) \|$", table, re.MULTILINE)
        (code,) = blocks(page, "python")
        (clone / row[0]).write_text(code)
        groups = [f"{kind}s", "backends"]  # the format's page has a backend, too
        for group, line in zip(groups, re.findall(r"`([^`]+)`", row[1]), strict=False):
            project = project.replace(f'entry-points."catdog.{group}"]\n', f'entry-points."catdog.{group}"]\n{line}\n')
    (clone / "pyproject.toml").write_text(project)
    return str(install(target, clone))


# The pages


def test_backend_runs_a_model_as_catdogs_own_does(installed: str, picture: Path) -> None:
    usual = result(run("catdog-edge", str(picture), "--json"))
    other = result(run("catdog-edge", str(picture), "--json", "--backend", "litert-plain", PYTHONPATH=installed))
    assert other["label"] == usual["label"]
    assert isinstance(other["score"], float)
    assert other["score"] == pytest.approx(usual["score"], abs=0.05)


def test_backend_refuses_other_kinds_of_files(installed: str, picture: Path, tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(b"any")
    asked = ("--model", str(model), "--labels", "a,b", "--backend", "litert-plain")
    finished = run("catdog-edge", str(picture), *asked, PYTHONPATH=installed)
    assert finished.returncode == 2
    assert "expected the backend onnxruntime for a onnx file; got litert-plain" in finished.stderr


def test_source_is_opened_by_its_scheme(installed: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for label in ("cats", "dogs"):
            archive.writestr(f"{label}.png", cv2.imencode(".png", draw_picture(label, 3))[1].tobytes())
        archive.writestr("half.png", cv2.imencode(".png", draw_picture("cats", 4))[1].tobytes()[:2000])
        archive.writestr("notes.txt", "no picture")
    finished = run("catdog-edge", "zip://photos.zip", "--json", cwd=tmp_path, PYTHONPATH=installed)
    lines = [json.loads(line) for line in finished.stdout.splitlines()]
    assert [(line["source"], "label" in line) for line in lines] == [
        ("cats.png", True),
        ("dogs.png", True),
        ("half.png", False),
    ]
    assert finished.returncode == 11
    absent = run("catdog-edge", "ZIP://absent.zip", cwd=tmp_path, PYTHONPATH=installed)
    assert (absent.returncode, absent.stdout) == (3, "")
    unknown = run("catdog-edge", "zip://photos.zip", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "expected an address of http, https," in unknown.stderr


def test_sink_gets_every_result(installed: str, class_folders: Path, tmp_path: Path) -> None:
    options = tmp_path / "edge.toml"
    options.write_text('sink = ["sqlite:pets.db"]\n')
    finished = run("catdog-edge", str(class_folders), "--config", str(options), cwd=tmp_path, PYTHONPATH=installed)
    assert (finished.returncode, finished.stderr) == (0, "")
    finished = run("catdog-edge", "--camera", "demo", "--buffer", "all", "--max-frames", "5", "--sink", "sqlite:live.db",
                   "--config", str(options), cwd=tmp_path, PYTHONPATH=installed)  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    for name, count in (("pets.db", 20), ("live.db", 5)):
        database = sqlite3.connect(tmp_path / name)
        rows = database.execute("SELECT source, label, score FROM seen").fetchall()
        database.close()
        assert len(rows) == count
        assert all(label in ("cats", "dogs", "neither") and 0 <= score <= 1 for _, label, score in rows)


def test_sink_that_nobody_has_is_told_before_anything_is_classified(installed: str, picture: Path) -> None:
    for asked, said in (("sqlit:x", "got sqlit"), ("csv:x", "catdog's own: --csv"), ("sqlite", "got no FILE")):
        finished = run("catdog-edge", str(picture), "--sink", asked, PYTHONPATH=installed)
        assert (finished.returncode, finished.stdout) == (2, "")
        assert said in finished.stderr
        assert len(finished.stderr.splitlines()) == 1


@pytest.mark.slow
def test_rows_in_the_repository_are_a_file_and_a_line_each(
    in_repository: str, picture: Path, small_run: Path, tmp_path: Path
) -> None:
    there = {"PYTHONPATH": in_repository, "cwd": tmp_path}
    assert "label" in result(run("catdog-edge", str(picture), "--json", "--backend", "litert-plain", **there))  # type: ignore[arg-type]
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("cat.png", cv2.imencode(".png", draw_picture("cats", 3))[1].tobytes())
    finished = run("catdog-edge", "zip://photos.zip", "--sink", "sqlite:pets.db", **there)  # type: ignore[arg-type]
    assert (finished.returncode, finished.stderr) == (0, "")
    database = sqlite3.connect(tmp_path / "pets.db")
    assert database.execute("SELECT count(*) FROM seen").fetchone() == (1,)
    database.close()
    finished = run(
        "catdog-export", "--format", "packed", "--model", str(small_run), "--output", "made", "--max-drop", "100", **there
    )  # type: ignore[arg-type]
    assert finished.returncode == 0, finished.stderr
    (made,) = (tmp_path / "made").glob("*.xz")
    assert "label" in result(run("catdog-edge", str(picture), "--json", "--model", str(made), **there))  # type: ignore[arg-type]
    asked = ("--data", "synthetic", "--synthetic-count", "8", "--image-size", "64", "--stage", "transfer", "--epochs", "1")
    finished = run("catdog-train", *asked, "--backbone", "quarter", "--backbone-weights", "random", "--output", "run", **there)  # type: ignore[arg-type]
    assert finished.returncode == 0, finished.stderr


@pytest.mark.slow
def test_format_is_proven_and_its_file_is_run(installed: str, small_run: Path, picture: Path, tmp_path: Path) -> None:
    asked = ("--format", "packed", "--model", str(small_run), "--output", str(tmp_path), "--max-drop", "100")
    finished = run("catdog-export", *asked, PYTHONPATH=installed)
    assert finished.returncode == 0, finished.stderr
    (entry,) = json.loads((tmp_path / "manifest.json").read_text())["artifacts"]
    assert (entry["format"], entry["file"]) == ("packed", "transfer-64-float16.tflite.xz")
    assert entry["mean_difference"] < 0.01
    model = tmp_path / entry["file"]
    assert result(run("catdog-edge", str(picture), "--json", "--model", str(model), PYTHONPATH=installed))["label"]
    alone = run("catdog-edge", str(picture), "--model", str(model))
    assert (alone.returncode, alone.stdout) == (6, "")
    model.write_bytes(model.read_bytes()[:-1000] + bytes(1000))
    changed = run("catdog-edge", str(picture), "--model", str(model), PYTHONPATH=installed)
    assert changed.returncode == 6


@pytest.mark.slow
def test_backbone_is_trained_exported_and_run(installed: str, picture: Path, tmp_path: Path) -> None:
    finished = run(
        "catdog-train", *("--data", "synthetic", "--synthetic-count", "40", "--image-size", "64", "--backbone", "quarter"),
        *("--backbone-weights", "random", "--views", "1", "--epochs", "3", "--least-steps", "0", "--fine-tune-epochs", "1"),
        *("--no-presence-check", "--output", "run"),
        cwd=tmp_path, PYTHONPATH=installed,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["options"]["backbone"] == "quarter"
    exported = run("catdog-export", "--model", "run", "--calibration-count", "20", "--max-drop", "100", cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    model = tmp_path / "exports" / "quarter-transfer-64-int8.tflite"
    assert "backbone: MobileNet 0.25, random weights, fine-tuned" in run("catdog-export", "info", str(model)).stdout
    assert result(run("catdog-edge", str(picture), "--json", "--model", str(model)))["label"]
    refused = run("catdog-train", "--data", "synthetic", "--backbone", "quarter", "--backbone-weights", "bundled",
                  PYTHONPATH=installed)  # fmt: skip
    assert refused.returncode == 2
    assert "--backbone-weights of imagenet, random, or a file, for quarter; got bundled" in refused.stderr


def test_peer_gives_a_line_a_picture(tmp_path: Path, picture: Path) -> None:
    pytest.importorskip("PIL", reason="Pillow is not installed")
    script, row = blocks(PEER_PAGE, "python")
    (peer,) = eval(row, vars(peers))  # noqa: S307 - a row, as it stands in the registry
    assert peer.name not in peers.PEERS
    (tmp_path / peer.script).write_text(script)
    command = [sys.executable, str(tmp_path / peer.script), str(bundled_tflite()), "cats,dogs,neither", "1", str(picture)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    label, ms, path = finished.stdout.rstrip("\n").split("\t")
    assert label in ("cats", "dogs", "neither")
    assert float(ms) > 0
    assert path == str(picture)


@pytest.mark.parametrize("page", [*PAGES.values(), PEER_PAGE], ids=lambda page: page.stem)
def test_code_of_the_pages_is_as_ours(page: Path, tmp_path: Path) -> None:
    path = tmp_path / "page.py"
    path.write_text(blocks(page, "python")[0])
    ruff = [str(Path(sys.executable).parent / "ruff")]
    for command in (["check", "--ignore", "INP"], ["format", "--check"]):
        finished = subprocess.run(
            [*ruff, *command, "--config", str(ROOT / "pyproject.toml"), str(path)], capture_output=True, text=True, check=False
        )
        assert finished.returncode == 0, finished.stdout


# What is wrong with others


def test_live_source_runs_in_a_process_of_its_own(strange: str) -> None:
    finished = run("catdog-edge", "ticker://secret/2", "--json", "--max-frames", "3", PYTHONPATH=strange)
    assert finished.returncode == 0, finished.stderr
    lines = [json.loads(line) for line in finished.stdout.splitlines()]
    assert [line["source"] for line in lines if "label" in line] == ["ticker://..."] * 3
    assert all("captured_at" in line for line in lines if "label" in line)
    assert "secret" not in finished.stdout + finished.stderr


def test_live_source_that_fails_is_blamed_on_its_package(strange: str) -> None:
    finished = run("catdog-edge", "ticker://secret/1", "--json", "--max-frames", "3", "--timeout", "3", PYTHONPATH=strange)
    said = finished.stdout + finished.stderr
    assert "the source ticker of catdog-strange" in said
    assert "KeyError" in said


def test_broken_package_is_one_line_and_harms_nobody_else(strange: str, picture: Path) -> None:
    finished = run("catdog-edge", str(picture), "--backend", "broken", PYTHONPATH=strange)
    assert (finished.returncode, finished.stdout) == (14, "")
    said = [line for line in finished.stderr.splitlines() if not line.startswith(("hello", "catdog: the backend litert"))]
    assert said == [
        "catdog-edge: expected the backend broken of catdog-strange 2.0 to load; got OSError: libmissing.so: cannot open "
        "shared object file. Install what it needs, or remove it."
    ]
    assert result(run("catdog-edge", str(picture), "--json", PYTHONPATH=strange))["label"]


def test_name_of_catdogs_own_is_refused(strange: str, picture: Path) -> None:
    own = run("catdog-edge", str(picture), "--json", "--backend", "litert", PYTHONPATH=strange)
    assert result(own)["label"]  # nothing of the strange one was even read
    other = run("catdog-edge", str(picture), "--backend", "other", PYTHONPATH=strange)
    assert other.returncode == 14
    taken, row = other.stderr.splitlines()
    assert taken == "catdog: the backend litert of catdog-strange 2.0 is not taken: catdog has a backend of that name"
    assert "to have that name; got litert" in row


def test_what_is_no_row_is_refused(strange: str, picture: Path) -> None:
    finished = run("catdog-edge", str(picture), "--sink", "text", PYTHONPATH=strange)
    assert finished.returncode == 14
    assert "to be a catdog.edge.sinks.registry.SinkRow; got str at catdog_strange:TEXT" in finished.stderr


def test_row_that_fails_is_blamed_on_its_package(strange: str, picture: Path) -> None:
    finished = run("catdog-edge", str(picture), "--sink", "clumsy:x", PYTHONPATH=strange)
    assert finished.returncode == 14
    assert finished.stderr == (
        "catdog-edge: expected the sink clumsy of catdog-strange 2.0 to work; got KeyError: 'x'. Tell its authors, or remove "
        "it.\n"
    )


def test_file_of_a_strange_kind_is_refused_whatever_packages_do(strange: str, picture: Path, tmp_path: Path) -> None:
    model = tmp_path / "model.bin"
    model.write_bytes(b"any")
    finished = run("catdog-edge", str(picture), "--model", str(model), "--labels", "a,b", PYTHONPATH=strange)
    assert (finished.returncode, finished.stdout) == (6, "")
    said = finished.stderr.splitlines()
    assert said[-1].startswith("catdog-edge: expected a TFLite or ONNX model")
    assert sum("the backend broken of catdog-strange 2.0 to load" in line for line in said) == 1
    assert not any("Traceback" in line for line in said)


@pytest.mark.slow
def test_format_that_no_backend_runs_is_refused_and_the_others_are_published(
    strange: str, small_run: Path, tmp_path: Path
) -> None:
    asked = ("--format", "lost", "--float32", "--model", str(small_run), "--output", str(tmp_path), "--max-drop", "100")
    finished = run("catdog-export", *asked, PYTHONPATH=strange)
    assert finished.returncode == 9
    assert "a backend that runs .bin files" in finished.stderr
    assert {path.name for path in tmp_path.iterdir()} == {
        "transfer-64-float32.tflite", "manifest.json", "report.html", "report.json"
    }  # fmt: skip


def test_doctor_names_plugins_their_packages_and_their_troubles(installed: str, strange: str) -> None:
    finished = run("catdog-edge", "doctor", "--camera", "demo", "--json", PYTHONPATH=f"{installed}:{strange}")
    assert finished.returncode == 0, finished.stderr
    findings = json.loads(finished.stdout)["findings"]
    added = {finding["name"]: finding["values"]["added"] for finding in findings if "added" in finding["values"]}
    expected = {
        "backbones": {"quarter (catdog-quarter 0.1)"},
        "backends": {"litert-plain (catdog-plain 0.1)", "packed (catdog-packed 0.1)"},
        "formats": {"lost (catdog-strange 2.0)", "packed (catdog-packed 0.1)"},
        "sinks": {"clumsy (catdog-strange 2.0)", "sqlite (catdog-sqlite 0.1)"},
        "sources": {"ticker (catdog-strange 2.0)", "zip (catdog-zip 0.1)"},
    }
    assert all(rows <= set(added[name]) for name, rows in expected.items()), added  # others may be installed, too
    troubles = [finding for finding in findings if finding["name"] == "plugin"]
    assert len(troubles) == 5
    assert all(finding["verdict"] == "warning" and finding["fix"] for finding in troubles)


def test_plain_start_reads_no_entry_points(picture: Path) -> None:
    code = (
        "import sys; from catdog.edge.program.cli import main; main(sys.argv[1:]); "
        "print(sorted({'importlib.metadata', 'catdog.edge.sources.registry', 'catdog.edge.sinks.registry'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(picture), "--backend", "litert"]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert finished.stdout.splitlines()[-1] == "[]"


@pytest.mark.slow
def test_pixels_of_a_row_are_scaled_as_it_says() -> None:
    pytest.importorskip("tensorflow", reason="the extra train is not installed")
    from catdog.train.backbones import BACKBONES
    from catdog.train.model import build_model

    pixels = np.array([0.0, 127.5, 255.0], np.float32).reshape(1, 1, 1, 3)
    for name, row in BACKBONES.own.items():
        preprocess = build_model("transfer", image_size=64, backbone=name).core.get_layer("preprocess")
        black, white = (np.broadcast_to(level, 3) for level in row.scale)  # of all colours, or of each
        grey = np.repeat(pixels.reshape(1, 3, 1, 1), 3, axis=-1)  # black, grey and white, one above the other
        scaled = np.array(preprocess(grey))[0, :, 0]
        assert scaled == pytest.approx(np.stack([black, (black + white) / 2, white]), abs=1e-5)

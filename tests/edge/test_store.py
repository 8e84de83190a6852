"""The folder of models: whatever happens to it, one whole model is in use, or it is said why not."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from catdog.edge.contract.artifact import ONNX_PROPERTY, read_model_file
from catdog.edge.contract.seal import add_onnx_property, seal_onnx
from catdog.edge.errors import InputNotFoundError, ModelError, OutputError
from catdog.edge.foreign.claims import Claims
from catdog.edge.inference.classifier import Classifier
from catdog.edge.models import bundled_tflite
from catdog.edge.program.cli import main
from catdog.edge.store import ModelStore

DATA = {name: bundled_tflite(name).read_bytes() for name in ("default", "fast", "tiny")}
# For each line on stdin a process of its own that puts each model in anew, uses it, and goes back now and then, for ever: any
# moment is one of writing. Forked, so that not each of them has to load the runtime first.
WRITER = """
    import os, sys
    from pathlib import Path
    from catdog.edge.models import bundled_tflite
    from catdog.edge.store import ModelStore

    store = ModelStore(Path(sys.argv[1]))
    models = [bundled_tflite(name).read_bytes() for name in ("default", "fast", "tiny")]
    while sys.stdin.readline():
        child = os.fork()
        if child:
            print(child, flush=True)
            os.waitpid(child, 0)
            print("ended", flush=True)
            continue
        while True:
            for data in models:
                model = store.put(data, said="again")
                store.use(model.id)
                for other in store.models():
                    if other.id not in (model.id, *store.choice().before[-1:]):
                        other.path.unlink()
            store.back()
"""


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def filled(store: ModelStore, *names: str) -> list[str]:
    """Put bundled models in and use them in turn; return their ids."""
    return [store.use(store.put(DATA[name], said=f"bundled {name}").id).id for name in names]


def test_models_are_put_in_used_and_gone_back_from(store: ModelStore) -> None:
    assert (store.models(), store.current(), store.stamp()) == ((), None, None)
    default, fast = filled(store, "default", "fast")
    assert store.put(DATA["tiny"], said="for later").name == "tiny"
    assert [(model.name, model.said, model.trouble) for model in store.models()] == [
        ("default", "bundled default", ""),
        ("fast", "bundled fast", ""),
        ("tiny", "for later", ""),
    ]
    current = store.current()
    assert current is not None
    assert (current.id, current.labels) == (fast, ("cats", "dogs", "neither"))
    assert store.put(DATA["fast"], said="once more").said == "bundled fast"  # it is there already
    stamp = store.stamp()
    assert store.back(why="it was worse", of=default).id == fast  # which is not in use: somebody else has chosen
    assert store.stamp() == stamp
    assert store.back(why="it was worse").id == default
    assert store.stamp() != stamp
    choice = store.choice()
    assert choice is not None
    assert (choice.current, choice.before, choice.why, choice.went_back) == (default, (), "it was worse", True)
    with pytest.raises(InputNotFoundError, match="in use before"):
        store.back()
    assert store.use(fast[:5]).id == fast


def test_what_is_no_whole_sealed_model_is_refused(store: ModelStore, tmp_path: Path) -> None:
    whole = DATA["tiny"]
    unsealed = whole[: read_model_file(bundled_tflite("tiny")).model_bytes]
    changed = whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:]
    for data in (b"", b"hello", whole[: len(whole) // 2], whole[:-1], unsealed, changed):
        with pytest.raises(ModelError):
            store.put(data, said="a test")
    assert not store.folder.exists()
    filled(store, "tiny")
    for id in ("", "zz", "0123456789ab"):
        with pytest.raises(InputNotFoundError):
            store.use(id)


def test_an_onnx_file_is_kept_as_well(store: ModelStore, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    foreign_models = pytest.importorskip("foreign_models")
    content = foreign_models.onnx(3)
    (tmp_path / "other.onnx").write_bytes(content)
    other = Classifier(tmp_path / "other.onnx", claims=Claims(labels=("cats", "dogs", "birds"), input_range="0..1"))
    with pytest.raises(ModelError, match="seal"):
        store.put(content, said="of others")
    adopted = seal_onnx(add_onnx_property(content, ONNX_PROPERTY, other.contract.to_json()))
    model = store.use(store.put(adopted, said="adopted").id)
    assert model.path.suffix == ".onnx"
    assert model == store.current()
    assert model.labels == ("cats", "dogs", "birds")  # from beside the file, without a runtime
    assert Classifier(model.path).contract.labels == model.labels
    with pytest.raises(ModelError, match="undamaged"):
        store.put(adopted[:-1] + b"x", said="changed")


def test_a_damaged_model_is_not_used_and_told(store: ModelStore) -> None:
    said: list[str] = []
    default, fast, tiny = filled(store, "default", "fast", "tiny")
    path = store.folder / f"{tiny}.tflite"
    path.write_bytes(DATA["tiny"][:-100])
    (store.folder / f"{fast}.tflite").unlink()
    again = ModelStore(store.folder, said.append)
    for _ in range(2):
        current = again.current()
        assert current is not None
        assert current.id == default
    assert len(said) == 3  # each once
    assert "changed or cut short" in said[0]
    assert "going on with" in said[2]
    with pytest.raises(ModelError):
        again.use(tiny)
    assert [bool(model.trouble) for model in again.models()] == [False, True]
    assert again.back().id == default
    assert again.put(DATA["tiny"], said="anew").id == tiny  # takes the place of the damaged file
    assert again.use(tiny).id == tiny
    for file in store.folder.glob("*.tflite"):
        file.write_bytes(b"")
    with pytest.raises(ModelError):
        again.current()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"current": 1}', '{"current": "../../../etc", "before": []}', "\x00" * 200])
def test_a_damaged_document_falls_back_to_the_one_before(store: ModelStore, text: str) -> None:
    said: list[str] = []
    default, fast = filled(store, "default", "fast")
    (store.folder / "current.json").write_text(text)
    again = ModelStore(store.folder, said.append)
    current = again.current()
    assert current is not None
    assert current.id == default
    assert any("current.json" in line for line in said)
    assert again.use(fast).id == fast
    assert again.choice().before == (default,)  # type: ignore[union-attr]
    (store.folder / "current.json").write_text(text)
    (store.folder / "current.before.json").write_text(text)
    assert ModelStore(store.folder).current() is None


def added_on_a_full_disk(store: ModelStore) -> subprocess.CompletedProcess[str]:
    """Add `default` where, as far as a process can tell, the disk is full: no file may grow beyond a megabyte."""
    return subprocess.run(
        [str(Path(sys.executable).parent / "catdog-edge"), "models", "add", "default", "--models", str(store.folder)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000)),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_folder_that_cannot_be_written_changes_nothing(store: ModelStore, tmp_path: Path) -> None:
    default, fast = filled(store, "default", "fast")
    (tmp_path / "taken").touch()
    for folder in (tmp_path / "taken", Path("/proc/models")):
        with pytest.raises(OutputError):
            ModelStore(folder).put(DATA["tiny"], said="")
    assert added_on_a_full_disk(store).returncode == 0  # it is there already: nothing is written
    (store.folder / f"{default}.tflite").unlink()
    finished = added_on_a_full_disk(store)
    assert finished.returncode == 10
    assert len(finished.stderr.splitlines()) == 1
    current = store.current()
    assert current is not None
    assert current.id == fast
    assert [path.name for path in store.folder.glob("*.tflite")] == [f"{fast}.tflite"]


def killed_again_and_again(folder: Path, times: int, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    store = ModelStore(folder)
    known = set(filled(store, "default"))
    known |= {store.put(data, said="").id for data in DATA.values()}
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        for _ in range(times):
            writer.stdin.write("\n")
            writer.stdin.flush()
            child = int(writer.stdout.readline())
            time.sleep(rng.uniform(0, 0.25))
            os.kill(child, signal.SIGKILL)
            assert writer.stdout.readline() == "ended\n"
            said: list[str] = []
            current = ModelStore(folder, said.append).current()
            assert current is not None
            assert current.id in known
            assert said == []
            assert all(not model.trouble for model in store.models())
        writer.stdin.close()
    filled(store, "tiny")  # what was left half done is no hindrance, and swept away
    assert not list(folder.glob(".*.tflite"))


def test_killed_at_any_moment_one_whole_model_is_in_use(tmp_path: Path) -> None:
    killed_again_and_again(tmp_path, 12, seed=1)


@pytest.mark.slow
def test_killed_at_fifty_moments_one_whole_model_is_in_use(tmp_path: Path) -> None:
    killed_again_and_again(tmp_path, 50, seed=2)


def test_the_command_lists_adds_uses_and_goes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def models(*words: str) -> tuple[int, str, str]:
        code = main(["models", *words, "--models", "m"])
        out, err = capsys.readouterr()
        return code, out, err

    def code(*words: str) -> int:
        return models(*words)[0]

    assert code("list") == 3
    assert code("use") == code("list", "x") == code("back", "--json") == 2
    assert code("add", "fast") == 0
    (tmp_path / "own.tflite").write_bytes(DATA["tiny"])
    id = models("add", "own.tflite")[1].split()[0]
    assert json.loads(models("list", "--json")[1])["current"] is None
    assert code("use", "fffff") == code("back") == code("add", "absent") == 3
    assert models("use", id)[1].startswith(id)
    assert "in use" in next(line for line in models("list")[1].splitlines() if id in line)
    listed = json.loads(models("list", "--json")[1])
    assert (listed["current"], listed["before"], listed["why"]) == (id, [], "chosen by hand")
    assert [(model["name"], model["said"], model["in_use"]) for model in listed["models"]] == [
        ("fast", "bundled fast", False),
        ("tiny", "file own.tflite", True),
    ]
    (tmp_path / "half.tflite").write_bytes(DATA["tiny"][:100_000])
    refused, _, said = models("add", "half.tflite")
    assert (refused, len(said.splitlines())) == (6, 1)

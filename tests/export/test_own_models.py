"""Keras models that catdog did not train: through the same gate to the same formats; hostile files are refused unread."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from marks import mostly_slow

pytest.importorskip("tensorflow", reason="the extra export is not installed")
pytest.importorskip("onnx", reason="the extra export is not installed")

import keras
from commands import run
from foreign_models import SIDE, prepared, random_picture, softmax
from keras import layers

from catdog.edge import Classifier, InputSpec, ModelContract
from catdog.edge.errors import CatdogError, ModelError, UnprovenError, UsageError, VerificationError
from catdog.edge.foreign.claims import Claims
from catdog.export import export
from catdog.export.formats import FORMATS
from catdog.export.keras_file import require_only_layers
from catdog.train.model_file import read_model

LABELS = ("cats", "dogs", "birds")
_EACH = 12
MINUS_ONE, AS_IT_IS = ((127.5,), (127.5,)), ((0.0,), (1.0,))


def sequential(ending: str = "softmax", classes: int = 3) -> keras.Model:
    """A small network that takes -1 to 1."""
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            layers.Conv2D(8, 5, strides=4, activation="relu"),
            layers.BatchNormalization(),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.2),
            layers.Dense(classes, activation=ending, name="answer"),
        ],
        name="own",
    )


def functional() -> keras.Model:
    """The same as a graph in a graph, with its scaling inside and a softmax of its own at the end."""
    inner = sequential("linear")
    pixels = keras.Input((SIDE, SIDE, 3))
    row = inner(layers.Rescaling(1 / 127.5, offset=-1)(pixels))
    return keras.Model(pixels, layers.Softmax()(row), name="own")


def of_operations() -> keras.Model:
    """The same, with operations where others have layers."""
    inner = sequential("linear")
    pixels = keras.Input((SIDE, SIDE, 3))
    return keras.Model(pixels, keras.ops.softmax(inner(pixels / 127.5 - 1)), name="own")


class Subclass(keras.Model):  # type: ignore[misc]
    """A model whose graph nobody can look into."""

    def __init__(self) -> None:
        super().__init__(name="own")
        self.inside = sequential("linear")

    def call(self, numbers: Any) -> Any:
        return keras.ops.softmax(self.inside(numbers))


def balanced(model: keras.Model, normal: Any) -> keras.Model:
    """Let a network of random weights give each answer about as often."""
    rng = np.random.default_rng(0)
    seen = np.concatenate([prepared(random_picture(rng), *normal) for _ in range(300)])
    inside = getattr(model, "inside", model)
    *_, last = (layer for layer in inside._flatten_layers() if isinstance(layer, layers.Dense))
    (features,) = (layer for layer in inside._flatten_layers() if isinstance(layer, layers.GlobalAveragePooling2D))
    owner = next(each for each in (inside, *inside.layers) if isinstance(each, keras.Sequential))
    given = seen if owner is inside else seen / 127.5 - 1
    found = np.asarray(keras.Model(owner.inputs[0], features.output)(given))
    kernel = last.kernel.numpy() * 2 / (found @ last.kernel.numpy()).std(axis=0)
    last.kernel.assign(kernel)
    last.bias.assign(-(found @ kernel).mean(axis=0))
    return model


def own_answer(model: keras.Model, normal: Any, picture: Any) -> np.ndarray:
    return np.asarray(model(prepared(picture, *normal), training=False))[0]


def photographs(folder: Path, model: keras.Model, normal: Any, labels: tuple[str, ...] = LABELS) -> Path:
    """Write pictures that the model is right on, as many of each label."""
    rng = np.random.default_rng(5)
    pictures = [random_picture(rng) for _ in range(600)]
    rows = np.asarray(model(np.concatenate([prepared(picture, *normal) for picture in pictures]), training=False))
    answers = rows.argmax(axis=1) if rows.shape[1] > 1 else (rows[:, 0] > 0.5).astype(int)
    for place, label in enumerate(labels):
        (folder / label).mkdir(parents=True)
        chosen = np.flatnonzero(answers == place)[:_EACH]
        assert len(chosen) == _EACH
        for number in chosen:
            cv2.imwrite(str(folder / label / f"{number}.png"), pictures[number])
    return folder


@pytest.mark.slow
def test_the_command_gives_all_six_formats(tmp_path: Path) -> None:
    model = balanced(sequential(), MINUS_ONE)
    model.save(tmp_path / "own.keras")
    photos = photographs(tmp_path / "photos", model, MINUS_ONE)
    (tmp_path / "labels.txt").write_text("0 cats\n1 dogs\n2 birds\n")
    finished = run(
        "catdog-export", "--model", "own.keras", "--labels", "labels.txt", "--input-range", "-1..1", "--verify", str(photos),
        "--all", "--max-drop", "20", "--calibration-count", "40", cwd=tmp_path,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    pictures = sorted(photos.rglob("*.png"))[::5]
    for kind in FORMATS.values():
        classifier = Classifier(tmp_path / "exports" / f"own{kind.ending}")
        assert classifier.contract.labels == LABELS
        assert classifier.contract.adopted is not None
        assert classifier.contract.adopted.given == "--labels --input-range -1..1"
        for picture in pictures:
            expected = own_answer(model, MINUS_ONE, cv2.imread(str(picture)))
            found = list(classifier.classify(picture).scores.values())
            assert found == pytest.approx(expected.tolist(), abs=max(0.01, kind.tolerance))


KINDS: dict[str, tuple[Callable[[], Any], Any, Claims]] = {
    "functional, scaled inside, a softmax layer": (functional, AS_IT_IS, Claims(LABELS, "0..255")),
    "operations": (of_operations, AS_IT_IS, Claims(LABELS, "0..255")),
    "logits": (lambda: sequential("linear"), MINUS_ONE, Claims(LABELS, "-1..1")),
    "one sigmoid": (lambda: sequential("sigmoid", 1), MINUS_ONE, Claims(LABELS[:2], "-1..1")),
    "a class of its own": (
        Subclass, MINUS_ONE, Claims(LABELS, "-1..1", scores="probabilities", input_size=(SIDE, SIDE)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", mostly_slow(KINDS, "logits"))
def test_kinds_of_models(kind: str, tmp_path: Path) -> None:
    make, normal, claims = KINDS[kind]
    model = make()
    if kind == "a class of its own":
        model(np.zeros((1, SIDE, SIDE, 3), np.float32))
    balanced(model, normal)
    assert claims.labels is not None
    photos = photographs(tmp_path / "photos", model, normal, claims.labels)
    pictures = [cv2.imread(str(path)) for path in sorted(photos.rglob("*.png"))[::7]]
    before = [own_answer(model, normal, picture) for picture in pictures]
    exported = export(
        model, formats=["int8", "float32"], output=tmp_path / "out", claims=claims, verify=str(photos), max_drop=20,
        calibration_count=40, diagnose=False, log=lambda line: None,
    )  # fmt: skip
    assert [path.name for path in exported.files] == ["own-int8.tflite", "own-float32.tflite"], exported.failed
    for path, tolerance in zip(exported.files, (0.1, 0.01), strict=True):
        classifier = Classifier(path)
        for picture, row in zip(pictures, before, strict=True):
            scores = [1 - row[0], row[0]] if len(row) == 1 else softmax(row) if kind == "logits" else row
            assert list(classifier.classify(picture).scores.values()) == pytest.approx(list(scores), abs=tolerance)
    # What was given is as it was.
    assert np.allclose(own_answer(model, normal, pictures[0]), before[0])


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A saved model and pictures that it is right on."""
    folder = tmp_path_factory.mktemp("saved")
    model = balanced(sequential(), MINUS_ONE)
    model.save(folder / "own.keras")
    return folder / "own.keras", photographs(folder / "photos", model, MINUS_ONE)


@pytest.mark.parametrize(
    ("claims", "verify", "kind", "said"),
    [
        (None, True, ModelError, "--labels .*--input-range"),
        (Claims(LABELS), True, ModelError, "--input-range"),
        (Claims(LABELS, "-1..1"), False, UsageError, "--verify"),
        (Claims(LABELS[:2], "-1..1"), True, UsageError, "3 labels"),
        (Claims(LABELS, "0..255"), True, VerificationError, r"--input-range -1\.\.1"),
        (Claims(("dogs", "cats", "birds"), "-1..1"), True, VerificationError, "cats is answered dogs"),
        (Claims(("a", "b", "c"), "-1..1"), True, CatdogError, "a, b, c"),
        (Claims(LABELS, "-1..1", scores="logits"), True, UsageError, "softmax"),
        (Claims(LABELS, "-1..1", resize="crop"), True, ModelError, "adopt"),
    ],
)
def test_what_is_missing_or_does_not_hold(
    claims: Claims | None, verify: bool, kind: type[CatdogError], said: str, saved: tuple[Path, Path], tmp_path: Path
) -> None:
    path, photos = saved
    with pytest.raises(kind, match=said):
        export(path, output=tmp_path / "out", claims=claims, verify=str(photos) if verify else None, log=lambda line: None)
    assert not (tmp_path / "out").exists()


def test_pictures_too_few(saved: tuple[Path, Path], tmp_path: Path) -> None:
    path, photos = saved
    for label in LABELS[:2]:
        (tmp_path / "few" / label).mkdir(parents=True)
        first = min((photos / label).iterdir())
        (tmp_path / "few" / label / first.name).write_bytes(first.read_bytes())
    with pytest.raises(UnprovenError, match="pictures enough to tell"):
        export(
            path, output=tmp_path / "out", claims=Claims(LABELS, "-1..1"), verify=str(tmp_path / "few"), log=lambda line: None
        )


def test_nothing_is_said_of_catdogs_own_models() -> None:
    with pytest.raises(UsageError, match="catdog did not train"):
        export("default", claims=Claims(LABELS))


def _hostile(folder: Path, kind: str) -> tuple[Path, Path]:
    """Write a `.keras` file that would write a canary, were anything of it run; and the package that it names beside it."""
    canary, path = folder / "canary", folder / "hostile.keras"
    code = f"__import__('pathlib').Path({str(canary)!r}).write_text('run')"
    if kind == "lambda":
        # Written where running it is allowed, as its author would; the canary is of later.
        model = keras.Sequential([keras.Input((SIDE, SIDE, 3)), layers.Lambda(lambda x: exec(code) or x)])  # noqa: S102
        model.save(path)
        canary.unlink(missing_ok=True)
        return path, canary
    sequential().save(path)
    (folder / "evil.py").write_text(
        f"import keras\n{code}\n@keras.saving.register_keras_serializable('evil')\nclass Layer(keras.layers.Layer): pass\n"
    )
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(entries["config.json"])
    layer = config["config"]["layers"][1]
    if kind == "package":
        layer |= {"module": "evil", "class_name": "Layer", "registered_name": "evil>Layer"}
    elif kind == "registered":
        layer |= {"module": None, "class_name": "Layer", "registered_name": "evil>Layer"}
    elif kind == "compiled within":
        inner = json.loads(json.dumps(config))
        inner["compile_config"] = {
            "optimizer": {"module": "evil", "class_name": "Layer", "config": {}, "registered_name": None}
        }
        config["config"]["layers"][1:1] = [inner]
    elif kind == "activation":
        lambda_ = {"class_name": "__lambda__", "config": {"value": "4wAAAAA=", "defaults": None, "closure": None}}
        layer["config"]["activation"] = lambda_
    elif kind == "saved model":
        layer |= {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": str(folder)}}
    elif kind == "utility":
        layer["config"]["activation"] = {"module": "keras.utils", "class_name": "function", "config": "get_file"}
    elif kind == "escape":
        entries["../../escaped.txt"] = b"out"
    elif kind == "deep":
        entries["config.json"] = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    if kind != "deep":
        entries["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path, canary


@pytest.mark.parametrize("kind", ["lambda", "package", "registered", "activation", "saved model", "utility", "escape", "deep"])
def test_a_hostile_file_is_refused_and_nothing_of_it_is_run(kind: str, tmp_path: Path) -> None:
    path, canary = _hostile(tmp_path, kind)
    (tmp_path / "photos" / "cats").mkdir(parents=True)
    said = ("--labels", "cats,dogs,birds", "--input-range", "-1..1", "--verify", "photos")
    # What the file names can be imported, so that the canary would sing.
    finished = run("catdog-export", "--model", str(path), *said, cwd=tmp_path, PYTHONPATH=_with_path(tmp_path))
    assert finished.returncode == ModelError.exit_code, finished.stderr
    assert len(finished.stderr.splitlines()) <= 2
    assert not canary.exists()


@pytest.mark.parametrize("kind", ["lambda", "package", "registered"])
def test_a_hostile_file_in_the_guise_of_a_run_is_refused_too(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, canary = _hostile(tmp_path, kind)
    contract = ModelContract("run", LABELS, InputSpec(SIDE, SIDE, "float32"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("catdog.json", contract.to_json())
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelError):
        read_model(path)
    assert not canary.exists()


def test_the_canary_sings_where_the_code_is_run(tmp_path: Path) -> None:
    # Else the tests above could not fail.
    path, canary = _hostile(tmp_path, "lambda")
    model = keras.models.load_model(path, safe_mode=False)
    model(np.zeros((1, SIDE, SIDE, 3), np.float32))
    assert canary.exists()


def test_code_that_a_model_within_is_compiled_with_is_refused(tmp_path: Path) -> None:
    path, _ = _hostile(tmp_path, "compiled within")
    with pytest.raises(ModelError, match="Layer of evil"):
        require_only_layers(path)
    # Else there were no need: Keras looks for the code, though it is told not to compile.
    with pytest.raises(TypeError, match="'module': 'evil'"):
        keras.models.load_model(path, compile=False)


def test_compiled_models_within_are_no_code(tmp_path: Path) -> None:
    inner = sequential()
    inner.compile("adam", keras.losses.CategoricalCrossentropy(), metrics=["accuracy"])
    model = keras.Sequential([keras.Input((SIDE, SIDE, 3)), inner])
    model.compile("sgd", "mse")
    model.save(tmp_path / "own.keras")
    require_only_layers(tmp_path / "own.keras")  # no ModelError: nothing in it is code


def test_other_formats_of_keras_are_named(tmp_path: Path) -> None:
    (tmp_path / "own.h5").write_bytes(b"\x89HDF\r\n")
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"")
    for name in ("own.h5", "saved"):
        with pytest.raises(ModelError, match=r"model\.save\('own\.keras'\)"):
            export(tmp_path / name, claims=Claims(LABELS, "0..1"), verify="photos", output=tmp_path / "out")


def _with_path(folder: Path) -> str:
    import os

    return os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH", ""))))

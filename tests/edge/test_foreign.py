"""Models of others: the scores of their own runtime after their own preprocessing, or a refusal that says what to type."""

import math
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from foreign_models import (
    IMAGENET,
    MINUS_ONE,
    SIDE,
    ZERO_ONE,
    Array,
    answer_of_onnx,
    answer_of_tflite,
    onnx,
    pictures,
    prepared,
    softmax,
    tflite,
    with_metadata,
)

from catdog.edge import Classifier
from catdog.edge.errors import CatdogError, ModelError, UsageError
from catdog.edge.foreign.arguments import model_claims
from catdog.edge.foreign.claims import Claims
from catdog.edge.foreign.tflite import said_by_tflite
from catdog.edge.program.arguments import parse
from catdog.edge.program.cli import main

pytest.importorskip("tensorflow", reason="the extra train is not installed")
pytest.importorskip("onnx", reason="the extra export is not installed")

PETS = ("cats", "dogs", "birds")
ULTRALYTICS = {"task": "classify", "names": "{0: 'cats', 1: 'dogs', 2: 'birds'}", "imgsz": f"[{SIDE}, {SIDE}]", "stride": "1"}
BYTES = ((0.0,), (1.0,))  # Coral's and Teachable Machine's example code gives the picture as it is to uint8
MANY = [f"thing {number}" for number in range(1001)]


@dataclass(frozen=True)
class Kind:
    """A kind of model.

    Attributes:
        suffix: of the file.
        make: gives its bytes, written to a path that it may write weights beside.
        normal: mean and std of its own preprocessing.
        options: what has to be typed beside the file; FOLDER is where the file is.
        asks: the options that the refusal names where nothing is typed; empty where the file says it all.
        labels: of the row.
        planes: whether colours come first.
        crop: whether it takes the middle of a picture.
        finish: from the row to scores.
    """

    suffix: str
    make: Callable[[Path], bytes]
    normal: tuple[Any, Any] = MINUS_ONE
    options: str = ""
    asks: tuple[str, ...] = ()
    labels: tuple[str, ...] = PETS
    planes: bool = False
    crop: bool = False
    finish: Callable[[Array], Array] = field(default=lambda row: row)


def _of_tflite(classes: int, *given: str, metadata: tuple[Any, Any] | None = None, **options: Any) -> Callable[[Path], bytes]:
    def make(_: Path) -> bytes:
        content = tflite(classes, *given, **options)
        return content if metadata is None else with_metadata(content, PETS, *metadata)

    return make


def _of_onnx(*given: Any, **options: Any) -> Callable[[Path], bytes]:
    return lambda _: onnx(*given, **options)


def _beside(path: Path) -> bytes:
    return onnx(3, layout="nhwc", external=path)


ASKED = ("--labels", "--input-range")
KINDS = {
    "float32 with metadata, -1..1": Kind(".tflite", _of_tflite(3, metadata=MINUS_ONE)),
    "float32 with metadata, ImageNet's": Kind(".tflite", _of_tflite(3, metadata=IMAGENET, normal=IMAGENET), IMAGENET),
    "uint8 in and out, Teachable Machine's labels": Kind(
        ".tflite", _of_tflite(3, kind="uint8"), BYTES, options="--labels FOLDER/labels.txt", asks=("--labels",)
    ),
    "int8 in and out, 0..1": Kind(
        ".tflite", _of_tflite(3, kind="int8", normal=ZERO_ONE), ZERO_ONE, "--labels cats,dogs,birds", ("--labels",)
    ),
    "int8 in and out, ImageNet's": Kind(
        ".tflite",
        _of_tflite(3, kind="int8", normal=IMAGENET),
        IMAGENET,
        "--labels cats,dogs,birds --input-range imagenet",
        ASKED,
    ),
    "float16, Teachable Machine's": Kind(
        ".tflite", _of_tflite(3, kind="float16"), options="--labels FOLDER/labels.txt --input-range -1..1", asks=ASKED
    ),
    "float32 logits": Kind(
        ".tflite",
        _of_tflite(3, "logits", normal=ZERO_ONE),
        ZERO_ONE,
        "--labels cats,dogs,birds --input-range 0..1",
        ASKED,
        finish=softmax,
    ),
    "float32, shares, any size": Kind(
        ".tflite",
        _of_tflite(3, "shares", any_size=True),
        options=f"--labels cats,dogs,birds --input-range 127.5/127.5 --scores probabilities --input-size {SIDE}x{SIDE}",
        asks=(*ASKED, "--scores", "--input-size"),
    ),
    "float32, a sigmoid for each label": Kind(
        ".tflite", _of_tflite(3, "sigmoid"), options="--labels cats,dogs,birds --input-range=-1..1", asks=ASKED
    ),
    "float32, one sigmoid": Kind(
        ".tflite",
        _of_tflite(1, "sigmoid"),
        options="--labels cats,dogs --input-range -1..1",
        asks=ASKED,
        labels=PETS[:2],
        finish=lambda row: np.array([1 - row[0], row[0]]),
    ),
    "float32, one logit": Kind(
        ".tflite",
        _of_tflite(1, "logits"),
        options="--labels cats,dogs --input-range -1..1",
        asks=ASKED,
        labels=PETS[:2],
        finish=lambda row: softmax(np.array([0, row[0]])),
    ),
    "1,001 labels, uint8": Kind(
        ".tflite",
        _of_tflite(1001, kind="uint8"),
        BYTES,
        options="--labels FOLDER/many.txt",
        asks=("--labels",),
        labels=tuple(MANY),
    ),
    "ONNX, Ultralytics'": Kind(".onnx", _of_onnx(3, properties=ULTRALYTICS), ZERO_ONE, planes=True, crop=True),
    "ONNX, any batch and size, logits": Kind(
        ".onnx",
        _of_onnx(3, "", normal=IMAGENET, shape=["n", 3, "h", "w"], row=["n", "classes"]),
        IMAGENET,
        f"--labels cats,dogs,birds --input-range imagenet --input-size {SIDE}x{SIDE}",
        (*ASKED, "--input-size"),
        planes=True,
        finish=softmax,
    ),
    "ONNX, any axes": Kind(
        ".onnx",
        _of_onnx(3, shape=["n", "a", "b", "c"]),
        ZERO_ONE,
        f"--labels cats,dogs,birds --input-range 0..1 --layout nchw --input-size {SIDE}x{SIDE}",
        (*ASKED, "--layout"),
        planes=True,
    ),
    "ONNX, float16": Kind(
        ".onnx", _of_onnx(3, dtype="float16"), ZERO_ONE, "--labels cats,dogs,birds --input-range 0..1", ASKED, planes=True
    ),
    "ONNX, weights beside it": Kind(".onnx", _beside, ZERO_ONE, "--labels cats,dogs,birds --input-range 0..1", ASKED),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives the path of a kind's file, made once."""
    made: dict[str, Path] = {}

    def of(name: str) -> Path:
        if name not in made:
            folder = tmp_path_factory.mktemp("model")
            made[name] = folder / f"model{KINDS[name].suffix}"
            (folder / "many.txt").write_text("\n".join(MANY))
            made[name].write_bytes(KINDS[name].make(made[name]))
        return made[name]

    return of


def _opened(path: Path, options: str) -> Classifier:
    arguments = parse(["--model", str(path), *options.replace("FOLDER", str(path.parent)).split(), "a.jpg"])
    return Classifier(arguments.model, claims=model_claims(arguments))


@pytest.mark.parametrize("name", KINDS)
def test_scores_are_those_of_the_models_own_runtime(name: str, models: Callable[[str], Path]) -> None:
    kind, path = KINDS[name], models(name)
    (path.parent / "labels.txt").write_text("0 cats\n1 dogs\n2 birds\n")
    classifier = _opened(path, kind.options)
    assert path.stat().st_size < 60_000
    rows = []
    for picture in pictures():
        pixels = prepared(picture, *kind.normal, crop=kind.crop)
        if kind.planes:
            pixels = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
        row = answer_of_onnx(path, pixels) if path.suffix == ".onnx" else answer_of_tflite(path.read_bytes(), pixels)
        expected = kind.finish(row)
        found = classifier.classify(picture)
        assert list(found.scores) == list(kind.labels)
        assert found.label == kind.labels[int(expected.argmax())]
        assert list(found.scores.values()) == pytest.approx(expected.tolist(), abs=0.01)
        rows.append(expected)
    assert np.ptp(rows, axis=0).max() > 0.05  # else nothing could be told


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.asks])
def test_what_is_missing_is_asked_for_in_one_line(
    name: str, models: Callable[[str], Path], picture: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = models(name)
    assert main([str(picture), "--model", str(path)]) == ModelError.exit_code
    out, err = capfd.readouterr()
    assert not out
    assert len(err.splitlines()) == 1
    asked = re.findall(r"--(?!help)[a-z-]+", err.partition("Add what")[2])
    assert sorted(asked) == sorted(KINDS[name].asks)


def test_a_file_of_labels_beside_the_model_is_named(models: Callable[[str], Path]) -> None:
    path = models("float16, Teachable Machine's")
    (path.parent / "labels.txt").write_text("0 cats\n1 dogs\n2 birds\n")
    with pytest.raises(ModelError, match=f"--labels {re.escape(str(path.parent))}/labels.txt"):
        Classifier(path)


def test_what_is_said_goes_before_what_the_file_says(models: Callable[[str], Path]) -> None:
    path = models("float32 with metadata, -1..1")
    assert Classifier(path, labels=["a", "b", "c"]).contract.labels == ("a", "b", "c")
    picture = pictures()[2]
    told = Classifier(path, claims=Claims(input_range="0..1")).classify(picture)
    assert list(told.scores.values()) == pytest.approx(
        answer_of_tflite(path.read_bytes(), prepared(picture, *ZERO_ONE)), abs=1e-3
    )


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("float32 with metadata, -1..1", "--labels a,b", "3 labels .* one a line"),
        ("1,001 labels, uint8", "--labels FOLDER/thousand.txt", "background"),
        ("int8 in and out, 0..1", "--labels a,b,c --input-range 0..255", "stand for 0 to 1"),
        ("int8 in and out, 0..1", "--labels a,b,c --input-range=-1..1", "stand for 0 to 1"),
        ("float32 with metadata, -1..1", "--scores logits", "ends in SOFTMAX"),
        ("float32 with metadata, -1..1", "--layout nchw", "Leave it out"),
        ("float32 with metadata, -1..1", "--input-size 64x64", "the file says it"),
        ("float32 with metadata, -1..1", "--input-range 0..2", "MEAN/STD"),
        ("float32 with metadata, -1..1", "--input-range 1/0", "MEAN/STD"),
        ("float32 with metadata, -1..1", "--labels a,a,b", "a twice"),
        ("float32 with metadata, -1..1", "--labels FOLDER/none.txt", "does not exist"),
        ("float32 with metadata, -1..1", "--labels FOLDER/empty.txt", "empty"),
        ("float32 with metadata, -1..1", "--labels FOLDER/binary.txt", "UTF-8"),
        ("float32 with metadata, -1..1", "--labels FOLDER/gap.txt", "line 2"),
    ],
)
def test_what_cannot_be_is_refused(name: str, options: str, said: str, models: Callable[[str], Path]) -> None:
    path = models(name)
    (path.parent / "thousand.txt").write_text("\n".join(MANY[1:]))
    (path.parent / "empty.txt").write_text("")
    (path.parent / "binary.txt").write_bytes(b"\xff\xfe\x00c")
    (path.parent / "gap.txt").write_text("a\n\nb\n")
    with pytest.raises(CatdogError, match=said):
        _opened(path, options)


def test_logits_taken_for_probabilities_are_refused_when_they_come(models: Callable[[str], Path]) -> None:
    classifier = _opened(models("float32 logits"), "--labels a,b,c --input-range 0..255 --scores probabilities")
    with pytest.raises(ModelError, match="--scores logits"):
        classifier.classify(pictures()[3])


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("cats\r\ndogs\r\n", ("cats", "dogs")),
        ("\ufeff0 cats\n1 dogs", ("cats", "dogs")),
        ("1: cats\n2: dogs", ("cats", "dogs")),
        ("1 dogs\n0 cats", ("cats", "dogs")),
        ("0  background\n1  tench, Tinca tinca", ("background", "tench, Tinca tinca")),
        ("1 euro\n2 euro", ("1 euro", "2 euro")),
        ("2 euro\n5 euro", ("2 euro", "5 euro")),
        ("0 cats\ndogs", ("0 cats", "dogs")),
        ("crane\nhen\ncrane", ("crane", "hen", "crane (2)")),
        ("a\na\na (1)\na (1)", ("a", "a (1) (1)", "a (1)", "a (1) (3)")),
    ],
)
def test_files_of_labels(lines: str, expected: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_bytes(lines.encode())
    arguments = parse(["--labels", str(path), "a.jpg"])
    claims = model_claims(arguments)
    assert claims is not None
    assert claims.labels == expected


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"task": "detect", "names": "{0: 'a'}"}, "'detect'"),
        ({"task": "classify", "names": "__import__('os').system('true')"}, "properties as Ultralytics"),
        ({"task": "classify", "names": "(" * 10_000}, "properties as Ultralytics"),
        ({"task": "classify", "names": "{0: 'a', 2: 'b'}"}, "classes 0, 1, 2"),
        ({"task": "classify", "names": "{0: 'a\\n', 1: 'b'}"}, "classes 0, 1, 2"),
        ({"task": "classify", "names": "{0: 'a', 'x': 'b'}"}, "classes 0, 1, 2"),
        ({"task": "classify", "names": "{0: 'a', 1: 'b'}"}, "--labels"),  # the row has three
        ({"catdog": "{}"}, "SHA-256"),
    ],
)
def test_onnx_properties_that_are_no_use(properties: dict[str, str], said: str, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(onnx(3, properties=properties))
    with pytest.raises(ModelError, match=said):
        Classifier(path)


@pytest.mark.parametrize("scale", [math.inf, math.nan])
def test_a_scale_that_is_no_number_is_none(scale: float, models: Callable[[str], Path], tmp_path: Path) -> None:
    content = models("int8 in and out, ImageNet's").read_bytes()
    known = said_by_tflite(content, tmp_path).quantization
    assert known is not None
    path = tmp_path / "m.tflite"
    path.write_bytes(content.replace(struct.pack("<f", known.scale), struct.pack("<f", scale)))
    assert said_by_tflite(path.read_bytes(), path).quantization is None
    with pytest.raises(CatdogError, match="without a scale"):
        Classifier(path, claims=Claims(labels=PETS, input_range="imagenet"))


def test_weights_beside_an_onnx_file(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    content = onnx(3, external=path)
    claims = Claims(labels=PETS, input_range="0..1")
    assert Classifier(path, claims=claims).classify(pictures()[0]).label in PETS
    (tmp_path / "model.onnx.data").unlink()
    with pytest.raises(ModelError, match=r"another file, model\.onnx\.data; .*save the model as one file"):
        Classifier(path, claims=claims)
    path.write_bytes(content.replace(b"model.onnx.data", b"../../../../etc"))
    with pytest.raises(ModelError, match="no business elsewhere"):
        Classifier(path, claims=claims)


@pytest.mark.parametrize("name", ["float32 with metadata, -1..1", "ONNX, Ultralytics'"])
def test_a_file_that_was_cut_short_is_refused_before_the_runtime_sees_it(
    name: str, models: Callable[[str], Path], tmp_path: Path
) -> None:
    whole = models(name).read_bytes()
    path = tmp_path / f"cut{KINDS[name].suffix}"
    for length in range(16, len(whole) - 1, max(1, len(whole) // 150)):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelError):
            Classifier(path)


@pytest.mark.parametrize("name", ["float32 with metadata, -1..1", "ONNX, Ultralytics'"])
def test_a_changed_file_is_an_answer_or_one_of_our_errors(name: str, models: Callable[[str], Path], tmp_path: Path) -> None:
    # Of what catdog reads itself: the runtime's own care for changed weights is not ours to test.
    from catdog.edge.contract.artifact import parse_model
    from catdog.edge.foreign.settle import say, settle

    whole = models(name).read_bytes()
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(400):
        changed = bytearray(whole)
        for place in rng.integers(0, len(whole), 3):
            changed[place] = rng.integers(256)
        try:
            file = parse_model(bytes(changed), tmp_path / f"m{KINDS[name].suffix}")
            said = say(file)
            assert said is not None
            settle(said, Claims(), file.path)
        except CatdogError:
            refused += 1
    assert refused < 400


def test_metadata_that_name_labels_which_are_not_there(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(with_metadata(tflite(3), PETS, *MINUS_ONE, file="gone.txt"))
    with pytest.raises(ModelError, match=r"gone\.txt, which is not in it"):
        Classifier(path)


def test_several_outputs_are_no_classifier(tmp_path: Path) -> None:
    import onnx as library

    model = library.load_model_from_string(onnx(3))
    model.graph.output.append(library.helper.make_tensor_value_info("means", library.TensorProto.FLOAT, [1, 6]))
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="one input and one output"):
        Classifier(path)


def test_grey_pictures_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(onnx(3, shape=[1, 1, SIDE, SIDE]))
    with pytest.raises(ModelError, match="one coloured picture"):
        Classifier(path, labels=PETS)


def test_nothing_is_said_of_catdogs_own_files() -> None:
    for claims in (Claims(input_range="0..1"), Claims(labels=("a", "b"))):
        with pytest.raises(UsageError, match=f"no {claims.given()[0].partition(' ')[0]}"):
            Classifier(claims=claims)
    assert Classifier(claims=Claims()).contract.labels


def test_catdogs_own_files_load_nothing_for_models_of_others() -> None:
    import subprocess
    import sys

    code = "import sys; from catdog.edge import Classifier; Classifier(); print([m for m in sys.modules if '.foreign.' in m])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_cases_that_people_met(shared_cases: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    models = shared_cases / "models-small"
    dark, bright = str(models / "dark.png"), str(models / "bright.png")

    def say(*words: str) -> list[str]:
        assert main(list(words)) == 0
        return [line.partition("  ")[0].partition(": ")[2] for line in capfd.readouterr().out.splitlines()]

    assert say(dark, bright, "--model", str(models / "bright_pm1_metadata.tflite")) == ["dark 99.9%", "bright 100.0%"]
    labels = tmp_path / "labels.txt"
    labels.write_text("0 bright, sunny room\n1 dark room\n")
    quantized = str(models / "bright_uint8.tflite")
    assert say(dark, bright, "--model", quantized, "--labels", str(labels)) == ["dark room 99.6%", "bright, sunny room 99.6%"]
    many = ",".join(f"class {number}" for number in range(1001))
    assert say(dark, "--model", str(models / "imagenet_uint8.tflite"), "--labels", many) == ["class 281 70.3%"]
    several = str(models / "multilabel.tflite")
    assert say(dark, "--model", several, "--labels", "a,b,c", "--input-range", "0..1") == ["a 95.0%"]
    beside = str(models / "external" / "model.onnx")
    assert say(bright, "--model", beside, "--labels", "bright,dark", "--input-range", "0..255") == ["bright 100.0%"]

"""`catdog-export adopt`: files of others with catdog's contract, and what labelled pictures contradict."""

import hashlib
import subprocess
import sys
import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from commands import run
from foreign_models import (
    IMAGENET,
    MINUS_ONE,
    SIDE,
    ZERO_ONE,
    answer_of_onnx,
    answer_of_tflite,
    onnx,
    prepared,
    random_picture,
    tflite,
    with_metadata,
)

from catdog.edge import Classifier
from catdog.edge.errors import CatdogError, DatasetError, ModelError, UnprovenError, UsageError, VerificationError
from catdog.edge.foreign.claims import Claims
from catdog.export.adoption import adopt
from catdog.export.holding import Answers, require_that_it_holds
from catdog.export.verification import Truth

pytest.importorskip("tensorflow", reason="the extra train is not installed")
pytest.importorskip("onnx", reason="the extra export is not installed")

PETS = ("cats", "dogs", "birds")
_EACH = 15


def write_pictures(folder: Path, answer: Callable[[Any], int], labels: tuple[str, ...] = PETS) -> Path:
    """Write random pictures, as many of each label, sorted by what a model says of them: it is right on all."""
    rng = np.random.default_rng(5)
    counts = dict.fromkeys(range(len(labels)), 0)
    for number in range(4000):
        picture = random_picture(rng)
        label = answer(picture)
        if counts[label] < _EACH:
            counts[label] += 1
            (folder / labels[label]).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / labels[label] / f"{number}.png"), picture)
        if min(counts.values()) == _EACH:
            break
    assert min(counts.values()) == _EACH
    return folder


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model that says nothing and takes -1 to 1, and pictures that it is right on."""
    folder = tmp_path_factory.mktemp("bare")
    path = folder / "stranger.tflite"
    path.write_bytes(tflite(3))
    answer = answer_of_tflite
    return path, write_pictures(
        folder / "photos", lambda picture: int(answer(path.read_bytes(), prepared(picture, *MINUS_ONE)).argmax())
    )


def test_an_adopted_file_needs_nothing_said_of_it(bare: tuple[Path, Path], tmp_path: Path) -> None:
    path, photos = bare
    before, output = path.read_bytes(), tmp_path / "mine.tflite"
    claims = Claims(labels=PETS, input_range="-1..1")
    adopted = adopt(path, photos, claims=claims, output=output, name="mine")
    assert path.read_bytes() == before
    assert output.read_bytes().startswith(before)
    there = Classifier(output)
    assert there.contract == adopted.contract
    assert there.contract.name == "mine"
    assert there.contract.labels == PETS
    assert there.contract.figures[0].value == 1
    assert there.contract.adopted is not None
    assert there.contract.adopted.sha256 == hashlib.sha256(before).hexdigest()
    assert there.contract.adopted.given == "--labels --input-range -1..1"
    for picture in photos.rglob("*.png"):
        assert there.classify(picture).scores == Classifier(path, claims=claims).classify(picture).scores
        break
    changed = bytearray(output.read_bytes())
    changed[len(before) // 2] ^= 1
    output.write_bytes(changed)
    with pytest.raises(ModelError, match="SHA-256"):
        Classifier(output)


def test_the_command(bare: tuple[Path, Path], tmp_path: Path) -> None:
    path, photos = bare
    (tmp_path / "labels.txt").write_text("0 cats\n1 dogs\n2 birds\n")
    said = ("--labels", "labels.txt", "--input-range", "-1..1")
    finished = run("catdog-export", "adopt", str(path), "--data", str(photos), *said, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert not finished.stderr
    lines = finished.stdout.splitlines()
    assert lines[0] == "exports/stranger.tflite: cats, dogs, birds"
    assert lines[1].startswith("accuracy: 100.00%")
    assert lines[-1] == "next: catdog-edge photo.jpg --model exports/stranger.tflite"
    about = run("catdog-export", "info", "exports/stranger.tflite", cwd=tmp_path).stdout
    assert "stranger.tflite, SHA-256 " in about
    assert "told --labels --input-range -1..1" in about
    assert "127.5" in about
    proven = run("catdog-export", "verify", "exports/stranger.tflite", "--data", str(photos), cwd=tmp_path)
    assert proven.returncode == 0, proven.stderr
    again = run("catdog-export", "adopt", "exports/stranger.tflite", "--data", str(photos), cwd=tmp_path)
    assert again.returncode == UsageError.exit_code
    assert "Use it as it is" in again.stderr
    examined = run("catdog-edge", "doctor", "--model", "exports/stranger.tflite", cwd=tmp_path)
    assert "as where it was exported" in examined.stdout


KINDS: dict[str, tuple[str, Callable[[], bytes], tuple[Any, Any], Claims]] = {
    "metadata with labels": (".tflite", lambda: with_metadata(tflite(3, normal=IMAGENET), PETS, *IMAGENET), IMAGENET, Claims()),
    "int8": (
        ".tflite", lambda: tflite(3, kind="int8", normal=ZERO_ONE), ZERO_ONE, Claims(labels=PETS),
    ),
    "one sigmoid": (".tflite", lambda: tflite(1, "sigmoid"), MINUS_ONE, Claims(labels=PETS[:2], input_range="-1..1")),
    "ONNX": (
        ".onnx",
        lambda: onnx(3, properties={"task": "classify", "names": str(dict(enumerate(PETS))), "imgsz": f"[{SIDE}, {SIDE}]"}),
        ZERO_ONE,
        Claims(),
    ),
    "ONNX, any size, logits": (
        ".onnx",
        lambda: onnx(3, "", normal=IMAGENET, shape=["n", 3, "h", "w"], row=["n", "c"]),
        IMAGENET,
        Claims(labels=PETS, input_range="imagenet", input_size=(SIDE, SIDE)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_files(kind: str, tmp_path: Path) -> None:
    suffix, make, normal, claims = KINDS[kind]
    path, output = tmp_path / f"model{suffix}", tmp_path / f"adopted{suffix}"
    path.write_bytes(make())

    def answer(picture: Any) -> int:
        pixels = prepared(picture, *normal)
        if suffix == ".onnx":
            return int(answer_of_onnx(path, np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))).argmax())
        row = answer_of_tflite(path.read_bytes(), pixels)
        return int(row.argmax()) if len(row) > 1 else int(row[0] > 0.5)

    photos = write_pictures(tmp_path / "photos", answer, PETS[: 2 if "sigmoid" in kind else 3])
    adopt(path, photos, claims=claims, output=output)
    assert output.read_bytes().startswith(path.read_bytes().partition(b"PK\x03\x04")[0])  # the archive grows
    before, after = Classifier(path, claims=claims), Classifier(output)
    for picture in sorted(photos.rglob("*.png"))[::9]:
        assert after.classify(picture).scores == before.classify(picture).scores


@pytest.mark.parametrize(
    ("claims", "kind", "said"),
    [
        (Claims(labels=PETS), ModelError, "--input-range"),
        (Claims(labels=PETS, input_range="0..255"), VerificationError, "--input-range -1..1"),
        (Claims(labels=("dogs", "birds", "cats"), input_range="-1..1"), VerificationError, "--labels cats,dogs,birds"),
        (Claims(labels=("a", "b", "c"), input_range="-1..1"), DatasetError, "a, b, c"),
    ],
)
def test_what_the_pictures_contradict_is_refused(
    claims: Claims, kind: type[CatdogError], said: str, bare: tuple[Path, Path], tmp_path: Path
) -> None:
    path, photos = bare
    with pytest.raises(kind, match=said):
        adopt(path, photos, claims=claims, output=tmp_path / "out.tflite")
    assert not list(tmp_path.iterdir())


def test_other_ranges_are_tried_on_one_picture_at_a_time(bare: tuple[Path, Path]) -> None:
    path, photos = bare
    claims = Claims(labels=PETS, input_range="0..255")
    classifier, files, alive, most = Classifier(path, claims=claims), sorted(photos.rglob("*.png")), 0, 0

    def gone() -> None:
        nonlocal alive
        alive -= 1

    def read(file: Path) -> Any:
        nonlocal alive, most
        picture = cv2.imread(str(file))
        alive, most = alive + 1, max(most, alive + 1)
        weakref.finalize(picture, gone)
        return picture

    targets = np.array([PETS.index(file.parent.name) for file in files])
    scores = np.array([list(classifier.classify(file).scores.values()) for file in files], np.float32)
    truth = Truth("photos", tuple(file.name for file in files), targets)
    found = Answers(scores, targets, truth, tuple(partial(read, file) for file in files))
    with pytest.raises(VerificationError, match=r"--input-range -1\.\.1"):
        require_that_it_holds(classifier, claims, found)
    assert 1 <= most <= 2  # the next one is read before the last one is let go


def test_metadata_that_are_wrong_are_refused(bare: tuple[Path, Path], tmp_path: Path) -> None:
    path, photos = bare
    wrong = tmp_path / "wrong.tflite"
    wrong.write_bytes(with_metadata(path.read_bytes(), PETS, (0.0,), (1.0,)))
    with pytest.raises(VerificationError, match=r"--input-range -1\.\.1"):
        adopt(wrong, photos, output=tmp_path / "out.tflite")
    adopt(wrong, photos, claims=Claims(input_range="-1..1"), output=tmp_path / "out.tflite")


def test_a_model_that_guesses_and_pictures_too_few(bare: tuple[Path, Path], tmp_path: Path) -> None:
    path, photos = bare
    claims = Claims(labels=PETS, input_range="-1..1")
    few = tmp_path / "few"
    for label in PETS[:2]:
        (few / label).mkdir(parents=True)
        first = min((photos / label).iterdir())
        (few / label / first.name).write_bytes(first.read_bytes())
    with pytest.raises(UnprovenError, match="Name more with --data"):
        adopt(path, few, claims=claims, output=tmp_path / "out.tflite")
    alone = tmp_path / "alone"
    alone.mkdir()
    (few / PETS[0]).rename(alone / PETS[0])
    with pytest.raises(UnprovenError, match="two labels"):
        adopt(path, alone, claims=claims, output=tmp_path / "out.tflite")
    rng = np.random.default_rng(2)
    noise = tmp_path / "noise"
    for number in range(60):
        folder = noise / PETS[number % 3]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), np.full((SIDE, SIDE, 3), rng.integers(256, size=3), np.uint8))
    with pytest.raises((VerificationError, UnprovenError), match="always say"):
        adopt(path, noise, claims=claims, output=tmp_path / "out.tflite")
    assert not (tmp_path / "out.tflite").exists()


def test_files_that_are_not_adopted(bare: tuple[Path, Path], tmp_path: Path) -> None:
    path, photos = bare
    claims = Claims(labels=PETS, input_range="-1..1")
    with pytest.raises(UsageError, match="another --output"):
        adopt(path, photos, claims=claims, output=path)
    with pytest.raises(UsageError, match=r"ends in \.tflite"):
        adopt(path, photos, claims=claims, output=tmp_path / "out.onnx")
    beside = tmp_path / "beside.onnx"
    onnx(3, external=beside)
    with pytest.raises(ModelError, match="Save it as one"):
        adopt(beside, photos, claims=claims, output=tmp_path / "out.onnx")


def test_adopting_needs_no_tensorflow(bare: tuple[Path, Path], tmp_path: Path) -> None:
    path, photos = bare
    code = (
        "import sys; from pathlib import Path; from catdog.export.cli import main\n"
        f"code = main(['adopt', {str(path)!r}, '--data', {str(photos)!r}, '--labels', 'cats,dogs,birds', '--input-range', "
        f"'-1..1', '--output', {str(tmp_path / 'a.tflite')!r}])\n"
        "print(code, [name for name in ('tensorflow', 'keras', 'onnx', 'tqdm') if name in sys.modules])"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout.splitlines()[-1] == "0 []"

"""`catdog-edge teach`: from class folders to a proven file, and all that keeps a file from being written."""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from commands import run
from drawn_classes import draw_thing

from catdog.edge import Classifier
from catdog.edge.contract.artifact import parse_model, read_model_file
from catdog.edge.contract.golden import golden_difference, golden_picture
from catdog.edge.contract.learnt import Learnt
from catdog.edge.contract.model_contract import parse_contract
from catdog.edge.errors import DatasetError, InputNotFoundError, ModelError, UnprovenError, UsageError, VerificationError
from catdog.edge.models import bundled_tflite
from catdog.edge.synthetic import draw_picture
from catdog.edge.teach.remembering import with_exemplars
from catdog.edge.teach.suspects import TWO_LABELS, WRONG_LABEL
from catdog.edge.teach.teaching import TeachOptions, teach

NEW = "stars"


def quiet(_: str) -> None:
    """Take no notice."""


def draw_stars(seed: int) -> np.ndarray:
    """Draw a thing that is no pet."""
    return draw_thing(20, seed)


def write(folder: Path, label: str, count: int, first: int = 0, thing: int = 20) -> Path:
    """Write drawn things as pictures of a label."""
    place = folder / label
    place.mkdir(parents=True, exist_ok=True)
    for seed in range(first, first + count):
        picture = (
            draw_picture(label, seed, width=160, height=120)
            if label in ("cats", "dogs", "neither")
            else draw_thing(thing, seed)
        )
        cv2.imwrite(str(place / f"p{seed}.png"), picture)
    return folder


@pytest.fixture(scope="session")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tiny` with exemplars: of drawn pictures that it knows what they are."""
    tiny = Classifier("tiny")
    pictures = [
        (picture, label)
        for label in tiny.contract.labels
        for seed in range(70)
        if tiny.classify(picture := draw_picture(label, 1000 + seed, width=160, height=120)).label == label
    ]
    path = tmp_path_factory.mktemp("parent") / "tiny-ex.tflite"
    path.write_bytes(with_exemplars(read_model_file(bundled_tflite("tiny")), pictures))
    return path


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty pictures of a new label."""
    return write(tmp_path_factory.mktemp("pictures"), NEW, 30)


@pytest.fixture(scope="session")
def taught(parent: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that knows the new label."""
    output = tmp_path_factory.mktemp("taught") / "stars.tflite"
    teach(TeachOptions(pictures, output, str(parent)), quiet)
    return output


def report_of(output: Path) -> dict[str, object]:
    return dict(json.loads(output.with_suffix(".teach.json").read_text()))


def test_the_new_label_is_known_and_the_old_ones_hold(taught: Path, parent: Path) -> None:
    before, after = Classifier(parent), Classifier(taught)
    assert after.contract.labels == ("cats", "dogs", NEW, "neither")
    assert sum(after.classify(draw_stars(seed)).label == NEW for seed in range(500, 540)) >= 34
    same = [
        before.classify(picture).label == after.classify(picture).label
        for label in ("cats", "dogs", "neither")
        for seed in range(20)
        if (picture := draw_picture(label, 5000 + seed, width=160, height=120)) is not None
    ]
    assert sum(same) >= 57


def test_the_file_says_what_it_has_learnt_and_from_where(taught: Path, parent: Path, pictures: Path) -> None:
    import hashlib

    contract = Classifier(taught).contract
    assert contract.taught is not None
    assert contract.taught.parent_sha256 == hashlib.sha256(parent.read_bytes()).hexdigest()
    assert (contract.taught.labels, contract.taught.times) == ((NEW,), 1)
    assert contract.taught.pictures + contract.taught.proven_on == 30
    assert contract.name == "stars" and f"of {NEW}" in contract.trained_on
    learnt = Learnt.parse(contract.learnt, contract.input)
    marked = sum(cv2.imread(str(path)) in learnt for path in (pictures / NEW).iterdir())
    assert marked == contract.taught.pictures
    assert parse_contract(contract.to_json()) == contract
    assert "taught" in run("catdog-export", "info", str(taught)).stdout


def test_the_golden_picture_and_the_metadata_are_renewed(taught: Path) -> None:
    classifier = Classifier(taught)
    golden = classifier.contract.golden
    assert golden is not None and len(golden.scores) == 4
    scores = list(classifier.classify(golden_picture(golden.width, golden.height)).scores.values())
    assert golden_difference(scores, golden) < 1e-5
    said = run("catdog-edge", "doctor", "--model", str(taught), "--json")
    assert json.loads(said.stdout)
    assert b"Which of these is in the picture: cats, dogs, stars, neither?" in taught.read_bytes()
    assert b"Which of these is in the picture: cats, dogs, neither?" not in taught.read_bytes()


def test_the_model_itself_is_as_it_was_and_a_changed_byte_is_seen(taught: Path, parent: Path) -> None:
    data = bytearray(taught.read_bytes())
    data[len(data) // 2] ^= 1
    with pytest.raises(ModelError, match="undamaged"):
        parse_model(bytes(data), taught)
    assert Classifier(parent).contract.labels == ("cats", "dogs", "neither")


def test_a_taught_file_can_be_taught_again(taught: Path, tmp_path: Path) -> None:
    write(tmp_path / "more", "rings", 30, thing=48)
    outcome = teach(TeachOptions(tmp_path / "more", tmp_path / "two.tflite", str(taught)), quiet)
    assert outcome.contract.labels == ("cats", "dogs", NEW, "rings", "neither")
    assert outcome.contract.taught is not None and outcome.contract.taught.times == 2
    assert {figure.name for figure in outcome.findings.per_label} == set(outcome.contract.labels)  # the exemplars of all
    after = Classifier(tmp_path / "two.tflite")
    assert sum(after.classify(draw_stars(seed)).label == NEW for seed in range(500, 520)) >= 14  # not forgotten


def test_without_exemplars_nothing_is_written_unless_it_is_asked_for(pictures: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.tflite"
    lines: list[str] = []
    with pytest.raises(UnprovenError, match="nothing is known of cats"):
        teach(TeachOptions(pictures, output, "tiny"), lines.append)
    assert any("remembers no pictures of cats, dogs, neither" in line for line in lines)
    assert not output.exists() and report_of(output)["verdict"] == "unproven"
    outcome = teach(TeachOptions(pictures, output, "tiny", allow_unproven=True), quiet)
    assert output.exists() and outcome.findings.doubts
    assert sum(Classifier(output).classify(draw_stars(seed)).label == NEW for seed in range(500, 520)) >= 16


def test_labels_that_look_alike_are_refused(parent: Path, tmp_path: Path) -> None:
    write(tmp_path / "data", "left", 40, thing=7)
    write(tmp_path / "data", "right", 40, first=200, thing=7)
    with pytest.raises(VerificationError, match="left and right look alike"):
        teach(TeachOptions(tmp_path / "data", tmp_path / "out.tflite", str(parent)), quiet)
    assert not (tmp_path / "out.tflite").exists()
    report = report_of(tmp_path / "out.tflite")
    assert report["verdict"] == "refused" and report["flips"]


def test_a_label_of_what_is_known_already_is_refused(parent: Path, tmp_path: Path) -> None:
    place = tmp_path / "data" / "kittens"
    place.mkdir(parents=True)
    for seed in range(60):
        cv2.imwrite(str(place / f"p{seed}.png"), draw_picture("cats", 1000 + seed, width=160, height=120))
    with pytest.raises((VerificationError, UnprovenError)):
        teach(TeachOptions(tmp_path / "data", tmp_path / "out.tflite", str(parent)), quiet)
    assert not (tmp_path / "out.tflite").exists()


def test_too_few_pictures_are_told_with_the_number_that_would_do(parent: Path, tmp_path: Path) -> None:
    write(tmp_path / "data", NEW, 7)
    with pytest.raises(UnprovenError, match=r"at least 10 pictures of stars.*got 7\. Add 3 more"):
        teach(TeachOptions(tmp_path / "data", tmp_path / "out.tflite", str(parent)), quiet)


def test_copies_are_one_picture(parent: Path, tmp_path: Path) -> None:
    place = tmp_path / "data" / NEW
    place.mkdir(parents=True)
    for number in range(30):  # the same five again and again, saved as worse and worse JPEGs
        cv2.imwrite(str(place / f"{number}.jpg"), draw_stars(number % 5), [cv2.IMWRITE_JPEG_QUALITY, 95 - number])
    with pytest.raises(UnprovenError, match="got 5"):
        teach(TeachOptions(tmp_path / "data", tmp_path / "out.tflite", str(parent)), quiet)


def test_what_cannot_be_read_is_told_and_left_out(parent: Path, pictures: Path, tmp_path: Path) -> None:
    shutil.copytree(pictures, tmp_path / "data")
    (tmp_path / "data" / NEW / "broken.jpg").write_bytes(b"\xff\xd8\xff and no more")
    (tmp_path / "data" / NEW / "notes.txt").write_text("nothing")
    lines: list[str] = []
    teach(TeachOptions(tmp_path / "data", tmp_path / "out.tflite", str(parent)), lines.append)
    assert any("broken.jpg" in line for line in lines) and any("1 .txt" in line for line in lines)


def test_what_is_likely_under_a_wrong_label_or_under_two_is_shown_also_where_nothing_is_written(
    parent: Path, pictures: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(pictures, data)
    for seed in (1, 2):
        cv2.imwrite(str(data / NEW / f"cat{seed}.png"), draw_picture("cats", 3000 + seed, width=160, height=120))
    write(data, "cats", 14)
    shutil.copy(data / NEW / "p5.png", data / "cats" / "star.png")
    output, lines = tmp_path / "out.tflite", list[str]()
    with contextlib.suppress(VerificationError, UnprovenError):
        teach(TeachOptions(data, output, str(parent)), lines.append)
    suspects = report_of(output)["suspects"]
    assert isinstance(suspects, list)
    wrong = {each["name"]: each["other"] for each in suspects if each["kind"] == WRONG_LABEL}
    assert {f"{NEW}/cat1.png", f"{NEW}/cat2.png"} <= wrong.keys()
    assert wrong["cats/star.png"] == NEW
    assert len(wrong) <= 10  # `tiny` takes some drawn cats for nothing, and some stars
    twice = [{each["name"], each["copy"]} for each in suspects if each["kind"] == TWO_LABELS]
    assert twice == [{f"{NEW}/p5.png", "cats/star.png"}]
    assert any("worth a look" in line and "out.look.html" in line for line in lines)
    page = (tmp_path / "out.look.html").read_text()
    assert page.count("data:image/jpeg") == len(wrong) + 2


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"output": "out.onnx"}, UsageError),
        ({"max_drop": -1.0}, UsageError),
        ({"threads": 0}, UsageError),
        ({"data": "nowhere"}, InputNotFoundError),
        ({"data": "empty"}, DatasetError),
        ({"model": "nowhere.tflite"}, InputNotFoundError),
    ],
)
def test_wrong_options(options: dict[str, object], error: type[Exception], pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    paths = {name: tmp_path / str(value) for name, value in options.items() if name in ("data", "output")}
    rest = {name: value for name, value in options.items() if name not in paths}
    with pytest.raises(error):
        teach(TeachOptions(**({"data": pictures, "output": tmp_path / "out.tflite"} | paths | rest)), quiet)  # type: ignore[arg-type]


def test_a_label_that_is_spelt_otherwise_is_told(pictures: Path, tmp_path: Path) -> None:
    shutil.copytree(pictures / NEW, tmp_path / "data" / "Cats")
    with pytest.raises(DatasetError, match="a class folder cats; got Cats"):
        teach(TeachOptions(tmp_path / "data", tmp_path / "out.tflite", "tiny"), quiet)


def test_the_model_is_not_overwritten(taught: Path, pictures: Path) -> None:
    with pytest.raises(UsageError, match="go back"):
        TeachOptions(pictures, taught, str(taught))


def test_the_command_and_its_json(parent: Path, pictures: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.tflite"
    done = run("catdog-edge", "teach", "--data", str(pictures), "--model", str(parent), "--output", str(output), "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["output"] == str(output) and said["bytes"] == output.stat().st_size
    assert said["verdict"] == "published" and said["labels"] == ["cats", "dogs", NEW, "neither"]
    assert said["drop"]["n"] > 0 and said["taught"]["pictures"] > 0
    flips = report_of(output)["flips"]
    assert isinstance(flips, list) and {flip["truth"] for flip in flips} >= {NEW}
    assert all((pictures / flip["name"]).is_file() for flip in flips if flip["truth"] == NEW)


def test_exit_codes(tmp_path: Path) -> None:
    few = write(tmp_path / "few", NEW, 3)
    unproven = run("catdog-edge", "teach", "--data", str(few), "--model", "tiny", "--output", str(tmp_path / "out.tflite"))
    assert unproven.returncode == 13 and "Add 7 more" in unproven.stderr
    assert unproven.stdout == ""
    shown = run("catdog-edge", "teach", "--help")
    assert shown.returncode == 0 and "examples:" in shown.stdout


def test_ctrl_c_leaves_nothing(parent: Path, pictures: Path, tmp_path: Path) -> None:
    output = tmp_path / "out" / "out.tflite"
    command = Path(sys.executable).parent / "catdog-edge"
    arguments = ["teach", "--data", str(pictures), "--model", "tiny", "--output", str(output), "--allow-unproven"]
    with subprocess.Popen([command, *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "remembers no pictures" in process.stderr.readline()  # it draws now, for a second and more
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT
    assert not (tmp_path / "out").exists()

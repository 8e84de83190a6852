"""What a program may hand to a classifier, and that it is the same picture each time."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from catdog.edge import Classifier, __version__
from catdog.edge.errors import InputNotFoundError, UnreadableInputError, UsageError
from catdog.edge.inference.given import as_picture
from catdog.edge.synthetic import draw_picture


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier("fast", threads=1)


def test_the_same_picture_in_every_form_gets_the_same_scores(classifier: Classifier, tmp_path: Path) -> None:
    picture = draw_picture("cats", 3)
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), picture)
    rgb = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    expected = classifier.classify(picture).scores
    for given in (path, str(path), path.read_bytes(), bytearray(path.read_bytes()), np.dstack([picture, picture[..., :1]])):
        assert classifier.classify(given).scores == expected
    assert classifier.classify(rgb, colours="rgb").scores == expected
    assert classifier.classify(np.dstack([rgb, rgb[..., :1]]), colours="rgb").scores == expected
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    assert classifier.classify(grey).scores == classifier.classify(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)).scores
    assert classifier.classify(grey[..., None], colours="rgb").scores == classifier.classify(grey).scores


def test_pillows_pictures_stand_upright(classifier: Classifier, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    picture = draw_picture("dogs", 5)
    turned = image.fromarray(np.ascontiguousarray(np.rot90(picture[..., ::-1])))  # as a phone held upright stores it
    exif = image.Exif()
    exif[0x0112] = 6
    turned.save(tmp_path / "phone.png", exif=exif)
    with image.open(tmp_path / "phone.png") as opened:
        assert np.array_equal(as_picture(opened), picture)
        assert classifier.classify(opened).scores == classifier.classify(picture).scores


def test_many_at_once_are_answered_in_order(classifier: Classifier) -> None:
    pictures = [draw_picture(label, seed) for seed in range(3) for label in ("cats", "dogs", "neither")]
    answers = classifier.classify_all(np.stack([cv2.resize(picture, (320, 240)) for picture in pictures]))
    one_by_one = [classifier.classify(cv2.resize(picture, (320, 240))) for picture in pictures]
    assert [answer.scores for answer in answers] == [answer.scores for answer in one_by_one]


def test_what_is_no_picture_is_refused(classifier: Classifier) -> None:
    for wrong in (np.zeros((8, 8, 3), np.float32), np.zeros((8, 8, 2), np.uint8), np.zeros((0, 8), np.uint8), 7, b"", b"text"):
        with pytest.raises(UnreadableInputError):
            classifier.classify(wrong)
    with pytest.raises(InputNotFoundError):
        classifier.classify("nowhere.jpg")
    with pytest.raises(UsageError, match="rgb"):
        classifier.classify(draw_picture("cats", 0), colours="hsv")


def test_answers_and_classifiers_show_themselves(classifier: Classifier) -> None:
    assert "fast: cats, dogs, neither; 192 x 192" in repr(classifier)
    shown = classifier.classify(draw_picture("cats", 0))._repr_html_()
    assert shown.count("<tr>") == 3
    assert "cats" in shown
    assert __version__.count(".") == 2

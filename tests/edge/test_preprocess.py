import hashlib

import cv2
import numpy as np
import pytest

from catdog.edge.contract.golden import golden_input_sha256, golden_picture
from catdog.edge.contract.model_contract import InputSpec
from catdog.edge.contract.preprocess import Preprocessor
from catdog.edge.errors import UnreadableInputError

# SHA-256 of the model's pixels for `pattern()`; a change of OpenCV, of the resize mode or of the colour order shows
# here.
GOLDEN = "0037695e7add82da84131cde8d1c81b36a4e2998fdab745a64846184735d25ea"


def pattern() -> np.ndarray:
    y, x = np.mgrid[0:375, 0:500]
    return np.stack([(x * 3 + y) % 256, (x * y // 7) % 256, (x + 5 * y) % 256], axis=-1).astype(np.uint8)


def test_golden_pixels() -> None:
    pixels = Preprocessor(InputSpec(224, 224))(pattern())
    assert hashlib.sha256(pixels.tobytes()).hexdigest() == GOLDEN


def test_small_pictures_get_the_same_pixels_by_the_way_with_a_fourth_channel() -> None:
    preprocess = Preprocessor(InputSpec(160, 192))  # one for all: its buffers change their size
    rng = np.random.default_rng(0)
    for width, height in ((640, 480), (1, 1), (3, 700), (160, 192), (161, 191), (607, 607), (608, 607), (1280, 720)):
        picture = rng.integers(0, 256, (height + 8, width + 8, 3), dtype=np.uint8)[4:-4, 4:-4]  # a part of a frame, too
        wanted = cv2.resize(picture, (192, 160), interpolation=cv2.INTER_LINEAR_EXACT)[..., ::-1]
        assert np.array_equal(preprocess(picture)[0], wanted), (width, height)


def test_pictures_of_many_sizes_in_turn_share_memory_and_get_their_own_pixels() -> None:
    shared, rng = Preprocessor(InputSpec(224, 224)), np.random.default_rng(4)
    rooms = set()
    for height, width in ((480, 640), (100, 80), (374, 500), (481, 640), (30, 31), (1200, 1600), (374, 500)):
        picture = rng.integers(0, 256, (height, width, 3), np.uint8)
        assert np.array_equal(shared(picture), Preprocessor(InputSpec(224, 224))(picture))
        rooms.add(len(shared._room))
    assert rooms == {480 * 640 * 4, 481 * 640 * 4}  # grown once, for a larger one


def test_a_file_of_before_gets_the_pixels_it_was_proven_with() -> None:
    pixels = Preprocessor(InputSpec(224, 224, interpolation="bilinear"))(pattern())
    assert np.array_equal(pixels[0], cv2.resize(pattern(), (224, 224), interpolation=cv2.INTER_LINEAR)[..., ::-1])


@pytest.mark.parametrize("size", [96, 160, 192, 224])
def test_the_golden_picture_tells_one_way_to_round_from_another(size: int) -> None:
    kinds = [InputSpec(size, size, interpolation=kind) for kind in ("bilinear", "bilinear-exact")]
    assert len({golden_input_sha256(spec, golden_picture()) for spec in kinds}) == 2


def test_golden_picture_of_before_is_blind_at_160() -> None:
    kinds = [InputSpec(160, 160, interpolation=kind) for kind in ("bilinear", "bilinear-exact")]
    assert len({golden_input_sha256(spec, golden_picture(640, 480)) for spec in kinds}) == 1


def test_shape_dtype_and_colour_order() -> None:
    blue = np.zeros((10, 20, 3), np.uint8)
    blue[..., 0] = 200
    pixels = Preprocessor(InputSpec(32, 48))(blue)
    assert pixels.shape == (1, 32, 48, 3)
    assert pixels.dtype == np.uint8
    assert pixels[0, 0, 0].tolist() == [0, 0, 200]


def test_is_bilinear_without_antialiasing() -> None:
    pixels = Preprocessor(InputSpec(224, 224))(pattern()).astype(np.int16)
    exact = cv2.resize(pattern().astype(np.float32), (224, 224), interpolation=cv2.INTER_LINEAR)[..., ::-1]
    assert np.abs(pixels[0] - exact).max() <= 1.25  # computed in whole numbers: 1.19 was measured, INTER_LINEAR 1.0


def test_float_variant_holds_the_same_pixels() -> None:
    as_float = Preprocessor(InputSpec(64, 64, dtype="float32"))(pattern())
    assert as_float.dtype == np.float32
    assert np.array_equal(as_float, Preprocessor(InputSpec(64, 64))(pattern()))


def test_a_view_of_another_picture_is_fine() -> None:
    flipped = pattern()[:, ::-1]
    assert np.array_equal(Preprocessor(InputSpec(64, 64))(flipped), Preprocessor(InputSpec(64, 64))(flipped.copy()))


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [[1, 2, 3]],
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.full((4, 4, 3), np.nan, np.float32),
    ],
)
def test_what_is_no_picture_is_refused(wrong: object) -> None:
    with pytest.raises(UnreadableInputError):
        Preprocessor(InputSpec(32, 32))(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "float16", "float32"])
@pytest.mark.parametrize("layout", ["nhwc", "nchw"])
def test_numbers_of_a_model_of_others(dtype: str, layout: str) -> None:
    mean, std = (10.0, 120.0, 250.0), (1.0, 2.5, 60.0)
    found = Preprocessor(InputSpec(48, 64, dtype, layout=layout, mean=mean, std=std))(pattern())
    pixels = Preprocessor(InputSpec(48, 64))(pattern()).astype(np.float64)
    expected = (pixels - mean) / std
    if dtype in ("uint8", "int8"):
        expected = np.clip(np.rint(expected), np.iinfo(dtype).min, np.iinfo(dtype).max)
    if layout == "nchw":
        expected = expected.transpose(0, 3, 1, 2)
    assert found.dtype == dtype
    assert found.flags.c_contiguous
    assert found.shape == ((1, 48, 64, 3) if layout == "nhwc" else (1, 3, 48, 64))
    np.testing.assert_allclose(found.astype(np.float64), expected, rtol=1e-3)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (32, 64), (64, 32)])
def test_the_middle_of_a_picture_in_the_models_shape(height: int, width: int) -> None:
    picture = np.zeros((200, 300, 3), np.uint8)
    kept_height, kept_width = min(200, 300 * height // width), min(300, 200 * width // height)
    top, left = (200 - kept_height) // 2, (300 - kept_width) // 2
    picture[top : top + kept_height, left : left + kept_width] = 200
    assert np.all(Preprocessor(InputSpec(height, width, resize="crop"))(picture) == 200)
    assert np.any(Preprocessor(InputSpec(height, width))(picture) == 0)

import numpy as np
import pytest

from catdog.edge.errors import UnreadableInputError, UsageError
from catdog.edge.runner.transform import Transform

PICTURE = np.arange(20 * 30 * 3, dtype=np.uint32).astype(np.uint8).reshape(20, 30, 3)


def test_rotation_is_clockwise_and_crop_is_after_it() -> None:
    assert np.array_equal(Transform(90)(PICTURE), np.rot90(PICTURE, -1))
    assert np.array_equal(Transform(180)(PICTURE), PICTURE[::-1, ::-1])
    assert np.array_equal(Transform(270)(PICTURE), np.rot90(PICTURE))
    assert np.array_equal(Transform.of(90, "2,3,10,12")(PICTURE), np.rot90(PICTURE, -1)[3:15, 2:12])
    assert Transform()(PICTURE) is PICTURE


@pytest.mark.parametrize(("rotate", "crop"), [(45, None), (0, "1,2,3"), (0, "-1,0,10,10"), (0, "0,0,4,40"), (0, "a")])
def test_what_cannot_be_read(rotate: int, crop: str | None) -> None:
    with pytest.raises(UsageError):
        Transform.of(rotate, crop)


def test_part_outside_the_picture() -> None:
    with pytest.raises(UnreadableInputError, match="30 x 20"):
        Transform.of(0, "25,0,10,10")(PICTURE)

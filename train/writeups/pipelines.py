"""The layers of the four published pipelines, stage by stage, in the words of `catdog.train.pipelines`."""

from typing import NamedTuple

_BOTH, _ONE = "horizontal_and_vertical", "horizontal"


class WriteUp(NamedTuple):
    """One of them: its flip, its rotation (a share of a full turn), and the layers of its four stages."""

    flip: str
    rotation: float
    cnn: str
    augmented: str
    preprocessed: str
    transfer: str


_A2 = "c32 p c32 p c64 flatten drop.2 d64 d64"
_B1 = "c32 p c32 p c64 flatten drop.2"
_C1 = "c32 p c32 p c64 p drop.2 c64 p flatten d128 drop.2"
_D2 = "c32 p c32 p flatten d64 drop.2"

WRITE_UPS = {
    "dense-head": WriteUp(_BOTH, 0.1, "c32 p c32 p c64 flatten d64 d64 drop.5", _A2, _A2, "gmp d64"),
    "linear-head": WriteUp(_BOTH, 0.2, _B1, _B1, _B1, "gmp drop.2"),
    "deep": WriteUp(_ONE, 0.2, _C1, _C1, _C1, "gap drop.2"),
    "compact": WriteUp(_ONE, 0.2, "c16 p c16 p flatten d32 drop.2", _D2, "c32 p c32 p flatten drop.2", "gmp drop.2"),
}

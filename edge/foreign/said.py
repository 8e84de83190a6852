"""What a model file says of itself, whatever its format."""

import math
from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelError

MAX_TEXT_BYTES = 4 * 1024 * 1024  # of labels or a property inside of a file


@dataclass(frozen=True)
class Normalization:
    """What becomes of a pixel of 0-255 before it is stored: ``(pixel - mean) / std``.

    Attributes:
        mean: of red, green, blue.
        std: the same, above 0.
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @classmethod
    def of(cls, mean: tuple[float, ...], std: tuple[float, ...]) -> "Normalization":
        """Take one number for all channels, or three.

        Raises:
            ValueError: other counts, or numbers that cannot be divided by.
        """
        if {len(mean), len(std)} - {1, 3} or not all(map(math.isfinite, (*mean, *std))) or not all(value > 0 for value in std):
            raise ValueError(f"Expected one mean and std above 0, or three. Received: {mean} and {std}")
        (red, green, blue), (first, second, third) = (values * 3 if len(values) == 1 else values for values in (mean, std))
        return cls((red, green, blue), (first, second, third))

    @property
    def alike(self) -> bool:
        """Whether all channels become the same."""
        return len(set(zip(self.mean, self.std, strict=True))) == 1

    @property
    def ends(self) -> tuple[float, float]:
        """What comes of 0 at least, and of 255 at most."""
        pairs = list(zip(self.mean, self.std, strict=True))
        return min(-mean / std for mean, std in pairs), max((255 - mean) / std for mean, std in pairs)


@dataclass(frozen=True)
class Quantization:
    """How whole numbers stand for real ones: ``real = (whole - zero) * scale``."""

    scale: float
    zero: int


@dataclass(frozen=True)
class Said:
    """What a file says; what it leaves open is empty, 0 or None.

    Attributes:
        dtype: of the input, such as ``"float32"``.
        shape: of the input; 0 for an axis of any length.
        classes: numbers in the output row; 0 where that is not said.
        quantization: of an input of whole numbers.
        labels: names for the scores.
        normalization: of the pixels.
        scores: ``"probabilities"`` or ``"logits"``, by the last operation of the graph.
        ending: the name of that operation.
        size: height and width that pictures are to have.
        resize: how they are brought to it.
        ours: catdog made it, and its contract is gone.
    """

    dtype: str
    shape: tuple[int, ...]
    classes: int
    quantization: Quantization | None = None
    labels: tuple[str, ...] = ()
    normalization: Normalization | None = None
    scores: str = ""
    ending: str = ""
    size: tuple[int, int] | None = None
    resize: str = ""
    ours: bool = False


def cut_short(path: Path, why: str) -> ModelError:
    """Return the error for a file that is not all there."""
    return ModelError("a whole model file", got=f"{path}: {why}", fix="Copy or export the file again.")


def unusable(path: Path, expected: str, got: str) -> ModelError:
    """Return the error for a model that is whole, and no classifier of pictures that catdog can feed."""
    return ModelError(expected, got=f"{path} with {got}", fix="Export it from where it was trained, as such a model.")

"""The models that come with the package: found by name, described in the card beside them.

May import of `catdog.edge`: `errors`.
"""

from pathlib import Path

from ..errors import UsageError

BUNDLED = ("default", "fast", "tiny")

_FOLDER = Path(__file__).parent


def bundled_tflite(name: str = "default") -> Path:
    """Return the path of a bundled int8 model.

    Raises:
        UsageError: no model of that name is bundled.
    """
    return _FOLDER / f"{_known(name)}.tflite"


def bundled_weights(name: str = "default") -> Path:
    """Return the path of the float16 weights (backbone and head) that a bundled model was exported from.

    Raises:
        UsageError: no model of that name is bundled.
    """
    return _FOLDER / f"{_known(name)}.weights.npz"


def bundled_backbone() -> Path:
    """Return the path of the float16 ImageNet weights of MobileNetV2, without its top, that training begins with offline."""
    return _FOLDER / "backbone.weights.npz"


def _known(name: str) -> str:
    if name not in BUNDLED:
        raise UsageError(
            f"a bundled model ({', '.join(BUNDLED)}) or the path of a model file", got=name, fix="Check the spelling."
        )
    return name

"""The options that say of a model what its file does not, for every command that takes such a file."""

import argparse
from pathlib import Path

from ..common.command import size

TYPE_CHECKING = False  # nothing more is loaded where nobody says anything

if TYPE_CHECKING:
    from .claims import Claims

CLAIMS = ("labels", "input_range", "layout", "scores", "input_size", "resize")
_RANGE_HELP = (
    "what black and white are to it: 0..1, -1..1, 0..255, imagenet, or MEAN/STD in pixels of 0-255, such as 127.5/127.5"
)


def add_claims(group: argparse._ArgumentGroup) -> None:
    """Add the options."""
    add = group.add_argument
    add("--labels", type=_labels, metavar="FILE|A,B", help="label names in order: a file with one a line, or typed")
    add("--input-range", metavar="RANGE", help=_RANGE_HELP)
    add("--layout", choices=("nhwc", "nchw"), help="axes of its input: colours last, as TensorFlow has them, or first")
    add("--scores", choices=("probabilities", "logits"), help="what it gives; logits get a softmax")
    add("--input-size", type=size, metavar="WxH", help="of its pictures, where it takes any size")
    add("--resize", choices=("stretch", "crop"), help="a picture to that size: all of it (default), or its middle in shape")


def model_claims(arguments: argparse.Namespace) -> "Claims | None":
    """Put what is said of a model's file together; None where nothing is.

    Raises:
        UsageError: a value is out of range.
        InputNotFoundError: the file of labels is not there.
    """
    given = {name: getattr(arguments, name) for name in CLAIMS if getattr(arguments, name) is not None}
    if not given:
        return None
    from .claims import Claims
    from .labels import read_labels

    if isinstance(given.get("labels"), Path):
        given["labels"] = read_labels(given["labels"])
    return Claims(**given)


def _labels(text: str) -> tuple[str, ...] | Path:
    from .labels import named_labels

    return named_labels(text)

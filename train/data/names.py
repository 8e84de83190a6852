"""What names of folders and files say of a data set: which part it is, which label; and how it is said to people."""

import re
from collections.abc import Sequence

TRAIN, VALIDATION, TEST = PARTS = ("train", "validation", "test")
_PART = re.compile(
    r"(?:seg[ _-])?(?:(?P<train>train(?:ing)?)|(?P<validation>val(?:id(?:ation)?)?)|(?P<test>test(?:ing)?))"
    r"(?:[ _-]?(?:set|data|dataset|images?|imgs?|pictures|photos|split|\d+))?",
    re.IGNORECASE,
)
# `cat.0` of Kaggle, `american_bulldog_12` of Oxford: a name, and a number that counts its pictures.
_NUMBERED = re.compile(r"(?P<label>.*[^\W\d_].*?)[ ._-]+\d+")
# What cameras and programs begin names with: no labels.
_NO_LABELS = re.compile(
    r"_?(?:img|image|dsc[nf]?|pxl|mvi|gopr|dji|photo|picture|pic|foto|bild|scan|frame|vid|video|clip|screenshot|unnamed|whatsapp"
    r"|test|train|val)s?(?![^\W\d_]).*",
    re.IGNORECASE,
)


def part_of(folder: str) -> str | None:
    """Return which part of a data set a folder of that name is; None for none."""
    match = _PART.fullmatch(folder)
    return match and match.lastgroup


def label_in(stem: str) -> str:
    """Return the label that a file's name begins with, as in `cat.0`; empty for none."""
    match = _NUMBERED.fullmatch(stem)
    return "" if match is None or _NO_LABELS.fullmatch(match["label"]) else match["label"]


def counted(pictures: int) -> str:
    """Say how many pictures."""
    return f"{pictures:,} picture{'' if pictures == 1 else 's'}"


def besides(left_out: Sequence[str]) -> str:
    """Say what was left out, behind what was found."""
    return f" (left out: {', '.join(left_out)})" if left_out else ""

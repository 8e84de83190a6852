"""Which names are taken from a browser: of pictures, so that nothing outside the folder is reached, and of labels."""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from ....errors import InputNotFoundError, UsageError
from ....inference.smoothing import UNSURE
from ....pictures.folders import UNLABELLED
from ....pictures.kinds import PICTURE_SUFFIXES, is_passed_over

_LABEL = re.compile(r"[^\W_](?:[\w .-]{0,38}[\w-])?")  # a letter or digit, then words; no dot or blank at the end
_DEEPEST = 8  # folders


def plain_label(text: object, known: Iterable[str]) -> str:
    """Return what a label is called; of one that is there, however it is spelt, the name that it has.

    Raises:
        UsageError: no folder should be called like that.
    """
    label = unicodedata.normalize("NFC", text).strip() if isinstance(text, str) else ""
    spelt = {name.casefold(): name for name in known}
    if label.casefold() in spelt:
        return spelt[label.casefold()]
    taken = label.casefold() in (UNLABELLED, UNSURE)
    if not _LABEL.fullmatch(label) or taken or is_passed_over(label):
        raise UsageError(
            "a label of 1 to 40 letters, digits, blanks, - and _",
            got=f"the word {label}, which means something else" if taken else "another",
            fix="Example: robin",
        )
    return label


def path_of(root: Path, name: object) -> Path:
    """Return the file of a picture.

    Args:
        root: the folder that it is to be in, at any depth below one of its folders.
        name: relative, with ``/`` between its parts.

    Raises:
        UsageError: this is no such name.
        InputNotFoundError: there is no such file.
    """
    parts = name.split("/") if isinstance(name, str) else []
    plain = all(part and "\\" not in part and part.isprintable() and not is_passed_over(part) for part in parts)
    if not 2 <= len(parts) <= _DEEPEST or not plain or Path(parts[-1]).suffix.lower() not in PICTURE_SUFFIXES:
        raise UsageError("the name of a picture in the folder", got="another", fix="Ask for one that is listed.")
    path = root.joinpath(*parts)
    try:
        inside = path.resolve(strict=True).is_relative_to(root.resolve()) and path.is_file()
    except (OSError, RuntimeError):
        inside = False  # gone, too long, or links in a circle
    if not inside:
        raise InputNotFoundError("a picture that is still there", got="none of that name", fix="Load the page again.")
    return path

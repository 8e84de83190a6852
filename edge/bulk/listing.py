"""Which pictures there are: files and folders of this machine, paths on stdin, and whatever file system fsspec reads.

What is on another file system is told by its name: to look into each would fetch a part of every one.
"""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from ..common.installation import missing_extra
from ..errors import CatdogError, InputNotFoundError, UnreadableInputError, UsageError
from ..pictures.kinds import Family, LeftOut, is_passed_over, kind_of
from ..sources.listed import ListedSource
from ..sources.net.address import without_secrets
from ..sources.pictures import find_inputs


def is_remote(name: str) -> bool:
    """Whether a picture is on a file system of fsspec, such as ``s3://bucket/cat.jpg``."""
    return "://" in name


def list_pictures(inputs: Sequence[str], left_out: LeftOut) -> list[str]:
    """Return the names of all pictures, as one machine would tell them, in its order.

    Args:
        inputs: files, folders, patterns, addresses of fsspec's file systems, ``-`` for names on stdin.
        left_out: counts the rest; films among it.

    Raises:
        InputNotFoundError: something is not there, or holds no picture.
        UnreadableInputError: it may not be read.
        UsageError: nobody knows the scheme of an address.
        MissingExtraError: a package that reads the file system is not installed.
    """
    names: list[str] = []
    for text in inputs:
        if text == "-":
            names += (name for name in ListedSource().names() if name)
        elif is_remote(text):
            names += list_remote(text, left_out)
        else:
            names += _list_local(text, left_out)
    if not names:
        raise InputNotFoundError("at least one picture", got="none", fix="Name a folder of pictures.")
    return names


def _list_local(text: str, left_out: LeftOut) -> Iterable[str]:
    for path, kind in find_inputs(text, left_out):
        if kind.family is Family.VIDEO:
            left_out.file(path, kind)
        else:
            yield str(path)


def list_remote(address: str, left_out: LeftOut) -> list[str]:
    """Return the addresses of all pictures below an address, sorted.

    Args:
        address: of a picture or of what holds some.
        left_out: counts the rest.

    Raises:
        InputNotFoundError: nothing is there.
        UnreadableInputError: it may not be read, or does not answer.
        UsageError: nobody knows its scheme.
        MissingExtraError: a package that reads the file system is not installed.
    """
    system, top = file_system(address)
    shown = without_secrets(address)
    try:
        found = sorted(system.find(top))
    except FileNotFoundError:
        found = []
    except Exception as error:  # each file system raises classes of its own
        got = f"{shown}: {type(error).__name__}: {error}"
        raise UnreadableInputError("a place to read pictures from", got=got, fix="Check its name and the login.") from error
    here = LeftOut()
    wanted = [path for path in found if path == top or _is_picture(path, top, here)]
    if not wanted:
        but = f", but {here.line()}" if here else ""
        raise InputNotFoundError("at least one picture", got=f"{shown}, which holds none{but}", fix="Name another place.")
    left_out.update(here)
    return [str(system.unstrip_protocol(path)) for path in wanted]


def _is_picture(path: str, top: str, left_out: LeftOut) -> bool:
    below = PurePosixPath(path.removeprefix(top).lstrip("/"))
    for folder in below.parts[:-1]:
        if is_passed_over(folder):
            left_out.folder(PurePosixPath(folder))
            return False
    kind = kind_of(b"", below)
    if is_passed_over(below.name) or kind.family is not Family.PICTURE:
        left_out.file(below, None if is_passed_over(below.name) else kind)
        return False
    return True


def file_system(address: str):  # type: ignore[no-untyped-def]  # noqa: ANN201 - fsspec has no types
    """Return fsspec's file system of an address, and the address as that has it.

    Raises:
        UsageError: nobody knows its scheme.
        MissingExtraError: the package that reads it is not installed.
    """
    from fsspec.core import url_to_fs

    try:
        return url_to_fs(address)
    except ValueError as error:
        got = f"{without_secrets(address)}: {error}"
        raise UsageError("an address of a file system that fsspec reads", got=got, fix="Example: s3://bucket/photos") from error
    except ImportError as error:
        raise _missing(address, error) from error


def _missing(address: str, error: ImportError) -> CatdogError:
    scheme = address.partition("://")[0]
    if scheme in ("s3", "s3a"):
        return missing_extra("s3fs", "ray")
    return UsageError(
        f"the package with which fsspec reads {scheme}://",
        got=f"an environment without it: {error}",
        fix="Install it on every machine.",
    )

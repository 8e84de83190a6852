"""What the fields of a contract are checked by, as they are read from a file."""

from ..errors import ModelError


def is_int(value: object) -> bool:
    """Whether it is a whole number, which True is not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Whether it is a number, which True is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_text(value: object) -> bool:
    """Whether it is text."""
    return isinstance(value, str)


def require(condition: bool, expected: str, got: object) -> None:
    """Refuse a contract that does not meet a condition."""
    if not condition:
        raise refuse(expected, repr(got))


def refuse(expected: str, got: str) -> ModelError:
    """Return the error for a contract that is not as expected."""
    return ModelError(f"a model contract with {expected}", got=got, fix="Export the model again with catdog-export.")

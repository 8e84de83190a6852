"""A module fits on a few screens, and a function on one."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(path for room in ("edge", "train", "export", "benchmarks") for path in (ROOT / room).rglob("*.py"))
MOST_OF_A_MODULE, MOST_OF_A_FUNCTION = 300, 50  # lines


def too_long(path: Path) -> Iterator[str]:
    """What is longer: the module by its path, a function by that and its name."""
    name, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    if len(text.splitlines()) > MOST_OF_A_MODULE:
        yield name
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    for node in functions:
        if (node.end_lineno or node.lineno) - node.lineno >= MOST_OF_A_FUNCTION:
            yield f"{name}: {node.name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_are_short(path: Path) -> None:
    assert not list(too_long(path))

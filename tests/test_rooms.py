"""Which part of catdog may import which: the tables of docs/architecture.md and the lines of the packages, as tests."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "edge": {"edge"},
    "train": {"train", "edge"},
    "export": {"export", "edge", "train"},
    "benchmarks": {"benchmarks", "edge", "export", "train"},
}
FILES = sorted(path for room in MAY_IMPORT for path in (ROOT / room).rglob("*.py"))
EVERYTHING, NOTHING = "everything", "nothing"


def name_of(path: Path) -> str:
    """Return the name that a file is imported by."""
    return ".".join(["catdog", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__")


MODULES = {name_of(path): path for path in FILES}


@cache
def imported(path: Path) -> frozenset[str]:
    """Absolute names of everything a file imports, at any depth."""
    package = ["catdog", *path.relative_to(ROOT).with_suffix("").parts]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: -node.level] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            names |= {f"{stem}.{alias.name}" for alias in node.names}
    return frozenset(names)


def modules_imported(path: Path) -> Iterator[str]:
    """Names of catdog's own modules that a file imports."""
    for name in imported(path):
        home = name
        while home and home not in MODULES:
            home = home.rpartition(".")[0]
        if home and home != name_of(path):
            yield home


def part_of(module: str) -> str:
    """Return which part of the edge a module is in: the first name behind `catdog.edge`."""
    return f"{module}.".removeprefix("catdog.edge.").partition(".")[0]


def words(cell: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", cell)) or {cell.strip()}


def table() -> dict[str, set[str]]:
    """What each part of the edge may import of the others, as docs/architecture.md says."""
    text = (ROOT / "docs/architecture.md").read_text().partition("may import of `edge/`")[2]
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", text, re.M)
    return {part: words(may) for part, may in rows}


PARTS = table()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_run_one_way(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    rooms = {name.split(".")[1] for name in imported(path) if name.startswith("catdog.")}
    assert rooms <= MAY_IMPORT[room]


@pytest.mark.parametrize("path", sorted((ROOT / "edge").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_edge_is_light(path: Path) -> None:
    heavy = {"tensorflow", "keras", "matplotlib", "pandas", "scipy", "PIL", "onnx", "tf2onnx"}
    assert not {name.split(".")[0] for name in imported(path)} & heavy


def test_the_table_has_every_part_of_the_edge() -> None:
    packages = {path.parent.name for path in (ROOT / "edge").glob("*/__init__.py")}
    modules = {path.stem for path in (ROOT / "edge").glob("*.py")} - {"__init__", "__main__"}
    assert set(PARTS) == packages | modules


@pytest.mark.parametrize("part", sorted(PARTS))
def test_parts_of_the_edge_import_what_the_table_says(part: str) -> None:
    mine = [path for name, path in MODULES.items() if name.startswith("catdog.edge.") and part_of(name) == part]
    found = {part_of(name) for path in mine for name in modules_imported(path) if name.startswith("catdog.edge.")}
    if PARTS[part] != {EVERYTHING}:
        assert found - {part} == PARTS[part] - {NOTHING}


@pytest.mark.parametrize("part", sorted(part for part in PARTS if (ROOT / "edge" / part).is_dir()))
def test_packages_say_what_they_may_import(part: str) -> None:
    said = ast.get_docstring(ast.parse((ROOT / "edge" / part / "__init__.py").read_text())) or ""
    line = re.search(r"May import of `catdog\.edge`: ([^.]+)\.", said)
    assert line
    assert words(line[1]) == PARTS[part]


def test_no_modules_import_each_other_in_a_circle() -> None:
    left = {name: set(modules_imported(path)) for name, path in MODULES.items()}
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    assert not left

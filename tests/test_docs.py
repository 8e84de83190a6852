"""The documentation is true: its commands are accepted, its links and pictures are there, its make targets exist."""

import argparse
import fnmatch
import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest

from catdog.benchmarks.cli import COMMANDS as BENCHES
from catdog.edge.common.command import CommandParser
from catdog.edge.program.arguments import run_options, sink_options, source_options
from catdog.train.arguments import train_options

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
# The commands of these pages name what the pages build; tests/test_plugins.py builds it and runs such commands.
EXTEND = ROOT / "docs/extend"
GUIDES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [*GUIDES, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "edge/models").glob("*.md"))]
TRIED = [page for page in PAGES if page.parent != EXTEND]
MOST_WORDS = 900  # of the README

ROOMS = {"catdog-edge": "edge.program", "catdog-train": "train", "catdog-export": "export", "catdog-bench": "benchmarks"}
_FENCE = re.compile(r" {0,3}```(?P<language>\w*)")
_SHELL = ("", "sh", "bash", "console")
_NAMED = re.compile(rf"(?<![\w-])(?:{'|'.join(ROOMS)})(?![\w:-])")
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_EXPLAINED = re.compile(r"""(?P<command>(?:'[^']*'|"[^"]*"|[^'"])*?) {2,}.*""")
_LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")


class Line(NamedTuple):
    """A line of a page, or several that a backslash joins.

    Attributes:
        page: where it is.
        number: of the first line, from 1.
        text: what it says, without indentation.
    """

    page: Path
    number: int
    text: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.number}"


class Command(NamedTuple):
    """One of our commands, as a page says it.

    Attributes:
        line: where.
        words: the command and its arguments.
    """

    line: Line
    words: tuple[str, ...]


def code_lines(page: Path, text: str) -> Iterator[Line]:
    """Lines of a page's code blocks that are for a shell, fenced or indented by four."""
    language: str | None = None  # of the fenced block
    begun: Line | None = None  # a line that goes on
    after_blank = True  # an indented block begins behind an empty line
    for number, line in enumerate(text.splitlines(), 1):
        if fence := _FENCE.match(line):
            language = fence["language"] if language is None else None
            continue
        indented = language is None and line.startswith("    ") and after_blank
        after_blank = indented or not line.strip()
        if not indented and language not in _SHELL:
            continue
        said = line.strip()
        whole = Line(page, begun.number, f"{begun.text} {said}") if begun else Line(page, number, said)
        begun = whole._replace(text=whole.text[:-1].rstrip()) if said.endswith("\\") else None
        if begun is None:
            yield whole


def prose(text: str) -> str:
    """A page without its code blocks, line for line."""
    lines, fenced = [], False
    for line in text.splitlines():
        fence = _FENCE.match(line)
        lines.append("" if fence or fenced or line.startswith("    ") else line)
        fenced ^= fence is not None
    return "\n".join(lines)


def spans(page: Path, text: str) -> Iterator[Line]:
    """What stands between backticks in the text; may go over a line's end."""
    said = prose(text)
    for span in _SPAN.finditer(said):
        yield Line(page, said.count("\n", 0, span.start()) + 1, " ".join(span[1].split()))


def commands_in(line: Line) -> Iterator[Command]:
    """Our commands in a line of shell; what is explained behind two blanks or a # is left out."""
    explained = _EXPLAINED.fullmatch(line.text)
    lexer = shlex.shlex(explained["command"] if explained else line.text, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words: list[str] = []
    parts, to_file = [words], False
    for word in lexer:
        if set(word) <= set("<>"):
            to_file = True
        elif set(word) <= set("|&;"):
            parts.append(words := [])
        elif to_file:
            to_file = False
        else:
            words.append(word)
    for part in parts:
        while part and (part[0] in ("sudo", "export", "$") or re.match(r"[A-Z_]+=", part[0])):
            part.pop(0)
        if part and Path(part[0]).name in ROOMS:
            yield Command(line, (Path(part[0]).name, *part[1:]))


def said_commands() -> Iterator[Command]:
    """Every command of ours in the pages: in their code blocks, and in their text where it has an option."""
    for page in TRIED:
        text = page.read_text(encoding="utf-8")
        for line in code_lines(page, text):
            try:
                yield from commands_in(line)
            except ValueError as error:
                raise AssertionError(f"{line.place}: {line.text}: {error}") from error
        for span in spans(page, text):
            if span.text.startswith(tuple(ROOMS)) and " -" in span.text:
                yield from commands_in(span)


class Accepted(BaseException):
    """The command line is one that the command takes. No `Exception`: the commands make a line of those."""

    def __init__(self, parser: CommandParser, words: Sequence[str], read: argparse.Namespace) -> None:
        super().__init__()
        self.parser, self.words, self.read = parser, words, read


def accept(parser: CommandParser, args: Sequence[str]) -> NoReturn:
    """Stand in for `parse_args`: parse, and then do nothing of what was asked."""
    raise Accepted(parser, args, argparse.ArgumentParser.parse_args(parser, args))


def check_values(program: str, read: argparse.Namespace) -> None:
    """Check what the parser leaves to the options, where these look at nothing but their values."""
    if program == "catdog-edge":
        for options in (run_options, sink_options, *([source_options] if read.inputs or read.camera else [])):
            options(read)
    elif program == "catdog-train":
        train_options(read)


def main_of(program: str) -> Callable[[Sequence[str]], int]:
    main: Callable[[Sequence[str]], int] = import_module(f"catdog.{ROOMS[program]}.cli").main
    return main


def objection(command: Command, capsys: pytest.CaptureFixture[str]) -> str | None:
    """Say why a command would not be taken; `accept` has to stand in for `parse_args`."""
    program, *words = command.words
    try:
        code = main_of(program)(words)
    except Accepted as accepted:
        check_values(accepted.parser.prog, accepted.read)
        options = [word.partition("=")[0] for word in accepted.words if word.startswith("--")]
        shortened = [word for word in options if word not in accepted.parser._option_string_actions]
        return f"not in full: {', '.join(shortened)}" if shortened else None
    except SystemExit as end:  # --help, --version
        return None if not end.code else f"exit code {end.code}"
    return f"exit code {code}: {capsys.readouterr().err.strip()}"


COMMANDS = list(said_commands())
SUB_COMMANDS = [
    *(["catdog-edge", name] for name in ("doctor", "models", "service", "teach")),
    *(["catdog-train", name] for name in ("compare", "look")),
    *(["catdog-export", name] for name in ("verify", "info", "adopt", "keygen", "sign")),
    *(["catdog-bench", name] for name in BENCHES),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: f"{command.line.place} {' '.join(command.words)}")
def test_command_is_accepted(command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Let the real program read its arguments, sub-commands and all, and stop it there."""
    monkeypatch.setattr(CommandParser, "parse_args", accept)
    assert objection(command, capsys) is None, f"{command.line.place}: {command.line.text}"


@pytest.mark.parametrize("words", [*([name] for name in ROOMS), *SUB_COMMANDS], ids=" ".join)
def test_examples_of_the_help_are_accepted(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main_of(words[0])([*words[1:], "--help"])
    text = capsys.readouterr().out
    assert text.startswith(f"usage: {' '.join(words)}")
    monkeypatch.setattr(CommandParser, "parse_args", accept)
    examples = text.partition("examples:\n")[2].partition("\n\n")[0].splitlines()
    for line in examples:
        for command in commands_in(Line(README, 0, line.strip())):
            assert objection(command, capsys) is None, line


def test_no_command_is_overlooked() -> None:
    found = {(command.line.page, command.line.number) for command in COMMANDS}
    asked_about = re.compile(r"(?:-u|edit) catdog-edge|^pipx? ")  # the name of the service; of what pip installs
    for page in TRIED:
        for line in code_lines(page, page.read_text(encoding="utf-8")):
            if _NAMED.search(line.text.partition("#")[0]) and not asked_about.search(line.text):
                assert (page, line.number) in found, f"{line.place}: {line.text}"
    assert {command.words[0] for command in COMMANDS} == set(ROOMS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("catdog-edge photo.jpg", [["catdog-edge", "photo.jpg"]]),
        ("catdog-edge a.jpg     why, with 'an' apostrophe", [["catdog-edge", "a.jpg"]]),
        ("catdog-edge a.jpg # why", [["catdog-edge", "a.jpg"]]),
        ("catdog-edge --on-event 'feeder.py  --small'   # it's", [["catdog-edge", "--on-event", "feeder.py  --small"]]),
        ("sudo A=1 /opt/catdog/bin/catdog-edge service install", [["catdog-edge", "service", "install"]]),
        ("catdog-edge b/ --json > c.jsonl", [["catdog-edge", "b/", "--json"]]),
        ("find . | catdog-edge - && catdog-bench --quick", [["catdog-edge", "-"], ["catdog-bench", "--quick"]]),
        ("journalctl -u catdog-edge", []),
    ],
)
def test_commands_are_read_as_a_shell_does(text: str, words: list[list[str]]) -> None:
    assert [list(command.words) for command in commands_in(Line(README, 1, text))] == words


def test_code_blocks_are_found() -> None:
    text = "words\n\n    one \\\n      two\n    three\n\n```sh\nfour \\\n  five\n```\n```json\nsix\n```\n- item\n    no code\n"
    assert [(line.number, line.text) for line in code_lines(README, text)] == [(3, "one two"), (5, "three"), (8, "four five")]


@pytest.mark.parametrize(("words", "why"), [(["--modle", "x"], "--modle"), (["--fps", "many"], "--fps")])
def test_a_wrong_option_would_fail(
    words: list[str], why: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(CommandParser, "parse_args", accept)
    assert why in (objection(Command(Line(README, 1, ""), ("catdog-edge", *words)), capsys) or "")


def test_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").split()) <= MOST_WORDS


def test_figures_of_the_readme_are_those_of_the_guides() -> None:
    """A figure that was measured anew has to be changed in both."""
    guides = " ".join(" ".join(page.read_text(encoding="utf-8").split()) for page in GUIDES[1:])
    text = " ".join(README.read_text(encoding="utf-8").split())
    figures = re.findall(r"[\d.,]+ % \([^)]*\)", text)
    assert len(figures) > 9
    assert [figure for figure in figures if figure not in guides] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_are_there(page: Path) -> None:
    said = prose(page.read_text(encoding="utf-8"))
    lost = [link for link in _LINK.findall(said) if not (page.parent / link).exists()]
    assert lost == [], f"{page.relative_to(ROOT)}"


def test_every_guide_is_linked_to() -> None:
    linked = {(page.parent / link).resolve() for page in PAGES for link in _LINK.findall(page.read_text(encoding="utf-8"))}
    assert [page for page in PAGES if page.name not in ("README.md", "index.md") and page not in linked] == []


def test_make_targets_exist() -> None:
    targets = re.findall(r"^([a-z%][a-z0-9/.%-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for line in (*code_lines(page, text), *spans(page, text)):
            if named := re.match(r"make ([a-z][a-z0-9-]*)", line.text):
                known = any(fnmatch.fnmatch(named[1], target.replace("%", "*")) for target in targets)
                assert known, f"{line.place}: {line.text}"


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="mkdocs is not installed: pip install '.[docs]'")
def test_site_builds_without_a_warning(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    api = (tmp_path / "site/api/edge/index.html").read_text(encoding="utf-8")
    assert "classify_all" in api
    assert (tmp_path / "site/repository/edge/models/default/index.html").is_file()

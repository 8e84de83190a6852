"""The files themselves: how right each is, and how often it says the same as the reference."""

import contextlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from catdog.edge.contract import NEITHER
from catdog.edge.cores import usable_cores
from catdog.edge.errors import CatdogError
from catdog.edge.figures import Figure
from catdog.edge.models import BUNDLED, bundled_tflite

from .artifacts import find_artifacts
from .measure.answers import Answers, Question, answer_all, drawn_pictures
from .measure.case import Case
from .measure.crew import Member
from .measure.worker import Opened
from .options import BenchOptions
from .report.results import ArtifactResult, Missing

_NOT_ASKED = Answers({}, {}, 0)

Said = Answers | CatdogError
Key = tuple[Path, str]  # file and backend: another runtime may give other answers


def ask(cases: Sequence[Case], options: BenchOptions) -> dict[Key, Said]:
    """Have each file judge the labelled photographs, or drawn pictures, in a process of its own.

    Args:
        cases: whose files; each is asked once, whatever the number of its threads.
        options: which photographs, and which reference.

    Raises:
        DatasetError: no labelled photographs are there.
        InputNotFoundError: the reference does not exist.
    """
    asked = {_key(case): case for case in (*cases, _reference(cases, options))}
    if options.data is None and len(asked) == 1:
        return dict.fromkeys(asked, _NOT_ASKED)
    question = Question(options.data, options.data_limit, drawn_pictures() if options.data is None else {})
    said: dict[Key, Said] = {}
    for key, case in asked.items():
        with Member(case.artifact) as member:
            try:
                said[key] = member.ask(answer_all, replace(case, threads=usable_cores()), question)
            except CatdogError as error:
                said[key] = error
    errors = [each for each in said.values() if isinstance(each, CatdogError)]
    if options.data is not None and len(errors) == len(said):
        raise errors[0]
    # What one of them has learnt from is left out for all: accuracies are compared.
    learnt = frozenset[str]().union(*(each.learnt for each in said.values() if isinstance(each, Answers)))
    return {key: replace(each, learnt=learnt) if isinstance(each, Answers) else each for key, each in said.items()}


def rate(
    opened: Mapping[Case, Opened], said: Mapping[Key, Said], options: BenchOptions
) -> tuple[tuple[ArtifactResult, ...], str]:
    """Put together what is known of each file.

    Args:
        opened: the cases that ran, and what was found of them.
        said: what `ask` gave.
        options: that it was asked with.

    Returns:
        One for each artifact and backend, and the name of the reference.
    """
    chosen: dict[tuple[str, str], Case] = {}
    for case in opened:
        chosen.setdefault((case.artifact, case.backend), case)
    reference = _reference(list(opened), options)
    rated = [
        ArtifactResult(
            name=case.artifact,
            backend=case.backend,
            command=_typed(case.path),
            input=f"{opened[case].input.width}x{opened[case].input.height} {opened[case].input.dtype}",
            labels=opened[case].labels,
            file_bytes=opened[case].file_bytes,
            sha256=opened[case].sha256,
            accuracy=_accuracy(said[_key(case)], options),
            claimed=next((figure for figure in opened[case].figures if figure.name == "accuracy"), None),
            delegation=opened[case].delegation,
            agreement=_agreement(said[_key(case)], said[_key(reference)], alone=len(said) == 1),
        )
        for case in chosen.values()
    ]
    return tuple(rated), reference.artifact


def _key(case: Case) -> Key:
    return case.path, case.backend


def _reference(cases: Sequence[Case], options: BenchOptions) -> Case:
    if options.reference is None:
        return cases[0]
    path = find_artifacts([options.reference])[0]
    return Case(path.name, path, "auto", 1)


def _accuracy(said: Said, options: BenchOptions) -> Figure | Missing:
    if options.data is None:
        return Missing("no photographs were named with --data")
    if isinstance(said, CatdogError):
        return Missing(str(said))
    figure = said.accuracy
    if figure is None:
        return Missing(
            "the model has learnt from all of these photographs" if said.learnt else "none of the photographs could be read"
        )
    limited = "" if options.data_limit is None else f", {figure.n:,} of them"
    unread = f", {said.unread} could not be read" if said.unread else ""
    unread += f", left out {', '.join(said.left_out)}" if said.left_out else ""
    without = "" if NEITHER in said.truth.values() else ", none without a pet"
    learnt = f", {len(said.learnt):,} that were learnt from left out" if said.learnt else ""
    return replace(figure, data=f"photographs of {options.data.name}{limited}{without}{unread}{learnt}")


def _agreement(said: Said, reference: Said, *, alone: bool) -> Figure | Missing:
    if isinstance(said, CatdogError) or isinstance(reference, CatdogError):
        return Missing("it, or the reference, could not be asked")
    if alone:
        return Missing("nothing else to agree with; name a --reference")
    if said is reference:
        return Missing("of the reference with itself says nothing")
    figure = said.agreement(reference)
    if figure is None:
        return Missing("no picture was judged by both")
    return replace(figure, data="photographs" if said.truth else "drawn pictures")


def _typed(path: Path) -> str:
    """Return what to type behind --model: a bundled model's name, else the path from here or from home, if it lies there."""
    bundled = next((name for name in BUNDLED if bundled_tflite(name) == path), None)
    if bundled is not None:
        return bundled
    whole = path.resolve()
    if whole.is_relative_to(Path.cwd()):
        return shlex.quote(whole.relative_to(Path.cwd()).as_posix())
    with contextlib.suppress(RuntimeError):  # a user without a home
        if whole.is_relative_to(home := Path.home().resolve()):
            return f"~/{shlex.quote(whole.relative_to(home).as_posix())}"
    return shlex.quote(whole.as_posix())

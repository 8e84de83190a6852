"""The files themselves: how right each is, and how often it says the same as the reference."""

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


def rate(opened: Mapping[Case, Opened], options: BenchOptions) -> tuple[tuple[ArtifactResult, ...], str]:
    """Have each artifact judge the labelled photographs, or drawn pictures, in a process of its own.

    Args:
        opened: the cases that ran, and what is known of them.
        options: which photographs, and which reference.

    Returns:
        One for each artifact and backend, and the name of the reference.

    Raises:
        DatasetError: no labelled photographs are there.
        InputNotFoundError: the reference does not exist.
    """
    chosen: dict[tuple[str, str], Case] = {}
    for case in opened:
        chosen.setdefault((case.artifact, case.backend), case)
    reference = next(iter(chosen.values())) if options.reference is None else _reference(options.reference)
    said = _ask([*chosen.values(), reference], options)
    known = said[reference.path, reference.backend]
    return tuple(
        ArtifactResult(
            name=case.artifact,
            backend=case.backend,
            command=_typed(case.path),
            input=f"{facts.input.width}x{facts.input.height} {facts.input.dtype}",
            labels=facts.labels,
            file_bytes=facts.file_bytes,
            sha256=facts.sha256,
            accuracy=_accuracy(said[case.path, case.backend], options),
            claimed=next((figure for figure in facts.figures if figure.name == "accuracy"), None),
            delegation=facts.delegation,
            agreement=_agreement(said[case.path, case.backend], known, alone=len(said) == 1),
        )
        for case, facts in ((case, opened[case]) for case in chosen.values())
    ), reference.artifact


def _reference(given: Path) -> Case:
    path = find_artifacts([given])[0]
    return Case(path.name, path, "auto", 1)


def _ask(cases: Sequence[Case], options: BenchOptions) -> dict[tuple[Path, str], Said]:
    """Ask each file once, by path and backend."""
    asked = {(case.path, case.backend): case for case in cases}
    if options.data is None and len(asked) == 1:
        return dict.fromkeys(asked, _NOT_ASKED)
    question = Question(options.data, options.data_limit, drawn_pictures() if options.data is None else {})
    said: dict[tuple[Path, str], Said] = {}
    for key, case in asked.items():
        with Member(case.artifact) as member:
            try:
                said[key] = member.ask(answer_all, replace(case, threads=usable_cores()), question)
            except CatdogError as error:
                said[key] = error
    errors = [each for each in said.values() if isinstance(each, CatdogError)]
    if options.data is not None and len(errors) == len(said):
        raise errors[0]
    return said


def _accuracy(said: Said, options: BenchOptions) -> Figure | Missing:
    if options.data is None:
        return Missing("no photographs were named with --data")
    if isinstance(said, CatdogError):
        return Missing(str(said))
    figure = said.accuracy
    if figure is None:
        return Missing("none of the photographs could be read")
    limited = "" if options.data_limit is None else f", {figure.n:,} of them"
    unread = f", {said.unread} could not be read" if said.unread else ""
    without = "" if NEITHER in said.truth.values() else ", none without a pet"
    return replace(figure, data=f"photographs of {options.data.name}{limited}{without}{unread}")


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
    """Return what to type behind --model: the name of a bundled model, else the file's without its folder."""
    return next((name for name in BUNDLED if bundled_tflite(name) == path), path.name)

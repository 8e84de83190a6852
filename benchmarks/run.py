"""The benchmark from options to report."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from catdog.edge.contract import NEITHER
from catdog.edge.decode import read_picture
from catdog.edge.errors import CatdogError, missing_extra
from catdog.edge.figures import Figure
from catdog.edge.models import BUNDLED, bundled_tflite

from .artifacts import find_artifacts
from .measure.answers import Answers, Question, answer_all, drawn_pictures, thinned
from .measure.case import Case, FailedCase, make_cases
from .measure.crew import Member
from .measure.rounds import Measured, measure
from .measure.worker import Job
from .options import BenchOptions, Effort, Scenario, usable_cores
from .recommend import recommend
from .report.results import ArtifactResult, BenchReport, CaseResult, Missing, PictureInfo, scenario_result
from .validity.checks import Check, check_delegation, check_machine, check_rounds, check_samples
from .validity.environment import record_environment
from .validity.readings import ROOT
from .validity.watch import EnergyMeter, Watch

_WIDTH, _HEIGHT = 640, 480  # what most cameras give when nobody asks for more
_FILM_FRAMES = 30  # different ones of the demo camera
_OFFLINE_PICTURES = 60  # different ones; more would be a measurement of the memory

Row = CaseResult | FailedCase


def run_benchmark(options: BenchOptions, *, root: Path = ROOT) -> BenchReport:
    """Time every case that can be run in every scenario, ask the artifacts, and summarise.

    Args:
        options: what to measure.
        root: where `/proc` and `/sys` are, of the checks whether the figures are valid.

    Raises:
        InputNotFoundError: an artifact or the picture does not exist.
        UnreadableInputError: the picture cannot be decoded.
        DatasetError: no labelled photographs are there.
        CatdogError: nothing at all could be run; the first case's error.
        MissingExtraError: a package of the extra `bench` is not installed.
    """
    cases = make_cases(find_artifacts(options.artifacts), options)
    picture, info = _picture(options.picture)
    effort = options.effort.shared_by(len(cases) * len(options.scenarios))
    meter = EnergyMeter(root)
    with _progress(len(cases) * len(options.scenarios) * effort.rounds) as advance:
        watch = Watch(usable_cores(), root)
        measured = _all_scenarios(cases, options, effort, picture, meter, watch, advance)
        conditions = watch.conditions()
    rows = _rows(cases, measured, meter.trouble)
    ran = [row for row in rows if isinstance(row, CaseResult)]
    if not ran:
        raise next(row.error for row in rows if isinstance(row, FailedCase))
    asked, reference = _ask(ran, options)
    report = BenchReport(
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        options=replace(options, effort=effort),
        picture=info,
        environment=record_environment(),
        conditions=conditions,
        checks=(*check_machine(conditions), *_check_figures(ran, effort)),
        artifacts=_artifacts(ran, measured, asked, reference, options),
        reference=reference.artifact,
        rows=rows,
    )
    return replace(report, recommendation=recommend(report, options.target))


def _all_scenarios(
    cases: Sequence[Case],
    options: BenchOptions,
    effort: Effort,
    picture: NDArray[np.uint8],
    meter: EnergyMeter,
    watch: Watch,
    advance: Callable[[], None],
) -> dict[str, list[Measured | FailedCase]]:
    """Measure one scenario after the other; what failed in one is left out of the next."""
    found: dict[str, list[Measured | FailedCase]] = {}
    failed: dict[Case, FailedCase] = {}
    for scenario in options.scenarios:
        frames = _frames(scenario, picture, options)
        jobs = [
            Job(
                case=case,
                scenario=scenario,
                copies=max(1, usable_cores() // case.threads) if scenario == Scenario.OFFLINE else 1,
                warmup=effort.warmup,
                frames=frames,
                fps=options.fps,
            )
            for case in cases
            if case not in failed
        ]
        results = measure(jobs, effort, seed=options.seed, meter=meter, glance=watch.look, on_turn=advance)
        failed |= {result.case: result for result in results if isinstance(result, FailedCase)}
        by_case = {result.case: result for result in results} | failed
        found[scenario] = [by_case[case] for case in cases]
    return found


def _picture(path: Path | None) -> tuple[NDArray[np.uint8], PictureInfo]:
    if path is not None:
        frame, name = read_picture(path), path.name
    else:
        from catdog.edge.synthetic import draw_picture

        frame, name = draw_picture("cats", 0, width=_WIDTH, height=_HEIGHT), "a drawn cat"
    return frame, PictureInfo(name, width=frame.shape[1], height=frame.shape[0])


def _frames(scenario: str, picture: NDArray[np.uint8], options: BenchOptions) -> list[NDArray[np.uint8]] | list[bytes]:
    """Return what a scenario shows: the picture, the demo camera's film, or JPEG files."""
    if scenario == Scenario.SINGLE:
        return [picture]
    if scenario == Scenario.CAMERA:
        from catdog.edge.synthetic import DemoFilm

        film = DemoFilm()
        return [film.frame(number * film.frames_per_cycle // _FILM_FRAMES) for number in range(_FILM_FRAMES)]
    if options.data is not None:
        from catdog.export.labelled import find_photographs

        # Whatever the folders are called: here nobody asks what is on them.
        found = thinned(find_photographs(options.data, _folders(options.data)), _OFFLINE_PICTURES)
        return [_encoded(photograph.read()) for photograph in found]
    return [_encoded(picture)]


def _folders(data: Path) -> list[str]:
    """Name every folder that a picture could be in."""
    import zipfile

    if data.is_dir():
        return [data.name, *(folder.name for folder in data.rglob("*") if folder.is_dir())]
    if zipfile.is_zipfile(data):
        with zipfile.ZipFile(data) as archive:
            return sorted({part for name in archive.namelist() for part in Path(name).parts[:-1]})
    return []


def _encoded(picture: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".jpg", picture)[1].tobytes()


def _rows(cases: Sequence[Case], measured: dict[str, list[Measured | FailedCase]], trouble: str | None) -> tuple[Row, ...]:
    """Put the scenarios of each case together; the first case that ran is the baseline of the others."""
    baselines: dict[str, Measured] = {}
    rows: list[Row] = []
    for place, case in enumerate(cases):
        of_case = {scenario: results[place] for scenario, results in measured.items()}
        failure = next((result for result in of_case.values() if isinstance(result, FailedCase)), None)
        if failure is not None:
            rows.append(failure)
            continue
        ran = {scenario: result for scenario, result in of_case.items() if isinstance(result, Measured)}
        opened = next(iter(ran.values())).opened
        loads = [ms for result in ran.values() for ms in result.opened.load_ms]
        firsts = [ms for result in ran.values() for ms in result.opened.first_result_ms]
        rows.append(
            CaseResult(
                case=case,
                runtime=opened.runtime,
                placement=opened.placement,
                load_ms=float(np.median(loads)),
                first_result_ms=float(np.median(firsts)),
                scenarios={
                    scenario: scenario_result(result, scenario, trouble, baselines.get(scenario))
                    for scenario, result in ran.items()
                },
            )
        )
        for scenario, result in ran.items():
            baselines.setdefault(scenario, result)
    return tuple(rows)


def _check_figures(ran: Sequence[CaseResult], effort: Effort) -> list[Check]:
    mains = {row.case.label: row.main for row in ran}
    return [
        *check_samples(
            {label: result.end_to_end.n for label, result in mains.items()},
            effort.rounds,
            {label: result.seconds for label, result in mains.items()},
            effort.seconds,
        ),
        *check_rounds({label: result.rounds.end_to_end_ms for label, result in mains.items()}),
        check_delegation({row.case.label: row.placement for row in ran}),
    ]


def _ask(ran: Sequence[CaseResult], options: BenchOptions) -> tuple[dict[tuple[str, str], Answers | CatdogError], Case]:
    """Have each artifact judge the labelled photographs, or drawn pictures, in a process of its own.

    Returns:
        What each said, by artifact and backend, and the case whose answers are the reference.
    """
    chosen: dict[tuple[str, str], Case] = {}
    for row in ran:
        chosen.setdefault((row.case.artifact, row.case.backend), row.case)
    if options.reference is None:
        reference = next(iter(chosen.values()))
    else:
        reference = _reference_case(options.reference)
        chosen.setdefault((f"reference {reference.artifact}", reference.backend), reference)
    drawn = drawn_pictures() if options.data is None and len(chosen) > 1 else {}
    question = Question(options.data, options.data_limit, drawn)
    said: dict[tuple[str, str], Answers | CatdogError] = {}
    if options.data is None and not drawn:
        return dict.fromkeys(chosen, Answers({}, {}, 0)), reference
    for key, case in chosen.items():
        with Member(case.artifact) as member:
            try:
                said[key] = member.ask(answer_all, replace(case, threads=usable_cores()), question)
            except CatdogError as error:
                said[key] = error
    if options.data is not None and all(isinstance(each, CatdogError) for each in said.values()):
        raise next(each for each in said.values() if isinstance(each, CatdogError))
    return said, reference


def _reference_case(given: Path) -> Case:
    path = find_artifacts([given])[0]
    return Case(path.name, path, "auto", 1)


def _artifacts(
    ran: Sequence[CaseResult],
    measured: dict[str, list[Measured | FailedCase]],
    asked: dict[tuple[str, str], Answers | CatdogError],
    reference: Case,
    options: BenchOptions,
) -> tuple[ArtifactResult, ...]:
    opened = {result.case: result.opened for result in next(iter(measured.values())) if isinstance(result, Measured)}
    found: dict[tuple[str, str], ArtifactResult] = {}
    by_reference = asked.get((f"reference {reference.artifact}", "auto")) or asked[(reference.artifact, reference.backend)]
    for row in ran:
        key = (row.case.artifact, row.case.backend)
        if key in found:
            continue
        facts, said = opened[row.case], asked[key]
        found[key] = ArtifactResult(
            name=row.case.artifact,
            backend=row.case.backend,
            command=_typed(row.case.path),
            input=f"{facts.input.width}x{facts.input.height} {facts.input.dtype}",
            labels=facts.labels,
            file_bytes=facts.file_bytes,
            sha256=facts.sha256,
            accuracy=_accuracy(said, options),
            claimed=next((figure for figure in facts.figures if figure.name == "accuracy"), None),
            agreement=_agreement(said, by_reference, is_reference=row.case.path == reference.path and len(asked) > 1),
        )
    return tuple(found.values())


def _accuracy(said: Answers | CatdogError, options: BenchOptions) -> Figure | Missing:
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


def _agreement(said: Answers | CatdogError, reference: Answers | CatdogError, *, is_reference: bool) -> Figure | Missing:
    if isinstance(said, CatdogError) or isinstance(reference, CatdogError):
        return Missing("it, or the reference, could not be asked")
    if said is reference:
        return Missing(
            "of the reference with itself says nothing" if is_reference else "nothing else to agree with; name a --reference"
        )
    figure = said.agreement(reference)
    if figure is None:
        return Missing("no picture was judged by both")
    return replace(figure, data="photographs" if said.truth else f"{figure.n} drawn pictures")


def _typed(path: Path) -> str:
    """Return what to type behind --model: the name of a bundled model, else the file's without its folder."""
    return next((name for name in BUNDLED if bundled_tflite(name) == path), path.name)


@contextmanager
def _progress(turns: int) -> Iterator[Callable[[], None]]:
    """Show a bar on stderr, on a terminal only; yields the function that moves it on."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError as error:
        raise missing_extra("tqdm", "bench") from error
    with tqdm(total=turns, desc="measuring", unit="turn", leave=False, disable=None) as bar:
        yield lambda: bar.update() and None

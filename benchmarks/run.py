"""The benchmark from options to report."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from catdog.edge.common.cores import usable_cores
from catdog.edge.common.installation import missing_extra
from catdog.edge.common.machine import ROOT

from .artifacts import find_artifacts
from .measure.case import Case, FailedCase, make_cases
from .measure.frames import Frames, frames_of, read_or_draw
from .measure.rounds import Measured, measure
from .measure.worker import Job, Opened
from .options import BenchOptions, Effort, Scenario
from .rating import ask, rate
from .recommend import recommend
from .report.results import BenchReport, CaseResult, PictureInfo
from .report.scenario import scenario_result
from .validity.checks import Check, check_delegation, check_machine, check_rounds, check_samples
from .validity.environment import load_average, record_environment
from .validity.watch import EnergyMeter, Watch

Row = CaseResult | FailedCase


def run_benchmark(options: BenchOptions, *, root: Path = ROOT) -> BenchReport:
    """Ask the artifacts, time every case that can be run in every scenario, and summarise.

    It starts processes that import the program's main module: a script of yours needs ``if __name__ == "__main__":``.

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
    load_before = load_average()
    cases = make_cases(find_artifacts(options.artifacts), options)
    picture, name = read_or_draw(options.picture)
    shown = {scenario: frames_of(scenario, picture, options.data) for scenario in options.scenarios}
    said = ask(cases, options)  # first: photographs that are not there are told before minutes are spent on measuring
    effort = options.effort.shared_by(len(cases) * len(options.scenarios))
    meter = EnergyMeter(root)
    with _progress(len(cases) * len(options.scenarios) * effort.rounds) as advance:
        watch = Watch(usable_cores(), root)
        measured = _all_scenarios(cases, options, effort, shown, meter, watch, advance)
        conditions = watch.conditions()
    rows = _rows(cases, measured, meter.trouble)
    ran = [row for row in rows if isinstance(row, CaseResult)]
    if not ran:
        raise next(row.error for row in rows if isinstance(row, FailedCase))
    artifacts, reference = rate(_opened(measured), said, options)
    report = BenchReport(
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        options=replace(options, effort=effort),
        picture=PictureInfo(name, width=picture.shape[1], height=picture.shape[0]),
        environment=record_environment(load_before),
        conditions=conditions,
        checks=(
            *check_machine(conditions),
            *_check_figures(ran, effort),
            check_delegation({artifact.name: artifact.delegation for artifact in artifacts}),
        ),
        artifacts=artifacts,
        reference=reference,
        rows=rows,
    )
    return replace(report, recommendation=recommend(report, options.target))


def _all_scenarios(
    cases: Sequence[Case],
    options: BenchOptions,
    effort: Effort,
    shown: Mapping[str, Frames],
    meter: EnergyMeter,
    watch: Watch,
    advance: Callable[[], None],
) -> dict[str, list[Measured | FailedCase]]:
    """Measure one scenario after the other; what failed in one is left out of the next."""
    found: dict[str, list[Measured | FailedCase]] = {}
    failed: dict[Case, FailedCase] = {}
    for scenario in options.scenarios:
        jobs = [
            Job(
                case=case,
                scenario=scenario,
                copies=max(1, usable_cores() // case.threads) if scenario == Scenario.OFFLINE else 1,
                warmup=effort.warmup,
                frames=shown[scenario],
                fps=options.fps,
            )
            for case in cases
            if case not in failed
        ]
        results = measure(jobs, effort, seed=options.seed, meter=meter, poll=watch.look, on_turn=advance)
        failed |= {result.case: result for result in results if isinstance(result, FailedCase)}
        by_case = {result.case: result for result in results} | failed
        found[scenario] = [by_case[case] for case in cases]
    return found


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


def _opened(measured: dict[str, list[Measured | FailedCase]]) -> dict[Case, Opened]:
    """Return what is known of the cases that ran in every scenario."""
    failed = {each.case for results in measured.values() for each in results if isinstance(each, FailedCase)}
    first = next(iter(measured.values()))
    return {each.case: each.opened for each in first if isinstance(each, Measured) and each.case not in failed}


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
    ]


@contextmanager
def _progress(turns: int) -> Iterator[Callable[[], None]]:
    """Show on stderr how far it has come; yields the function that moves it on."""
    try:
        from catdog.edge.common.progress import progress_bar
    except ModuleNotFoundError as error:
        raise missing_extra("tqdm", "bench") from error
    with progress_bar(total=turns, title="measuring", unit=" turns", leave=False) as bar:
        yield lambda: bar.update() and None

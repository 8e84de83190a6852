"""Which artifact and flags to use: as right as any that is fast enough, then the quickest, the smallest file, the least memory.

What cannot be told apart by one of these is decided by the next.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from catdog.edge.contract.figures import Figure

from .options import Target
from .report.results import ArtifactResult, BenchReport, CaseResult, Missing, Recommendation, Rounds
from .stats import compare_paired
from .stats.percentiles import Times
from .stats.ratios import Verdict

_Known = tuple[CaseResult, ArtifactResult]

_CLEARLY = 1.1  # times as slow, where there are too few rounds to say how sure that is


def recommend(report: BenchReport, target: Target) -> Recommendation:
    """Choose a case.

    With a target: of the cases whose p99 (its upper bound, where there are enough runs for one) meets it. Then those whose
    accuracy cannot be told from the best one's (its interval reaches as far); of them those whose time (with a target: of the
    processor) cannot be told from the lowest; of them the one with the smallest file, then the least memory.
    """
    known = [(row, report.artifact_of(row.case)) for row in report.measured]
    limit = target.p99_ms
    return _without_target(known) if limit is None else _with_target(known, limit, target.fps)


def worst_ms(row: CaseResult) -> float:
    """Return the upper bound of a case's p99, or the slowest run where there are too few for a bound."""
    high = row.main.end_to_end.p99_ms.high
    return row.main.end_to_end.max_ms if high is None else high


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return which points no other beats, by latency rising.

    Args:
        points: latency and accuracy of each; less and more is better.
    """
    front: list[int] = []
    for index in sorted(range(len(points)), key=lambda index: (points[index][0], -points[index][1])):
        if not front or points[index][1] > points[front[-1]][1]:
            front.append(index)
    return front


def _with_target(known: Sequence[_Known], limit: float, fps: float | None) -> Recommendation:
    fit = [(row, artifact) for row, artifact in known if worst_ms(row) <= limit]
    if not fit:
        best = min((row for row, _ in known), key=worst_ms)
        return Recommendation(
            None,
            None,
            (
                f"Nothing measured here stays within {limit:.1f} ms in 99 of 100 cases.",
                f"Nearest is {best.case.label} with a p99 of up to {worst_ms(best):.1f} ms.",
                "Export with a smaller --image-size, or ask for less.",
            ),
        )
    row, artifact = _smallest(_as_right(fit), lambda rounds: rounds.cpu_ms)
    others = "" if len(fit) == len(known) else f" {len(known) - len(fit)} of {len(known)} cases are too slow."
    why = f"It stays within {limit:.1f} ms in 99 of 100 cases (p99 up to {worst_ms(row):.1f} ms).{others}"
    return Recommendation(row.case.label, _command(row, artifact, fps), (why, *_accuracy_said(artifact, known)))


def _without_target(known: Sequence[_Known]) -> Recommendation:
    fit = _as_right(known)
    row, artifact = _smallest(fit, lambda rounds: rounds.end_to_end_ms)
    rated = any(artifact.known_accuracy is not None for _, artifact in known)
    among = " of those whose accuracy cannot be told from the best one's" if rated else ""
    fastest = row is min((each for each, _ in fit), key=lambda each: each.main.end_to_end.p50_ms.value)
    why = f"It is the fastest{among}." if fastest else f"It is the smallest file, as fast as the fastest{among}."
    return Recommendation(row.case.label, _command(row, artifact, None), (why, *_accuracy_said(artifact, known)))


def _as_right(known: Sequence[_Known]) -> list[_Known]:
    """Return those whose accuracy cannot be told from the best one's; all of them where none is known."""
    measured = [isinstance(artifact.accuracy, Figure) for _, artifact in known]
    # What was measured here is not held against what a file says of itself.
    pairs = [pair for pair, here in zip(known, measured, strict=True) if here] or list(known)
    figures = [figure for _, artifact in pairs if (figure := artifact.known_accuracy) is not None]
    best = max(figures, key=lambda figure: figure.value, default=None)
    return [
        (row, artifact)
        for row, artifact in pairs
        if best is None or (artifact.known_accuracy is not None and artifact.known_accuracy.high >= best.low)
    ]


def _smallest(known: Sequence[_Known], time: Callable[[Rounds], Times]) -> _Known:
    """Return, of those whose time cannot be told from the lowest, the one with the smallest file, then the least memory."""
    quickest = min(known, key=lambda pair: float(np.median(time(pair[0].main.rounds))))
    lowest = time(quickest[0].main.rounds)
    alike = [pair for pair in known if pair is quickest or not _slower(time(pair[0].main.rounds), lowest)]
    return min(alike, key=lambda pair: (pair[1].file_bytes, _memory(pair[0])))


def _slower(times: Times, lowest: Times) -> bool:
    found = compare_paired(times, lowest)
    # Too few rounds for an interval tell a large difference apart all the same.
    return found.ratio > _CLEARLY if found.low is None else found.verdict == Verdict.SLOWER


def _memory(row: CaseResult) -> float:
    used = row.main.memory_bytes
    return math.inf if isinstance(used, Missing) else used


def _accuracy_said(artifact: ArtifactResult, known: Sequence[_Known]) -> list[str]:
    if isinstance(artifact.accuracy, Figure):
        return [f"Its accuracy is {artifact.accuracy}."]
    if artifact.claimed is None:
        return ["Nothing is known of its accuracy: name photographs with --data."]
    said = [f"Its accuracy is {artifact.claimed}, says the file; measured when it was exported, on {artifact.claimed.data}."]
    datas = {each.claimed.data for _, each in known if each.claimed is not None and isinstance(each.accuracy, Missing)}
    if len(datas) > 1:
        said.append("The files' figures are from different pictures; --data compares them on the same.")
    return said


def _command(row: CaseResult, artifact: ArtifactResult, fps: float | None) -> str:
    backend = "" if row.case.backend == "auto" else f" --backend {row.case.backend}"
    pace = "" if fps is None else f" --max-fps {fps:g}"
    return f"catdog-edge --camera 0 --model {artifact.command} --threads {row.case.threads}{backend}{pace}"

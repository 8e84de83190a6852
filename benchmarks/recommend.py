"""Which artifact and flags to use: the most accurate that is fast enough, or else the fastest that is as right as any."""

from collections.abc import Sequence
from dataclasses import replace

from catdog.edge.figures import Figure

from .options import Target
from .report.results import ArtifactResult, BenchReport, CaseResult, Missing, Recommendation


def recommend(report: BenchReport, target: Target) -> Recommendation:
    """Choose a case.

    With a target: of the cases whose p99 (its upper bound, where there are enough runs for one) meets it, the one with the
    highest accuracy; where several share it, the one that takes the least processor time. Without: of the artifacts whose
    accuracy cannot be told from the best one's (its interval reaches as far), the fastest.
    """
    known = [(row, report.artifact_of(row.case)) for row in report.measured]
    limit = target.p99_ms
    chosen = _without_target(known) if limit is None else _with_target(known, limit, target.fps)
    if report.valid:
        return chosen
    return replace(chosen, why=(*chosen.why, "The measurement is INVALID: measure again before relying on it."))


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


def _with_target(known: Sequence[tuple[CaseResult, ArtifactResult]], limit: float, fps: float | None) -> Recommendation:
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
    row, artifact = max(fit, key=lambda pair: (_accuracy(pair[1]), -pair[0].main.cpu_ms))
    others = "" if len(fit) == len(known) else f" {len(known) - len(fit)} of {len(known)} cases are too slow."
    why = f"It stays within {limit:.1f} ms in 99 of 100 cases (p99 up to {worst_ms(row):.1f} ms).{others}"
    return Recommendation(row.case.label, _command(row, artifact, fps), (why, *_accuracy_said(artifact, known)))


def _without_target(known: Sequence[tuple[CaseResult, ArtifactResult]]) -> Recommendation:
    figures = [figure for _, artifact in known if (figure := artifact.known_accuracy) is not None]
    best = max(figures, key=lambda figure: figure.value, default=None)
    fit = [
        (row, artifact)
        for row, artifact in known
        if best is None or (artifact.known_accuracy is not None and artifact.known_accuracy.high >= best.low)
    ]
    row, artifact = min(fit, key=lambda pair: pair[0].main.end_to_end.p50_ms.value)
    why = "It is the fastest of those whose accuracy cannot be told from the best one's." if best else "It is the fastest."
    return Recommendation(row.case.label, _command(row, artifact, None), (why, *_accuracy_said(artifact, known)))


def _accuracy(artifact: ArtifactResult) -> float:
    figure = artifact.known_accuracy
    return -1.0 if figure is None else figure.value


def _accuracy_said(artifact: ArtifactResult, known: Sequence[tuple[CaseResult, ArtifactResult]]) -> list[str]:
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

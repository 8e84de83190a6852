"""`bench.json` and `bench.csv`: the same figures for programs.

The JSON document, version 2 (a later version only adds keys, or counts up):

- ``catdog_bench``: version of this format, an integer.
- ``measured_at``: UTC, ISO 8601.
- ``valid``: whether nothing speaks against the figures.
- ``checks``: a list of ``name``, ``passed`` (true, false; null where it could not be checked) and ``said``.
- ``options``: ``threads``, ``backends``, ``scenarios``, ``warmup``, ``rounds``, ``runs`` and ``seconds`` (of a case in a
  scenario at least), ``longest_s`` (at most), ``fps`` (of the camera scenario), ``seed``, ``target_p99_ms`` (null if nothing
  was asked for).
- ``picture``: ``name``, ``width``, ``height``.
- ``environment``: the fields of `catdog.benchmarks.validity.environment.Environment`.
- ``conditions``: the fields of `catdog.benchmarks.validity.watch.Conditions`.
- ``summary``: the sentences of the report, the headline first.
- ``recommendation``: ``case`` and ``command`` (null if none meets the target) and ``why``, a list of sentences.
- ``missing``: why columns are empty, a list of sentences.
- ``reference``: the artifact whose answers the agreement is with.
- ``artifacts``: a list; each has ``name``, ``backend``, ``command`` (what to type behind ``--model``), ``input``, ``labels``,
  ``file_bytes``, ``sha256``, ``accuracy``, ``claimed`` (the accuracy that the file's contract has) and ``agreement``. The
  three are figures: ``value``, ``low``, ``high`` (95 % interval), ``n`` and ``data``; or ``{"missing": why}``, or null.
  And ``delegation``: ``name`` of what computes, ``taken`` and ``operations`` (null where the runtime does not say).
- ``cases``: a list in the order of the tables. Each has ``artifact``, ``backend`` (as asked for), ``threads`` and ``error``. If
  ``error`` is null it also has ``runtime``, ``load_ms``, ``first_result_ms`` and ``scenarios``: by the name of the scenario
    - ``end_to_end``, ``preprocess``, ``invoke``: the fields of `catdog.benchmarks.stats.LatencySummary`; a percentile has
      ``value``, ``low`` and ``high`` (95 % bounds; null where there are too few runs for one),
    - ``seconds``, ``per_second``, ``cpu_ms`` (processor time a frame), ``missed`` (a figure, or null),
    - ``memory_bytes``, ``memory_peak_bytes``, ``memory_model_bytes``, ``energy_mj``: a number or ``{"missing": why}``,
    - ``versus``: ``ratio``, ``low``, ``high`` (99 % interval or null), ``rounds``, ``paired`` and ``verdict``, relative to
      the first case without an error; null for that one,
    - ``rounds``: ``end_to_end_ms``, ``invoke_ms``, ``cpu_ms``, ``frame_ms``: a list each, one number a round.

The unit of every time is in its key; numbers are rounded to six significant digits.
"""

import csv
import io
import json
from dataclasses import asdict
from typing import Any

import numpy as np

from ..measure.case import FailedCase
from ..stats import Comparison
from .results import ArtifactResult, BenchReport, CaseResult, Missing, ScenarioResult, sentences

SCHEMA_VERSION = 2

_DIGITS = 6
_PARTS = ("end_to_end", "preprocess", "invoke")
_SHARES = ("p50_ms", "p90_ms", "p99_ms")


def to_document(report: BenchReport) -> dict[str, Any]:
    """Return the report as the JSON document described above."""
    options, effort = report.options, report.options.effort
    document = {
        "catdog_bench": SCHEMA_VERSION,
        "measured_at": report.measured_at,
        "valid": report.valid,
        "checks": [asdict(check) for check in report.checks],
        "options": {
            "threads": list(options.threads),
            "backends": list(options.backends),
            "scenarios": list(options.scenarios),
            **{name: getattr(effort, name) for name in ("warmup", "rounds", "runs", "seconds", "longest_s")},
            "fps": options.fps,
            "seed": options.seed,
            "target_p99_ms": options.target.p99_ms,
        },
        "picture": asdict(report.picture),
        "environment": asdict(report.environment),
        "conditions": asdict(report.conditions),
        "summary": sentences(report),
        "recommendation": asdict(report.recommendation),
        "missing": report.missing,
        "reference": report.reference,
        "artifacts": [_artifact(artifact) for artifact in report.artifacts],
        "cases": [_case(row) for row in report.rows],
    }
    plain: dict[str, Any] = _plain(document)
    return plain


def to_json(report: BenchReport) -> str:
    """Write the document as text."""
    return json.dumps(to_document(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def to_csv(report: BenchReport) -> str:
    """Write one line a case and scenario, with a heading; cells that have no figure are empty."""
    document = to_document(report)
    artifacts = {(each["name"], each["backend"]): each for each in document["artifacts"]}
    records = [record for case in document["cases"] for record in _records(case, artifacts)]
    columns = dict.fromkeys(key for record in records for key in record if key != "error")
    text = io.StringIO()
    writer = csv.DictWriter(text, [*columns, "error"], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def _artifact(artifact: ArtifactResult) -> dict[str, Any]:
    figures = {name: getattr(artifact, name) for name in ("accuracy", "claimed", "agreement")}
    return {
        "name": artifact.name,
        "backend": artifact.backend,
        "command": artifact.command,
        "input": artifact.input,
        "labels": list(artifact.labels),
        "file_bytes": artifact.file_bytes,
        "sha256": artifact.sha256,
        **{name: _or_missing(figure) for name, figure in figures.items()},
        "delegation": artifact.delegation._asdict(),
    }


def _case(row: CaseResult | FailedCase) -> dict[str, Any]:
    case = {"artifact": row.case.artifact, "backend": row.case.backend, "threads": row.case.threads}
    if isinstance(row, FailedCase):
        return {**case, "error": row.reason}
    return {
        **case,
        "error": None,
        "runtime": row.runtime,
        "load_ms": row.load_ms,
        "first_result_ms": row.first_result_ms,
        "scenarios": {name: _scenario(result) for name, result in row.scenarios.items()},
    }


def _scenario(result: ScenarioResult) -> dict[str, Any]:
    memory = ("memory_bytes", "memory_peak_bytes", "memory_model_bytes", "energy_mj")
    return {
        **{part: asdict(getattr(result, part)) for part in _PARTS},
        "seconds": result.seconds,
        "per_second": result.per_second,
        "cpu_ms": result.cpu_ms,
        "missed": None if result.missed is None else asdict(result.missed),
        **{name: _or_missing(getattr(result, name)) for name in memory},
        "versus": _versus(result.versus),
        "rounds": {name: list(values) for name, values in vars(result.rounds).items()},
    }


def _versus(comparison: Comparison | None) -> dict[str, Any] | None:
    return None if comparison is None else {**asdict(comparison), "verdict": str(comparison.verdict)}


def _or_missing(value: Any) -> Any:  # noqa: ANN401 - a figure, a number or neither
    if isinstance(value, Missing):
        return {"missing": value.why}
    return value if value is None or isinstance(value, int | float) else asdict(value)


def _records(case: dict[str, Any], artifacts: dict[tuple[str, str], dict[str, Any]]) -> list[dict[str, Any]]:
    about = {key: case[key] for key in ("artifact", "backend", "threads", "error")}
    if case["error"] is not None:
        return [about]
    artifact = artifacts[case["artifact"], case["backend"]]
    about |= {key: case[key] for key in ("runtime", "load_ms", "first_result_ms")}
    about |= {f"delegation_{key}": value for key, value in artifact["delegation"].items()}
    about |= {key: artifact[key] for key in ("file_bytes", "sha256")}
    for name in ("accuracy", "agreement"):
        about |= {
            f"{name}{end}": artifact[name].get(key, "") for end, key in (("", "value"), ("_low", "low"), ("_high", "high"))
        }
    records = []
    for name, result in case["scenarios"].items():
        record = {**about, "scenario": name}
        for part in _PARTS:
            for key, value in result[part].items():
                if key in _SHARES:
                    record |= {
                        f"{part}_{key}": value["value"],
                        f"{part}_{key}_low": value["low"],
                        f"{part}_{key}_high": value["high"],
                    }
                else:
                    record[f"{part}_{key}"] = value
        for key, value in result.items():
            if key == "missed":
                record[key] = "" if value is None else value["value"]
            elif key == "versus":
                record |= {f"versus_{inner}": item for inner, item in (value or {}).items()}
            elif key not in (*_PARTS, "rounds"):
                record[key] = "" if isinstance(value, dict) else value
        records.append(record)
    return records


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold, and what numpy and our dataclasses make of it
    if isinstance(value, float | np.floating):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(_plain(item) for item in value)
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value

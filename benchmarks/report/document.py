"""`bench.json` and `bench.csv`: the same figures for programs. docs/documents.md describes the layout."""

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
    """Return the report as the JSON document."""
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

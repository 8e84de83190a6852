"""`bench.json` and `bench.csv`: the same figures for programs.

The JSON document, version 1 (a later version only adds keys, or counts up):

- ``catdog_bench``: version of this format, an integer.
- ``measured_at``: UTC, ISO 8601.
- ``options``: ``threads``, ``backends``, ``warmup``, ``rounds``, ``runs`` (a case in a round), ``seed``.
- ``picture``: ``name``, ``width``, ``height``.
- ``environment``: the fields of `catdog.benchmarks.environment.Environment`.
- ``summary``: the sentences of the report, the headline first.
- ``cases``: a list in the order of the tables. Each has ``artifact``, ``backend`` (as asked for), ``threads`` and
  ``error``. If ``error`` is null it also has ``runtime``, ``input``, ``file_bytes``, ``sha256``, ``load_ms``,
  ``preprocess``, ``invoke`` and ``end_to_end`` (the fields of `catdog.benchmarks.stats.LatencySummary`),
  ``round_p50_ms`` (end to end, one a round) and ``ratio`` (``median``, ``low``, ``high``; relative to the first case
  without an error).

The unit of every time is in its key; numbers are rounded to 0.1 microseconds.
"""

import csv
import io
import json
from dataclasses import asdict
from typing import Any

from .cases import FailedCase
from .results import BenchReport, CaseResult, sentences

SCHEMA_VERSION = 1

_PARTS = ("preprocess", "invoke", "end_to_end")
_DECIMALS = 4


def to_document(report: BenchReport) -> dict[str, Any]:
    """Return the report as the JSON document described above."""
    options = report.options
    document = {
        "catdog_bench": SCHEMA_VERSION,
        "measured_at": report.measured_at,
        "options": {
            "threads": list(options.threads),
            "backends": list(options.backends),
            **asdict(options.effort),
            "seed": options.seed,
        },
        "picture": asdict(report.picture),
        "environment": asdict(report.environment),
        "summary": sentences(report),
        "cases": [_case(row) for row in report.rows],
    }
    rounded: dict[str, Any] = _rounded(document)
    return rounded


def to_json(report: BenchReport) -> str:
    """Write the document as text."""
    return json.dumps(to_document(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def to_csv(report: BenchReport) -> str:
    """Write one line a case, with a heading; nested keys are joined by ``_``, cells a failed case lacks are empty."""
    records = [_flat(case) for case in to_document(report)["cases"]]
    columns = dict.fromkeys(key for record in records for key in record if key != "error")
    text = io.StringIO()
    writer = csv.DictWriter(text, [*columns, "error"], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def _case(row: CaseResult | FailedCase) -> dict[str, Any]:
    case = {"artifact": row.case.artifact, "backend": row.case.backend, "threads": row.case.threads}
    if isinstance(row, FailedCase):
        return {**case, "error": row.reason}
    return {
        **case,
        "error": None,
        "runtime": row.runtime,
        "input": row.input,
        "file_bytes": row.file_bytes,
        "sha256": row.sha256,
        "load_ms": row.load_ms,
        **{part: asdict(getattr(row, part)) for part in _PARTS},
        "round_p50_ms": row.round_p50_ms.tolist(),
        "ratio": asdict(row.ratio),
    }


def _flat(case: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in case.items():
        if isinstance(value, dict):
            flat |= {f"{key}_{inner}": item for inner, item in value.items()}
        elif not isinstance(value, list):  # the rounds are for the JSON
            flat[key] = value
    return flat


def _rounded(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    if isinstance(value, float):
        return round(value, _DECIMALS)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value

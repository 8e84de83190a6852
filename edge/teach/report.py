"""The JSON document beside a taught file: what was found of it, and which pictures have other answers now."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..common.files import write_text
from ..contract.figures import Figure
from ..contract.model_contract import ModelContract
from .gate import Findings
from .learning import Learnt
from .suspects import Suspect

PUBLISHED, UNPROVEN, REFUSED = "published", "unproven", "refused"


def report_path(output: Path) -> Path:
    """Return where the report of a file is: ``garden.tflite`` has ``garden.teach.json``."""
    return output.with_suffix(".teach.json")


def look_path(output: Path) -> Path:
    """Return where the page of pictures that are worth a look is: ``garden.tflite`` has ``garden.look.html``."""
    return output.with_suffix(".look.html")


def verdict(findings: Findings) -> str:
    """Return what has come of a model."""
    return REFUSED if findings.objections else UNPROVEN if findings.doubts else PUBLISHED


def write_report(
    path: Path,
    contract: ModelContract,
    learnt: Learnt,
    findings: Findings,
    suspects: Sequence[Suspect],
    failed: Sequence[str],
) -> None:
    """Write the report, also of a model that is not written itself.

    Raises:
        OutputError: it cannot be written.
    """
    fields = summary(contract, learnt, findings)
    fields["flips"] = [asdict(flip) for flip in findings.flips]
    fields["suspects"] = [asdict(each) for each in suspects]
    fields["unreadable"] = list(failed)
    write_text(path, json.dumps(fields, indent=2, ensure_ascii=False) + "\n")


def summary(contract: ModelContract, learnt: Learnt, findings: Findings) -> dict[str, Any]:
    """Return what is worth telling in a few lines."""
    taught = contract.taught
    return {
        "verdict": verdict(findings),
        "objections": list(findings.objections),
        "doubts": list(findings.doubts),
        "labels": list(contract.labels),
        "taught": None if taught is None else asdict(taught),
        "accuracy": _figure(findings.accuracy),
        "per_label": [_figure(figure) for figure in findings.per_label],
        "parent_per_label": [_figure(figure) for figure in findings.parent_per_label],
        "drop": None if findings.drop is None else asdict(findings.drop),
        "flipped": len(findings.flips),
        "strength": learnt.strength,
        "temperature": learnt.temperature,
        "shift": learnt.shift,
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return asdict(figure)

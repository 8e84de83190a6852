"""Convert, prove, publish: nothing gets its final name before it is proven."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catdog.edge.common.installation import own_version
from catdog.edge.contract.model_contract import BILINEAR_EXACT, NEITHER, Golden
from catdog.edge.errors import CatdogError, UsageError, VerificationError
from catdog.train.features import predict
from catdog.train.model_file import TrainedModel

from .artifact import convert_to, describe, finish, open_file, prove
from .diagnosis import Quantizer
from .formats import INT8, REGISTRY, Format
from .graph import without_neither
from .options import ExportOptions
from .outcome import Artifact, Export, Failure
from .pictures import PictureSet, calibration_pictures, drawn_pictures, verification_pictures
from .publish import REPORT_FILE, publish, still_there
from .report.page import to_html
from .verification import Verification, objections

_MORE_PICTURES = 4  # times as many to calibrate on, where the first were too few

LOG = logging.getLogger(__name__)
Check = Callable[[PictureSet, NDArray[np.float32]], None]


def export(source: TrainedModel, options: ExportOptions, check: Check | None = None) -> Export:
    """Convert a model to every format asked for, compare each with Keras, publish what passes and a report of it all.

    Args:
        source: the model.
        options: what to make.
        check: refuses a model whose own answers, which are what the files are compared with, cannot be right.

    Raises:
        DatasetError: pictures cannot be read.
        OutputError: the folder cannot be written; nothing was published.
    """
    found = convert(source, options, check)
    entries = [_entry(artifact, found) for artifact in found.artifacts]
    data = _about(found) | {"artifacts": entries, "refused": found.refused}
    files = {artifact.file: artifact.data for artifact in found.published}
    manifest = None
    if files:
        made = [entry for entry in entries if entry["file"] in files]
        manifest = _about(found) | {"artifacts": [*made, *still_there(options.output, list(files))]}
    LOG.info("writing the report")
    publish(options.output, files, manifest, to_html(found), data)
    return found


def require_all_published(found: Export, output: Path) -> None:
    """Make a refused format an error.

    Raises:
        VerificationError: a format was refused; of that nothing but the report was published.
    """
    if not found.refused:
        return
    file, reasons = next(iter(found.refused.items()))
    others = f"{'The others were' if found.published else 'Nothing was'} published; {output / REPORT_FILE} has the details. "
    others += "Export --float16, prove it on more pictures (--verify), or allow more (--max-drop POINTS)."
    earlier = [name for name in found.refused if (output / name).exists()]
    if earlier:
        others += f" Earlier files of these names are still there: {', '.join(earlier)}."
    raise VerificationError(
        f"{', '.join(found.refused)} to answer as Keras does", got=f"{file}: {'; '.join(reasons)}", fix=others
    )


def convert(source: TrainedModel, options: ExportOptions, check: Check | None = None) -> Export:
    """Convert and prove, and publish nothing; for the arguments see `export`.

    Raises:
        DatasetError: pictures cannot be read.
        VerificationError: Keras' own scores are no numbers.
    """
    if options.name is not None:
        source = replace(source, contract=replace(source.contract, name=options.name))
    if not options.neither:
        source = _without_neither(source)
    source = _with_exact_pixels(source)
    pictures = verification_pictures(options.verify, source, options.seed)
    LOG.info(f"comparing with Keras on {pictures.description}")
    _tell_skipped(pictures)
    reference = predict(source.core, pictures.pixels)
    if not np.isfinite(reference).all():
        raise VerificationError("a model whose scores are numbers", got="others", fix="Train it again.")
    if check is not None:
        check(pictures, reference)
    kinds = [REGISTRY.find(name) for name in options.formats]
    calibration = _calibration(source, options, 1) if any(kind.quantized for kind in kinds) else None
    if calibration is not None:
        counts = calibration.counts(source.contract.labels)
        LOG.info(
            f"ranges come from {calibration.description}"
            + (f": {', '.join(f'{count} {label}' for label, count in counts.items())}" if counts else "")
        )
        _tell_skipped(calibration)
    job = _Job(source, options, pictures, reference)
    artifacts, failures = [], []
    for kind in kinds:
        LOG.info(f"converting to {kind.name}")
        try:
            artifacts.append(job.make(kind, calibration if kind.quantized else None))
        # What the converters raise has no common base; a format that fails must not take the others with it.
        except (CatdogError, RuntimeError, ValueError, TypeError, NotImplementedError) as error:
            failures.append(Failure(source.contract.name + kind.ending, kind, " ".join(str(error).split())[:500]))
            LOG.warning(f"{kind.name} failed: {failures[-1].reason}")
    return Export(source.contract, pictures, tuple(artifacts), tuple(failures))


@dataclass(frozen=True)
class _Job:
    """What all formats of one export share."""

    source: TrainedModel
    options: ExportOptions
    pictures: PictureSet
    reference: NDArray[np.float32]

    def make(self, kind: Format, calibration: PictureSet | None) -> Artifact:
        """Convert to one format and prove it."""
        if kind.name == INT8 and calibration is not None:
            return self._int8(kind, calibration)
        content = convert_to(kind, self.source.core, None if calibration is None else calibration.pixels)
        verification, golden = self._prove(content, kind=kind)
        made = self._artifact(content, kind, verification, golden)
        return replace(made, calibration=calibration)

    def _int8(self, kind: Format, calibration: PictureSet) -> Artifact:
        """Quantize; where that is refused, look for a remedy; with photographs, see what drawn pictures would have done."""
        options = self.options
        quantizer = Quantizer(self.source.core, partial(self._prove, kind=kind), options.max_drop, kind.tolerance)
        found = quantizer.plain(calibration)
        if found.objections and options.diagnose:
            found = quantizer.remedy(found, _calibration(self.source, options, _MORE_PICTURES))
        made = self._artifact(found.content, kind, found.verification, found.golden)
        drawn = None
        if not calibration.drawn:
            others = drawn_pictures(len(calibration.pixels), self.source.contract.input.height, options.seed)
            drawn = quantizer.plain(others, "for comparison, calibrated on drawn pictures").verification
        return replace(made, calibration=found.calibration, quantized=found, drawn=drawn)

    def _prove(self, content: bytes, kind: Format) -> tuple[Verification, Golden]:
        return prove(content, kind, self.source.contract, self.pictures, self.reference)

    def _artifact(self, content: bytes, kind: Format, verification: Verification, golden: Golden) -> Artifact:
        contract = self.source.contract
        data = finish(content, kind, describe(contract, kind, verification, golden))
        open_file(data, kind.suffix)  # as it will be read, its figures inside
        against = tuple(objections(verification, self.options.max_drop, kind.tolerance))
        return Artifact(contract.name + kind.ending, kind, data, verification, against)


def _without_neither(source: TrainedModel) -> TrainedModel:
    labels = source.contract.labels
    if labels[-1] != NEITHER:
        return source
    if len(labels) < 3:
        raise UsageError("two labels besides neither", got=", ".join(labels), fix="Leave --no-neither out.")
    return replace(source, core=without_neither(source.core), contract=replace(source.contract, labels=labels[:-1]))


def _with_exact_pixels(source: TrainedModel) -> TrainedModel:
    """Ask for the same pixels on every machine, also for a model that was trained before they were: one or two levels apart.

    What it is calibrated and measured on here has these pixels, so that the verification is of what the edge will do.
    """
    spec = source.contract.input
    if spec.interpolation != BILINEAR_EXACT:
        LOG.info(f"trained on pictures resized {spec.interpolation}; measured and exported {BILINEAR_EXACT}")
        spec = replace(spec, interpolation=BILINEAR_EXACT)
    return replace(source, contract=replace(source.contract, input=spec))


def _calibration(source: TrainedModel, options: ExportOptions, times: int) -> PictureSet:
    return calibration_pictures(options.calibration, times * options.calibration_count, source, options.seed)


def _tell_skipped(pictures: PictureSet) -> None:
    for line in pictures.skipped:
        LOG.warning(f"skipped: {line}")


def _about(found: Export) -> dict[str, Any]:
    return {"model": found.contract.name, "made_by": f"catdog {own_version()}"}


def _entry(artifact: Artifact, found: Export) -> dict[str, Any]:
    """Say everything of one file: an older one may stay beside it, of another model."""
    quantized, calibration, contract = artifact.quantized, artifact.calibration, found.contract
    return {
        "file": artifact.file,
        "format": artifact.kind.name,
        "for": artifact.kind.purpose,
        "bytes": len(artifact.data),
        "sha256": hashlib.sha256(artifact.data).hexdigest(),
        "labels": contract.labels,
        "trained_on": contract.trained_on,
        "calibrated_on": None
        if calibration is None
        else {
            "pictures": calibration.description,
            "counts": calibration.counts(contract.labels),
            "names": calibration.truth.names,
        },
        "verified_on": found.pictures.description,
        "verdict": artifact.verdict,
        "doubts": artifact.doubts,
        **asdict(artifact.verification),
        "attempts": [asdict(attempt) for attempt in quantized.attempts] if quantized and len(quantized.attempts) > 1 else [],
        "layers": [asdict(layer) for layer in quantized.layers] if quantized else [],
        "calibrated_on_drawn_pictures": asdict(artifact.drawn) if artifact.drawn else None,
    }

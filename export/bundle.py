"""Convert, prove, publish: nothing gets its final name before it is proven."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from catdog.edge.contract import NEITHER, Golden, ModelContract
from catdog.edge.errors import UsageError, VerificationError
from catdog.train.features import predict
from catdog.train.model_file import TrainedModel

from .artifact import WITHOUT_RANGES, describe, finish, prove
from .diagnosis import Quantized, Quantizer
from .formats import FORMATS, INT8, ONNX_INT8, Format
from .graph import without_neither
from .onnx import to_onnx, to_onnx_int8
from .options import ExportOptions
from .pictures import PictureSet, calibration_pictures, drawn_pictures, verification_pictures
from .proof import Proof, objections
from .publish import publish, still_there
from .report.page import to_html

_MORE_PICTURES = 4  # times as many to calibrate on, where the first were too few

Log = Callable[[str], None]


@dataclass(frozen=True)
class Artifact:
    """A file and what was found of it.

    Attributes:
        file: its name.
        kind: its format.
        data: its bytes.
        proof: how it compares with Keras.
        objections: what speaks against publishing it; empty if it is published.
        quantized: how int8 was arrived at; None for other formats.
        drawn: how int8 does when calibrated on drawn pictures, where it was calibrated on photographs.
    """

    file: str
    kind: Format
    data: bytes
    proof: Proof
    objections: tuple[str, ...] = ()
    quantized: Quantized | None = None
    drawn: Proof | None = None


@dataclass(frozen=True)
class Export:
    """All that one export made.

    Attributes:
        contract: the model's.
        pictures: what the artifacts were compared on.
        calibration: what the ranges were taken from; None where no format needs any.
        artifacts: in the order asked for, the refused ones among them.
    """

    contract: ModelContract
    pictures: PictureSet
    calibration: PictureSet | None
    artifacts: tuple[Artifact, ...]

    @property
    def published(self) -> tuple[Artifact, ...]:
        """The artifacts that nothing speaks against."""
        return tuple(artifact for artifact in self.artifacts if not artifact.objections)


def export(source: TrainedModel, options: ExportOptions, log: Log) -> Export:
    """Convert a model to every format asked for, compare each with Keras, publish what passes and a report of it all.

    Args:
        source: the model.
        options: what to make.
        log: told what is going on, a line at a time.

    Raises:
        VerificationError: an artifact does not agree with Keras; of that one nothing but the report was published.
        DatasetError: pictures cannot be read.
        OutputError: the folder cannot be written.
    """
    found = convert(source, options, log)
    entries = [_entry(artifact) for artifact in found.published]
    files = {artifact.file: artifact.data for artifact in found.published}
    manifest = _manifest(found, source, [*entries, *still_there(options.output, list(files))]) if files else None
    log("drawing the report")
    publish(options.output, files, manifest, to_html(found))
    refused = [artifact for artifact in found.artifacts if artifact.objections]
    if refused:
        raise VerificationError(
            f"{', '.join(artifact.file for artifact in refused)} to answer as Keras does",
            got="; ".join(refused[0].objections),
            fix=f"{'The others were' if files else 'Nothing was'} published; {options.output / 'report.html'} has the details. "
            "Calibrate on photographs of your own with --calibration, or export --float32.",
        )
    return found


def convert(source: TrainedModel, options: ExportOptions, log: Log) -> Export:
    """Convert and prove, and publish nothing; for the arguments see `export`.

    Raises:
        VerificationError: scores are no numbers.
        DatasetError: pictures cannot be read.
    """
    if not options.neither:
        source = _without_neither(source)
    pictures = verification_pictures(options.verify, source, options.seed)
    log(f"comparing with Keras on {pictures.description}")
    reference = predict(source.core, pictures.pixels)
    kinds = [FORMATS[name] for name in options.formats]
    calibration = _calibration(source, options, 1) if any(kind.quantized for kind in kinds) else None
    artifacts = []
    for kind in kinds:
        log(
            f"converting to {kind.name}"
            + (f", calibrated on {calibration.description}" if kind.quantized and calibration else "")
        )
        if kind.name == INT8 and calibration is not None:
            artifacts.append(_int8(source, options, calibration, pictures, reference, log))
        else:
            content = _write(kind, source.core, calibration)
            proof, golden = prove(content, kind, source.contract, pictures, reference)
            artifacts.append(_artifact(content, kind, source.contract, proof, golden, options.max_drop))
    return Export(source.contract, pictures, calibration, tuple(artifacts))


def _without_neither(source: TrainedModel) -> TrainedModel:
    labels = source.contract.labels
    if labels[-1] != NEITHER:
        return source
    if len(labels) < 3:
        raise UsageError("two labels besides neither", got=", ".join(labels), fix="Leave --no-neither out.")
    return replace(source, core=without_neither(source.core), contract=replace(source.contract, labels=labels[:-1]))


def _write(kind: Format, core: keras.Model, calibration: PictureSet | None) -> bytes:
    if kind.name == ONNX_INT8 and calibration is not None:
        return to_onnx_int8(to_onnx(core), calibration.pixels)
    return WITHOUT_RANGES[kind.name](core)


def _int8(
    source: TrainedModel,
    options: ExportOptions,
    calibration: PictureSet,
    pictures: PictureSet,
    reference: NDArray[np.float32],
    log: Log,
) -> Artifact:
    """Quantize; where that is refused, look for a remedy; with photographs, see what drawn pictures would have done."""
    kind = FORMATS[INT8]
    compared = partial(prove, kind=kind, contract=source.contract, pictures=pictures, reference=reference)
    quantizer = Quantizer(source.core, compared, options.max_drop, log)
    found = quantizer.plain(calibration)
    if found.objections and options.diagnose:
        found = quantizer.mend(found, _calibration(source, options, _MORE_PICTURES))
    drawn = None
    if not calibration.drawn:
        log("for comparison, calibrated on drawn pictures")
        drawn = quantizer.plain(drawn_pictures(len(calibration.pixels), source.contract.input.height, options.seed)).proof
    made = _artifact(found.content, kind, source.contract, found.proof, found.golden, options.max_drop)
    return replace(made, quantized=found, drawn=drawn)


def _calibration(source: TrainedModel, options: ExportOptions, times: int) -> PictureSet:
    return calibration_pictures(options.calibration, times * options.calibration_count, source, options.seed)


def _artifact(content: bytes, kind: Format, contract: ModelContract, proof: Proof, golden: Golden, max_drop: float) -> Artifact:
    data = finish(content, kind, describe(contract, kind, proof, golden))
    return Artifact(contract.name + kind.ending, kind, data, proof, tuple(objections(proof, max_drop)))


def _entry(artifact: Artifact) -> dict[str, Any]:
    quantized = artifact.quantized
    return {
        "file": artifact.file,
        "format": artifact.kind.name,
        "for": artifact.kind.purpose,
        "bytes": len(artifact.data),
        "sha256": hashlib.sha256(artifact.data).hexdigest(),
        **asdict(artifact.proof),
        "attempts": [asdict(attempt) for attempt in quantized.attempts] if quantized and len(quantized.attempts) > 1 else [],
        "layers": [asdict(layer) for layer in quantized.layers] if quantized else [],
        "calibrated_on_drawn_pictures": asdict(artifact.drawn) if artifact.drawn else None,
    }


def _manifest(found: Export, source: TrainedModel, entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    calibration = found.calibration
    return {
        "model": found.contract.name,
        "labels": found.contract.labels,
        "trained_on": source.contract.trained_on,
        "calibrated_on": None
        if calibration is None
        else {
            "pictures": calibration.description,
            "counts": calibration.counts(found.contract.labels),
            "names": calibration.truth.names,
        },
        "verified_on": found.pictures.description,
        "made_by": f"catdog {version('catdog')}",
        "artifacts": list(entries),
    }

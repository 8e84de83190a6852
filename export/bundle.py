"""Convert, prove, publish: nothing gets its final name before it is proven."""

import hashlib
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version

from catdog.edge.artifact import append_to_tflite
from catdog.edge.files import replacing
from catdog.train.features import predict
from catdog.train.model_file import TrainedModel

from .onnx import attach_contract, to_onnx
from .options import FLOAT32, INT8, ONNX, ExportOptions
from .pictures import PictureSet, calibration_pictures, verification_pictures
from .tflite import to_float32, to_int8
from .verify import Verification, require_agreement, verify

MANIFEST_FILE = "manifest.json"

Log = Callable[[str], None]


@dataclass(frozen=True)
class Artifact:
    """A file that was proven.

    Attributes:
        file: its name.
        format: one of `catdog.export.options.FORMATS`.
        data: its bytes.
        verification: how it compares with Keras.
    """

    file: str
    format: str
    data: bytes
    verification: Verification


def export(source: TrainedModel, options: ExportOptions, log: Log) -> list[Artifact]:
    """Convert a model to every format asked for, compare each with Keras, and publish them all or none.

    Args:
        source: the model.
        options: what to make.
        log: told what is going on, a line at a time.

    Raises:
        VerificationError: an artifact does not agree with Keras; nothing was published.
        DatasetError: pictures cannot be read.
        OutputError: the folder cannot be written.
    """
    pictures = verification_pictures(options.verify, source, options.seed)
    log(f"comparing with Keras on {pictures.description}")
    reference = predict(source.core, pictures.pixels)
    calibration: PictureSet | None = None
    artifacts = []
    for name in options.formats:
        if name == INT8:
            calibration = calibration_pictures(options.calibration, options.calibration_count, source, options.seed)
            log(f"converting to int8, calibrated on {calibration.description}")
            content = to_int8(source.core, calibration.pixels)
        else:
            log(f"converting to {name}")
            content = to_onnx(source.core) if name == ONNX else to_float32(source.core)
        suffix, attach = (".onnx", attach_contract) if name == ONNX else (".tflite", append_to_tflite)
        file = f"{source.contract.name}-{FLOAT32 if name == ONNX else name}{suffix}"
        contract = replace(
            source.contract.with_input_dtype("uint8" if name == INT8 else "float32"), verified_on=pictures.description
        )
        verification = verify(attach(content, contract), suffix, reference, pictures, contract.labels)
        require_agreement(file, verification, options.min_agreement)
        figures = (verification.agreement, *((verification.accuracy,) if verification.accuracy else ()))
        artifacts.append(Artifact(file, name, attach(content, replace(contract, figures=figures)), verification))
    _publish(artifacts, source, options, pictures, calibration)
    return artifacts


def _publish(
    artifacts: list[Artifact],
    source: TrainedModel,
    options: ExportOptions,
    pictures: PictureSet,
    calibration: PictureSet | None,
) -> None:
    manifest = {
        "model": source.contract.name,
        "labels": source.contract.labels,
        "trained_on": source.contract.trained_on,
        "calibrated_on": calibration.description if calibration else None,
        "verified_on": pictures.description,
        "made_by": f"catdog {version('catdog')}",
        "artifacts": [
            {
                "file": artifact.file,
                "format": artifact.format,
                "bytes": len(artifact.data),
                "sha256": hashlib.sha256(artifact.data).hexdigest(),
                **asdict(artifact.verification),
            }
            for artifact in artifacts
        ],
    }
    files = {options.output / MANIFEST_FILE: (json.dumps(manifest, indent=2) + "\n").encode()}
    files |= {options.output / artifact.file: artifact.data for artifact in artifacts}
    # Everything is written under temporary names first; on leaving, the names are given in reverse order, the manifest's last.
    with ExitStack() as stack:
        for path, data in files.items():
            stack.enter_context(replacing(path)).write_bytes(data)

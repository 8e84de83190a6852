"""Export from a program or a notebook: `export` is `catdog-export`, and its options have the same names.

>>> from catdog.export import export
>>> exported = export("runs/mine", formats=["int8", "onnx"])
>>> exported.files
[PosixPath('exports/transfer-224-int8.tflite'), PosixPath('exports/transfer-224-float32.onnx')]
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catdog.edge.common.files import check_folder
from catdog.edge.pictures.decode import silence_opencv
from catdog.train.logs import lines_to
from catdog.train.tensorflow_setup import import_tensorflow

from .formats import INT8
from .options import ExportOptions

if TYPE_CHECKING:
    import keras

    from .outcome import Artifact


@dataclass(frozen=True)
class Exported:
    """What was made of a model; shows itself as a table in a notebook.

    Attributes:
        folder: where the files are.
        artifacts: each with its verification and verdict, in the order of the formats.
        failed: formats that could not be made or were refused, and why.
    """

    folder: Path
    artifacts: "tuple[Artifact, ...]"
    failed: dict[str, tuple[str, ...]]

    @property
    def files(self) -> list[Path]:
        """The files that were published."""
        return [self.folder / artifact.file for artifact in self.artifacts if not artifact.objections]

    def __repr__(self) -> str:
        return f"<Exported {', '.join(f'{artifact.file}: {artifact.verdict}' for artifact in self.artifacts)}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(artifact.file)}</td><td>{len(artifact.data) / 1e6:.2f} MB</td>"
            f"<td>{artifact.verification.artifact.accuracy if artifact.verification.artifact else ''}</td>"
            f"<td>{artifact.verification.agreement.value:.2%}</td><td>{artifact.verdict}</td></tr>"
            for artifact in self.artifacts
        )
        head = "<tr><th>file</th><th>size</th><th>accuracy</th><th>same answers as Keras</th><th>verdict</th></tr>"
        doubts = "".join(f"<li>{escape(line)}</li>" for artifact in self.artifacts for line in artifact.doubts)
        return f"<table>{head}{rows}</table><ul>{doubts}</ul>"


def export(
    model: "str | PathLike[str] | keras.Model | None" = None,
    *,
    formats: Sequence[str] = (INT8,),
    output: str | PathLike[str] = ExportOptions.output,
    log: Callable[[str], None] | None = None,
    **options: Any,  # noqa: ANN401 - each is checked by `ExportOptions`
) -> Exported:
    """Convert a model, compare each file with Keras, and publish what passes.

    Args:
        model: a run's folder or its ``model.keras``, or the name of a bundled model; None for the newest run. Or a Keras model
            of your own, as the path of a ``.keras`` file or in memory, with the options ``claims``
            (`catdog.edge.foreign.claims.Claims`) and ``verify``.
        formats: of ``catdog.export.formats.FORMATS``: ``"int8"``, ``"float16"``, ``"onnx"``, ..., or of other packages.
        output: folder for the files.
        log: told what is going on, a line at a time; None for Python's `logging`, to the loggers below ``catdog``.
        options: other fields of `ExportOptions`, such as ``verify`` or ``max_drop``.

    Raises:
        UsageError: a value is out of range.
        ModelError: the model cannot be used.
        OutputError: the folder cannot be written.
    """
    given = not (model is None or isinstance(model, str | PathLike))
    found_at = None if given or model is None else Path(model)
    wanted = ExportOptions(formats=tuple(formats), model=found_at, output=Path(output), **options)
    check_folder(wanted.output)
    import_tensorflow()
    silence_opencv()
    from .bundle import export as run_export
    from .source import find_model, read_source, take_model

    with lines_to(log):
        source, check = take_model(model, wanted) if given else read_source(find_model(wanted.model), wanted)
        made = run_export(source, wanted, check)
    return Exported(wanted.output, made.artifacts, made.refused)

"""Export: from a trained model to TFLite and ONNX files that carry their contract. Needs the extra `export`.

>>> from catdog.export import export
>>> export("runs/mine", formats=["int8"]).files
[PosixPath('exports/transfer-224-int8.tflite')]
"""

TYPE_CHECKING = False  # without `typing`: see `catdog.edge`

if TYPE_CHECKING:
    from .api import Exported, export
    from .options import ExportOptions

__all__ = ["ExportOptions", "Exported", "export"]

_HOMES = {"ExportOptions": ".options", "Exported": ".api", "export": ".api"}


def __getattr__(name: str) -> object:
    # On demand: `catdog-export verify` runs where there is no TensorFlow.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return list(__all__)

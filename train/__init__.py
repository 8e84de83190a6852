"""Training: from a folder of labelled photographs to `runs/<name>/model.keras`. Needs the extra `train`.

Examples:
    >>> from catdog.train import train
    >>> train("photos/", backbone_weights="bundled").accuracy.value
    0.9833333333333333
    >>> from catdog.train import build_model
    >>> build_model("transfer", "compact", backbone_weights="bundled").core.count_params()
    2260546
"""

TYPE_CHECKING = False  # without `typing`: see `catdog.edge`

if TYPE_CHECKING:
    from .api import Trained, train
    from .model import StageModel, build_model
    from .options import DataOptions, TrainOptions

__all__ = ["DataOptions", "StageModel", "TrainOptions", "Trained", "build_model", "train"]

_HOMES = {
    "DataOptions": ".options",
    "StageModel": ".model",
    "TrainOptions": ".options",
    "Trained": ".api",
    "build_model": ".model",
    "train": ".api",
}


def __getattr__(name: str) -> object:
    # On demand: the command begins a run before Keras is loaded, and Keras takes seconds.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _HOMES[name] == ".model":
        from .tensorflow_setup import import_tensorflow

        import_tensorflow()
    from importlib import import_module

    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return list(__all__)

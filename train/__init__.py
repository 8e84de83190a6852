"""Training: from a folder of labelled photographs to `runs/<name>/model.keras`. Needs the extra `train`.

Example:
    >>> from catdog.train import build_model
    >>> build_model("transfer", "compact", backbone_weights="bundled").core.count_params()
    2260546
"""

TYPE_CHECKING = False  # without `typing`: see `catdog.edge`

if TYPE_CHECKING:
    from .model import StageModel, build_model

__all__ = ["StageModel", "build_model"]


def __getattr__(name: str) -> object:
    # On demand: the command begins a run before Keras is loaded, and Keras takes seconds.
    if name in __all__:
        from .tensorflow_setup import import_tensorflow

        import_tensorflow()
        from . import model

        return getattr(model, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

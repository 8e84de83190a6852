"""Runtimes that turn pixels into scores. Each module wraps one, `registry` has a row of each; `open_backend` picks.

May import of `catdog.edge`: `common`, `contract`, `errors`, `foreign`. And the runtime itself, where it is used.
"""

from ..common.plugins import Choices
from ..contract.artifact import ModelFile, no_model
from ..errors import UsageError
from .base import Backend
from .registry import BACKENDS as REGISTRY
from .registry import BackendRow, runtimes_of

AUTO = "auto"
BACKENDS = Choices(REGISTRY, AUTO)

__all__ = ["BACKENDS", "REGISTRY", "Backend", "BackendRow", "open_backend", "pick_backend"]


def open_backend(model: ModelFile, *, name: str = AUTO, threads: int = 1) -> Backend:
    """Load a model into a runtime for its kind.

    Args:
        model: the file, as `read_model_file` gives it.
        name: one of `BACKENDS`; ``"auto"`` takes the first that runs the file's kind.
        threads: number of threads for one inference, at least 1.

    Raises:
        UsageError: there is no such backend, or it does not run this kind of file.
        ModelError: there is no runtime for the file, or it refuses it.
        MissingExtraError: the runtime is not installed.
        PluginError: the package that has the backend cannot be loaded, or fails.
    """
    row = pick_backend(model, name)
    with REGISTRY.blaming(row.name):
        return row.open(model, threads)


def pick_backend(model: ModelFile, name: str = AUTO) -> BackendRow:
    """Return the runtime for a model, which is not loaded yet; for arguments and errors see `open_backend`."""
    row = next(runtimes_of(model.kind), None) if name == AUTO else REGISTRY.find(name)
    if row is None:
        raise no_model(model.path)
    if model.kind in row.kinds:
        return row
    usual = " or ".join(each.name for each in runtimes_of(model.kind))
    if not usual:
        raise no_model(model.path)
    raise UsageError(
        f"the backend {usual} for a {model.kind} file",
        got=f"{name} for {model.path}",
        fix=f"Leave --backend out, or name a {' or '.join(f'.{kind}' for kind in row.kinds)} file.",
    )

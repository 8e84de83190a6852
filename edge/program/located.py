"""Where the model is that `--model` names: one that is at an address is fetched first."""

from collections.abc import Callable
from pathlib import Path


def is_address(model: str) -> bool:
    """Whether what was typed for a model is an address, and no name or path."""
    return model.lower().startswith(("http:/", "https:/"))


def located(model: str, tell: Callable[[str], None], models: Path | None = None) -> str:
    """Return the name of a bundled model or a path, as they were typed; of an address the path of what was fetched.

    Args:
        model: as typed.
        tell: says a line on stderr.
        models: folder of a store; where that has a model in use, the one at an address is not needed.

    Raises:
        UsageError: an address that is not valid.
        InputNotFoundError: a model at an address does not come, and none was fetched before.
        ModelError: what comes is no model, or a damaged one, and none was fetched before.
        OutputError: the cache cannot be written, and none was fetched before.
    """
    if not is_address(model):
        return model
    if models is not None:
        from ..store import ModelStore

        if ModelStore(models).stamp() is not None:
            return model
    from ..fetch.model import fetched_model

    return str(fetched_model(model, tell))

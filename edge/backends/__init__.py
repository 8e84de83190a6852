"""Runtimes that turn pixels into scores. Each module wraps one; `open_backend` picks.

May import: `catdog.edge.errors`, `catdog.edge.artifact`, `catdog.edge.quiet` and, where it is used, the runtime itself.
"""

from ..artifact import ModelFile
from ..errors import UsageError
from .base import Backend

BACKENDS = ("auto", "litert", "onnxruntime")

__all__ = ["BACKENDS", "Backend", "open_backend"]


def open_backend(model: ModelFile, *, name: str = "auto", threads: int = 1) -> Backend:
    """Load a model into the runtime for its kind.

    Args:
        model: the file, as `read_model_file` gives it.
        name: one of `BACKENDS`; ``"auto"`` takes the one for the file's kind.
        threads: number of threads for one inference, at least 1.

    Raises:
        UsageError: the named backend does not run this kind of file.
        ModelError: the runtime refuses the file.
        MissingExtraError: the runtime is not installed.
    """
    wanted = {"tflite": "litert", "onnx": "onnxruntime"}[model.kind]
    if name not in ("auto", wanted):
        raise UsageError(
            f"the backend {wanted} for a {model.kind} file",
            got=f"{name} for {model.path}",
            fix=f"Leave --backend out, or name a {'.onnx' if name == 'onnxruntime' else '.tflite'} file.",
        )
    if wanted == "litert":
        from .litert import LiteRTBackend

        return LiteRTBackend(model, threads=threads)
    from .onnx import OnnxBackend

    return OnnxBackend(model, threads=threads)

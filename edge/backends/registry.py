"""The runtimes: a row each. One of another package is a row in the group `catdog.backends` (docs/extend/add-a-backend.md)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..common.plugins import Registry
from ..contract.artifact import ONNX, TFLITE, ModelFile
from .base import Backend


@dataclass(frozen=True)
class BackendRow:
    """A runtime.

    Attributes:
        name: for `--backend`.
        kinds: of model files that it runs: ``"tflite"``, ``"onnx"``, or the suffix of a kind of its own, without the dot.
        open: loads a model, to be computed with so many threads, at least 1; imports the runtime. May raise `ModelError` where
            that refuses the file, `MissingExtraError` where it is not installed.
        extra: of catdog that brings the runtime; empty where it comes with the base, or with another package.
    """

    name: str
    kinds: tuple[str, ...]
    open: Callable[[ModelFile, int], Backend]
    extra: str = ""


def _litert(model: ModelFile, threads: int) -> Backend:
    from .litert import LiteRTBackend

    return LiteRTBackend(model, threads=threads)


def _onnxruntime(model: ModelFile, threads: int) -> Backend:
    from .onnx import OnnxBackend

    return OnnxBackend(model, threads=threads)


# Of several that run a kind of file the first is the one for it.
BACKENDS = Registry(
    "catdog.backends",
    "backend",
    BackendRow,
    (BackendRow("litert", (TFLITE,), _litert), BackendRow("onnxruntime", (ONNX,), _onnxruntime, extra="onnx")),
)


def runtimes_of(kind: str) -> Iterator[BackendRow]:
    """Give the runtimes for a kind of model file, catdog's own first; those of other packages are loaded only if asked on."""
    return (row for row in BACKENDS.rows() if kind in row.kinds)

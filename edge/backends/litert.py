"""TFLite files through LiteRT, or through tflite-runtime where that is what an old system has."""

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..common.installation import pip
from ..common.quiet import native_output_dropped
from ..contract.artifact import ModelFile
from ..contract.preprocess import Pixels
from ..errors import MissingExtraError, ModelError
from .base import size_of
from .delegation import Delegation, delegation_of

# In order of preference: tflite-runtime ended at Python 3.11 and does not hand int8 to XNNPACK.
_RUNTIMES = (("ai_edge_litert", "ai-edge-litert"), ("tflite_runtime", "tflite-runtime"))
_DTYPES = ("uint8", "float32", "int8")


class LiteRTBackend:
    """A TFLite model; see `Backend` for the attributes."""

    embedded_contract: str | None = None  # read from the file's tail before the runtime sees it

    def __init__(self, model: ModelFile, *, threads: int) -> None:
        interpreter_class, self._package = _find_runtime()
        with native_output_dropped():
            try:
                self._interpreter = interpreter_class(model_content=model.data, num_threads=threads)
                if 0 not in (_size(self._interpreter.get_input_details()[0]) or ()):  # else its size comes with the picture
                    self._interpreter.allocate_tensors()
            except (ValueError, RuntimeError) as error:
                raise ModelError(
                    "a TFLite model that the runtime can load",
                    got=f"{model.path}: {error}",
                    fix="Copy or export the file again.",
                ) from error
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        _check_signature(model, inputs, outputs)
        self._input, self._output = inputs[0]["index"], outputs[0]["index"]
        self._output_scale, self._output_zero = outputs[0]["quantization"]
        self.input_height, self.input_width = _size(inputs[0]) or (0, 0)
        self.input_dtype = np.dtype(inputs[0]["dtype"]).name
        self.classes = int(outputs[0]["shape"][-1])

    @property
    def name(self) -> str:
        """The runtime and its version; asked for only on request, since looking it up costs 20 ms."""
        from importlib.metadata import PackageNotFoundError, version

        try:
            return f"{self._package} {version(self._package)}"
        except PackageNotFoundError:
            return self._package

    @property
    def delegation(self) -> Delegation:
        """What computes: XNNPACK is the one delegate that the runtime's wheels put to work by themselves."""
        describe = getattr(self._interpreter, "_get_ops_details", None)  # not promised to anybody, but nothing else says it
        return Delegation("unknown") if describe is None else delegation_of(describe(), "XNNPACK")

    def scores(self, pixels: Pixels) -> NDArray[np.float32]:
        """Run the model once; see `Backend.scores`."""
        if not self.input_height or not self.input_width:
            self._fit(pixels)
        self._interpreter.set_tensor(self._input, pixels)
        self._interpreter.invoke()
        row = self._interpreter.get_tensor(self._output).reshape(-1)  # get_tensor copies
        if row.dtype != np.float32:
            row = (row.astype(np.float32) - self._output_zero) * self._output_scale
        return np.asarray(row, np.float32)

    def _fit(self, pixels: Pixels) -> None:
        """Let a model of any size have this one."""
        if self._interpreter.get_input_details()[0]["shape"].tolist() != list(pixels.shape):
            self._interpreter.resize_tensor_input(self._input, pixels.shape)
            self._interpreter.allocate_tensors()


def _find_runtime() -> tuple[Any, str]:
    for module, package in _RUNTIMES:
        try:
            found = importlib.import_module(f"{module}.interpreter")
        except ModuleNotFoundError:
            continue
        return found.Interpreter, package
    raise MissingExtraError(
        "the TFLite runtime ai-edge-litert", got="an environment without it", fix=f"Run: {pip('install ai-edge-litert')}"
    )


def _size(pixels: dict[str, Any]) -> tuple[int, int] | None:
    """Return height and width, 0 where any will do: an open axis is 1 in the shape, and -1 in its signature."""
    fixed, signature = pixels["shape"].tolist(), pixels.get("shape_signature", pixels["shape"]).tolist()
    return size_of(signature if len(signature) == len(fixed) else fixed)


def _check_signature(model: ModelFile, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> None:
    dtype = np.dtype(inputs[0]["dtype"]).name
    if len(inputs) != 1 or _size(inputs[0]) is None or dtype not in _DTYPES:
        raise ModelError(
            f"one input of {', '.join(_DTYPES)}, [1, height, width, 3] or [1, 3, height, width]",
            got=f"{model.path} with {[(np.dtype(i['dtype']).name, i['shape'].tolist()) for i in inputs]}",
            fix="Export the model with catdog-export.",
        )
    if len(outputs) != 1 or len(outputs[0]["shape"]) < 2 or np.prod(outputs[0]["shape"][:-1]) != 1:
        raise ModelError(
            "one output, [1, classes]",
            got=f"{model.path} with {[o['shape'].tolist() for o in outputs]}",
            fix="Export the model with catdog-export.",
        )

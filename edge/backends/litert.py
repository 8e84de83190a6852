"""TFLite files through LiteRT, or through tflite-runtime where that is what an old system has."""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..artifact import ModelFile
from ..errors import MissingExtraError, ModelError
from ..quiet import native_output_dropped
from .base import Pixels, Placement, as_distribution

# In order of preference: tflite-runtime ended at Python 3.11 and does not hand int8 to XNNPACK.
_RUNTIMES = (("ai_edge_litert", "ai-edge-litert"), ("tflite_runtime", "tflite-runtime"))


class LiteRTBackend:
    """A TFLite model; see `Backend` for the attributes."""

    embedded_contract: str | None = None  # read from the file's tail before the runtime sees it

    def __init__(self, model: ModelFile, *, threads: int) -> None:
        interpreter_class, self._package = _find_runtime()
        with native_output_dropped():
            try:
                self._interpreter = interpreter_class(model_content=model.data, num_threads=threads)
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
        _, self.input_height, self.input_width, _ = (int(size) for size in inputs[0]["shape"])
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

    def placement(self) -> Placement:
        """Say how many operators the XNNPACK delegate has; see `Backend.placement`."""
        details = getattr(self._interpreter, "_get_ops_details", None)  # private, but the only place that knows
        return Placement("unknown") if details is None else placement_of(details())

    def scores(self, pixels: Pixels) -> NDArray[np.float32]:
        """Run the model once; see `Backend.scores`."""
        self._interpreter.set_tensor(self._input, pixels)
        self._interpreter.invoke()
        row = self._interpreter.get_tensor(self._output)[0]  # get_tensor copies
        if row.dtype != np.float32:
            row = ((row.astype(np.float32) - self._output_zero) * self._output_scale).astype(np.float32)
        return as_distribution(row)


def placement_of(operators: Sequence[Mapping[str, Any]]) -> Placement:
    """Count the operators that a delegate has taken over.

    Args:
        operators: as the interpreter describes them: the model's own, and behind them one `DELEGATE` for each piece that was
            handed over. A piece holds whatever lies between its inputs and its outputs.
    """
    pieces = [each for each in operators if each["op_name"] == "DELEGATE"]
    own = [each for each in operators if each["op_name"] != "DELEGATE"]
    maker = {int(tensor): place for place, each in enumerate(own) for tensor in each["outputs"]}
    taken: set[int] = set()
    for piece in pieces:
        given = {int(tensor) for tensor in piece["inputs"]}
        waiting = [int(tensor) for tensor in piece["outputs"]]
        while waiting:
            tensor = waiting.pop()
            place = maker.get(tensor)
            if tensor not in given and place is not None and place not in taken:
                taken.add(place)
                waiting += [int(each) for each in own[place]["inputs"]]
    runner = "XNNPACK" if pieces else "builtin kernels"
    return Placement(runner, len(own), len(taken), len(pieces), fell_back=not pieces)


def _find_runtime() -> tuple[Any, str]:
    for module, package in _RUNTIMES:
        try:
            found = importlib.import_module(f"{module}.interpreter")
        except ModuleNotFoundError:
            continue
        return found.Interpreter, package
    raise MissingExtraError(
        "the TFLite runtime ai-edge-litert", got="an environment without it", fix="Run: pip install ai-edge-litert"
    )


def _check_signature(model: ModelFile, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> None:
    shape = inputs[0]["shape"].tolist() if len(inputs) == 1 else None
    dtype = np.dtype(inputs[0]["dtype"]).name
    if shape is None or len(shape) != 4 or shape[0] != 1 or shape[3] != 3 or dtype not in ("uint8", "float32"):
        raise ModelError(
            "one input, uint8 or float32 [1, height, width, 3]",
            got=f"{model.path} with {[(np.dtype(i['dtype']).name, i['shape'].tolist()) for i in inputs]}",
            fix="Export the model with catdog-export.",
        )
    if len(outputs) != 1 or len(outputs[0]["shape"]) != 2:
        raise ModelError(
            "one output, [1, classes]",
            got=f"{model.path} with {[o['shape'].tolist() for o in outputs]}",
            fix="Export the model with catdog-export.",
        )

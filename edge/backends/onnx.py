"""ONNX files through ONNX Runtime (extra `onnx`)."""

import numpy as np
from numpy.typing import NDArray

from ..common.installation import missing_extra
from ..contract.artifact import ONNX_PROPERTY, ModelFile
from ..contract.preprocess import Pixels
from ..errors import ModelError
from .base import as_distribution
from .delegation import Delegation

_DTYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}


class OnnxBackend:
    """An ONNX model; see `Backend` for the attributes."""

    def __init__(self, model: ModelFile, *, threads: int) -> None:
        try:
            import onnxruntime
        except ModuleNotFoundError as error:
            raise missing_extra("onnxruntime", "onnx") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # fatal only: refusals reach the reader as our one line
        try:
            self._session = onnxruntime.InferenceSession(model.data, sess_options=options, providers=["CPUExecutionProvider"])
        except _refusals(onnxruntime) as error:
            raise ModelError(
                "an ONNX model that ONNX Runtime can load",
                got=f"{model.path}: {str(error)[:200]}",
                fix="Copy or export the file again.",
            ) from error
        self._version = onnxruntime.__version__
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        shape = inputs[0].shape if len(inputs) == 1 else []
        known = len(shape) == 4 and all(isinstance(size, int) for size in shape[1:]) and shape[3] == 3
        one_at_a_time = known and (shape[0] == 1 or not isinstance(shape[0], int))
        row = outputs[0].shape if len(outputs) == 1 else []
        if not one_at_a_time or inputs[0].type not in _DTYPES or len(row) != 2 or not isinstance(row[1], int):
            raise ModelError(
                "one input, uint8 or float32 [batch, height, width, 3], and one output, [batch, classes]",
                got=f"{model.path} with {[(i.type, i.shape) for i in inputs]} and {[o.shape for o in outputs]}",
                fix="Export the model with catdog-export.",
            )
        self._input, self._output = inputs[0].name, outputs[0].name
        self.input_dtype = _DTYPES[inputs[0].type]
        self.input_height, self.input_width = shape[1], shape[2]
        self.classes = outputs[0].shape[-1]
        self.embedded_contract = self._session.get_modelmeta().custom_metadata_map.get(ONNX_PROPERTY)

    @property
    def name(self) -> str:
        """The runtime and its version."""
        return f"onnxruntime {self._version}"

    @property
    def delegation(self) -> Delegation:
        """The execution providers; the runtime does not say which of them has which operation."""
        return Delegation(", ".join(self._session.get_providers()))

    def scores(self, pixels: Pixels) -> NDArray[np.float32]:
        """Run the model once; see `Backend.scores`."""
        (rows,) = self._session.run([self._output], {self._input: pixels})
        return as_distribution(rows[0])


def _refusals(onnxruntime: object) -> tuple[type[Exception], ...]:
    # ONNX Runtime's exceptions have no common base and live in a private module of changing name.
    state = getattr(onnxruntime.capi, "onnxruntime_pybind11_state")  # type: ignore[attr-defined] # noqa: B009
    names = ("Fail", "InvalidGraph", "InvalidProtobuf", "InvalidArgument", "NotImplemented", "RuntimeException")
    return (*(getattr(state, name) for name in names if hasattr(state, name)), ValueError, RuntimeError)

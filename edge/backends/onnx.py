"""ONNX files through ONNX Runtime (extra `onnx`)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..common.installation import missing_extra
from ..contract.artifact import ONNX_PROPERTY, ModelFile
from ..contract.preprocess import Pixels
from ..errors import ModelError
from .base import size_of
from .delegation import Delegation

_DTYPES = {
    "tensor(uint8)": "uint8", "tensor(float)": "float32", "tensor(int8)": "int8", "tensor(float16)": "float16",
}  # fmt: skip
_ANY_SIDE = 64  # pixels, to ask a model of any size


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
        source, providers = _source(model), ["CPUExecutionProvider"]
        try:
            self._session = onnxruntime.InferenceSession(source, sess_options=options, providers=providers)
        except _refusals(onnxruntime) as error:
            raise ModelError(
                "an ONNX model that ONNX Runtime can load",
                got=f"{model.path}: {str(error)[:200]}",
                fix="Copy or export the file again.",
            ) from error
        self._version = onnxruntime.__version__
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        size = size_of(inputs[0].shape) if len(inputs) == 1 else None
        row = outputs[0].shape if len(outputs) == 1 else []
        if size is None or inputs[0].type not in _DTYPES or len(row) < 2:
            raise ModelError(
                f"one input of {', '.join(_DTYPES.values())}, [batch, height, width, 3] or [batch, 3, height, width], and one "
                "output, [batch, classes]",
                got=f"{model.path} with {[(i.type, i.shape) for i in inputs]} and {[o.shape for o in outputs]}",
                fix="Export the model with catdog-export.",
            )
        self._input, self._output = inputs[0].name, outputs[0].name
        self.input_dtype = _DTYPES[inputs[0].type]
        self.input_height, self.input_width = size
        self.classes = row[-1] if isinstance(row[-1], int) else self._count(inputs[0].shape)
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
        row: NDArray[np.float32] = rows.reshape(-1).astype(np.float32, copy=False)
        return row

    def _count(self, shape: Sequence[object]) -> int:
        """Return how many scores there are, where the file leaves it open: by asking once."""
        sides = [1, *(side if isinstance(side, int) and side > 0 else _ANY_SIDE for side in shape[1:])]
        return len(self.scores(np.zeros(sides, self.input_dtype)))


def _source(model: ModelFile) -> bytes | str:
    """Return the bytes, or the path where weights lie beside it: ONNX Runtime finds them from there."""
    if not model.sealed:
        from ..foreign.onnx import weight_files

        if weight_files(model.data):
            return str(model.path)
    return model.data


def _refusals(onnxruntime: object) -> tuple[type[Exception], ...]:
    # ONNX Runtime's exceptions have no common base and live in a private module of changing name.
    state = getattr(onnxruntime.capi, "onnxruntime_pybind11_state")  # type: ignore[attr-defined] # noqa: B009
    names = ("Fail", "InvalidGraph", "InvalidProtobuf", "InvalidArgument", "NotImplemented", "RuntimeException")
    return (*(getattr(state, name) for name in names if hasattr(state, name)), ValueError, RuntimeError)

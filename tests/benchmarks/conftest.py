"""Pictures, models and a report that the tests of the benchmark share."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from catdog.benchmarks import BenchOptions, BenchReport
from catdog.benchmarks.cases import Case, FailedCase
from catdog.benchmarks.environment import Environment
from catdog.benchmarks.options import Effort
from catdog.benchmarks.results import CaseResult, PictureInfo
from catdog.benchmarks.stats import ratio, summarise
from catdog.benchmarks.timing import Samples
from catdog.edge.artifact import ONNX_PROPERTY
from catdog.edge.contract import InputSpec, ModelContract
from catdog.edge.errors import ModelError
from catdog.edge.models import bundled_tflite
from catdog.edge.seal import seal_onnx

SOME_HOME = "/home/somebody/private"


@pytest.fixture(scope="session")
def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


@pytest.fixture
def picture_file(tmp_path: Path, noise: NDArray[np.uint8]) -> Path:
    path = tmp_path / "noise.png"
    cv2.imwrite(str(path), noise)
    return path


@pytest.fixture(scope="session")
def onnx_bytes() -> bytes:
    """A model that a laptop runs in a tenth of a millisecond: mean colour, times a matrix, softmax."""
    onnx = pytest.importorskip("onnx", reason="needs the package onnx to make a model (extra export)")
    pytest.importorskip("onnxruntime", reason="needs the package onnxruntime (extra onnx)")
    helper, kinds = onnx.helper, onnx.TensorProto
    weights = onnx.numpy_helper.from_array(np.linspace(-0.01, 0.01, 6, dtype=np.float32).reshape(3, 2), "w")
    nodes = [
        helper.make_node("Cast", ["x"], ["f"], to=kinds.FLOAT),
        helper.make_node("ReduceMean", ["f"], ["m"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["m", "w"], ["l"]),
        helper.make_node("Softmax", ["l"], ["y"], axis=1),
    ]
    inputs = [helper.make_tensor_value_info("x", kinds.UINT8, ["N", 32, 32, 3])]
    outputs = [helper.make_tensor_value_info("y", kinds.FLOAT, ["N", 2])]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    contract = ModelContract(name="tiny", labels=("cats", "dogs"), input=InputSpec(32, 32))
    model.metadata_props.add(key=ONNX_PROPERTY, value=contract.to_json())
    return seal_onnx(model.SerializeToString())


@pytest.fixture
def tiny_onnx(tmp_path: Path, onnx_bytes: bytes) -> Path:
    path = tmp_path / "models" / "tiny.onnx"
    path.parent.mkdir()
    path.write_bytes(onnx_bytes)
    return path


@pytest.fixture
def default_model() -> Path:
    path = bundled_tflite()
    if not path.is_file():
        pytest.skip("the bundled default model is not in this checkout")
    return path


@pytest.fixture
def environment() -> Environment:
    return Environment(
        machine="x86_64", board=None, cpu="A <fast> CPU", cores=4, usable_cores=2, memory_bytes=8_000_000_000,
        governor=None, os="Debian", kernel="Linux 6", python="CPython 3.11", packages={"numpy": "2.4", "onnxruntime": None},
        opencv_threads=2, load_before=0.1, load_after=0.9,
    )  # fmt: skip


def _samples(base_ms: float, seed: int) -> Samples:
    generator = np.random.default_rng(seed)
    preprocess = 0.2 + 0.01 * generator.random((6, 20))
    invoke = base_ms + 0.1 * generator.random((6, 20))
    return Samples(preprocess, invoke, preprocess + invoke + 0.01)


@pytest.fixture
def report(environment: Environment) -> BenchReport:
    """Two cases that ran, 4 and 2 ms, and one that did not; names that need escaping."""
    rows: list[CaseResult | FailedCase] = []
    samples = {"slow|er.tflite": _samples(4.0, 1), "$quick$<b>.onnx": _samples(2.0, 2)}
    baseline = samples["slow|er.tflite"].end_to_end_ms
    for name, sample in samples.items():
        rows.append(
            CaseResult(
                case=Case(name, Path(SOME_HOME) / name, "auto", 1),
                runtime="runtime 1.0",
                input="32x32 uint8",
                file_bytes=1_234_567,
                sha256="ab" * 32,
                load_ms=3.25,
                preprocess=summarise(sample.preprocess_ms),
                invoke=summarise(sample.invoke_ms),
                end_to_end=summarise(sample.end_to_end_ms),
                ratio=ratio(sample.end_to_end_ms, baseline),
                samples=sample,
            )
        )
    bad = Path(SOME_HOME) / "bad.tflite"
    rows.append(FailedCase(Case("bad.tflite", bad, "auto", 1), ModelError("a model", got=f"{bad}", fix="Copy it again.")))
    options = BenchOptions(threads=(1,), effort=Effort(warmup=1, rounds=6, runs=20))
    return BenchReport("2026-01-02T03:04:05+00:00", options, PictureInfo("a drawn cat", 640, 480), environment, tuple(rows))

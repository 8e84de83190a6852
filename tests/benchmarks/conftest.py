"""Pictures, models and a report that the tests of the benchmark share."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from benchmark_reports import SOME_HOME, made_up, made_up_artifact, made_up_row
from numpy.typing import NDArray

from catdog.benchmarks import BenchOptions, BenchReport
from catdog.benchmarks.measure.case import Case, FailedCase
from catdog.benchmarks.options import Effort, Target
from catdog.benchmarks.recommend import recommend
from catdog.benchmarks.report.results import PictureInfo
from catdog.benchmarks.validity.checks import check_machine
from catdog.benchmarks.validity.environment import Environment
from catdog.benchmarks.validity.watch import Conditions
from catdog.edge.contract.artifact import ONNX_PROPERTY
from catdog.edge.contract.figures import Figure
from catdog.edge.contract.model_contract import InputSpec, ModelContract
from catdog.edge.contract.seal import seal_onnx
from catdog.edge.errors import ModelError
from catdog.edge.models import bundled_tflite


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


@pytest.fixture
def report(environment: Environment) -> BenchReport:
    """Two cases that ran, 4 and 2 ms, and one that did not; names that need escaping."""
    slow, quick = made_up("slow|er.tflite", 4.0, 1), made_up("$quick$<b>.onnx", 2.0, 2)
    bad = Path(SOME_HOME) / "bad.tflite"
    failed = FailedCase(Case("bad.tflite", bad, "auto", 1), ModelError("a model", got=f"{bad}", fix="Copy it again."))
    conditions = Conditions(seconds=12.0, cores=2, others=0.02, stolen=0.0)
    made = BenchReport(
        measured_at="2026-01-02T03:04:05+00:00",
        options=BenchOptions(threads=(1,), effort=Effort(warmup=1, rounds=10, runs=500, seconds=1.0, longest_s=9.0)),
        picture=PictureInfo("a drawn cat", 640, 480),
        environment=environment,
        conditions=conditions,
        checks=tuple(check_machine(conditions)),
        artifacts=(
            made_up_artifact(slow.case.artifact, Figure.share("accuracy", 985, 1000, "photographs of pets.zip")),
            made_up_artifact(quick.case.artifact, Figure.share("accuracy", 930, 1000, "photographs of pets.zip")),
        ),
        reference=slow.case.artifact,
        rows=(made_up_row(slow, None), made_up_row(quick, slow), failed),
    )
    return replace(made, recommendation=recommend(made, Target()))

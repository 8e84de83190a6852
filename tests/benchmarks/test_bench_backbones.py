import pytest

from benchmarks.project import backbones
from benchmarks.project.backbones import multiply_adds
from catdog.edge.models import bundled_tflite


@pytest.mark.parametrize(("name", "millions"), [("default", 300), ("fast", 300 * (192 / 224) ** 2)])
def test_multiply_adds_are_those_of_the_paper(name: str, millions: float) -> None:
    # MobileNetV2 1.0 at 224 px: 300 million, by its authors; the head adds few.
    assert multiply_adds(bundled_tflite(name).read_bytes()) / 1e6 == pytest.approx(millions, rel=0.03)


@pytest.mark.slow
def test_table_has_a_row_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorflow", reason="the extra export is not installed")
    assert backbones.main(["mobilenetv2-0.35", "--image-size", "64", "--rounds", "8", "--runs", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:4]] == ["mobilenetv2", "mobilenetv2-0.35"]
    assert "faster" in lines[3]
    assert lines[-1].endswith("Accuracy: not measured.")


def test_other_names_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert backbones.main(["alexnet"]) == 2
    assert "a backbone of mobilenetv2" in capsys.readouterr().err

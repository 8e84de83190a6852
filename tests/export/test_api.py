"""Training, exporting and measuring from a program: what the commands do, as calls, and the notebook that shows it."""

import inspect
from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="the extra export is not installed")

import catdog.export
import catdog.train
from catdog.edge import Classifier
from catdog.edge.errors import DatasetError, UsageError
from catdog.edge.synthetic import draw_picture
from catdog.export import export
from catdog.train import train

NOTEBOOK = Path(__file__).parents[2] / "examples" / "own_classes.ipynb"


@pytest.mark.slow
def test_from_pictures_to_an_answer_in_three_calls(class_folders: Path, tmp_path: Path) -> None:
    said: list[str] = []
    trained = train(
        class_folders, output=tmp_path / "run", backbone_weights="bundled", image_size=64, epochs=2, views=1, least_steps=0,
        presence_check=False, log=said.append,
    )  # fmt: skip
    assert trained.labels == ("cats", "dogs")
    assert trained.accuracy.n == 4
    assert trained.report.is_file()
    assert any("training the stage transfer" in line for line in said)
    assert "4" in repr(trained)
    assert "<table>" in trained._repr_html_()
    exported = export(trained.folder, formats=["float32"], output=tmp_path / "exports", log=said.append)
    (file,) = exported.files
    assert exported.artifacts[0].verdict == "unproven"  # six pictures
    assert "may not show on 6 pictures" in exported._repr_html_()
    answer = Classifier(file, threads=1).classify(draw_picture("cats", 1))
    assert set(answer.scores) == {"cats", "dogs"}


def test_options_that_are_none_and_folders_that_are_no_data(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="least_steps"):
        train("synthetic", epoch=3)
    with pytest.raises(UsageError, match="--image-size"):
        train("synthetic", image_size=7)
    (tmp_path / "cats").mkdir()
    with pytest.raises(DatasetError, match="none in 'cats'"):
        train(tmp_path, output=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with pytest.raises(TypeError):
        export("default", nonsense=1)


@pytest.mark.parametrize("module", [catdog.train, catdog.export])
def test_modules_list_what_they_have_with_help(module: object) -> None:
    for name in dir(module):
        assert inspect.getdoc(getattr(module, name))


@pytest.mark.slow
def test_notebook_runs(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat", reason="the extra dev is not installed")
    client = pytest.importorskip("nbclient", reason="the extra dev is not installed")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)
    client.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ()) if output.output_type == "execute_result"]
    assert any("validation accuracy" in output.data.get("text/html", "") for output in shown)
    assert any("unproven" in output.data.get("text/html", "") for output in shown)  # 15 held-back pictures show little
    assert "ms a picture" in shown[-1].data["text/plain"]

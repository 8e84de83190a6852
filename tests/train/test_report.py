"""The report of a run: whole, self-contained, escaped, and the same for the same run."""

import json
import math
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra train is not installed")
pytest.importorskip("jinja2", reason="the extra train is not installed")

from catdog.edge.contract.figures import Figure
from catdog.edge.contract.model_contract import NEITHER
from catdog.edge.errors import OutputError
from catdog.edge.synthetic import draw_picture
from catdog.train.data.dataset import Dataset
from catdog.train.data.pictures import Pictures
from catdog.train.evaluate import Evaluation, evaluate
from catdog.train.history import FINE_TUNE, HEAD, PLAIN, Epoch
from catdog.train.options import PUBLIC_ARCHIVE, DataOptions, TrainOptions
from catdog.train.pipelines import OURS, PIPELINES, STAGES, TRANSFER, TUNED
from catdog.train.record import Parameters, StageRecord
from catdog.train.report.pictures import MOST_MISTAKES, surest_mistakes
from catdog.train.report.text import mean_of_last, sentences, worst_labels
from catdog.train.report.write import write_report
from catdog.train.writeups.figures import best_published, best_published_test, held_against, published

PETS = ("cats", "dogs")
EMPTY = ("meta", "br", "img")
ALWAYS = {
    "augmentation-all.png", "augmentation-flip.png", "augmentation-rotation.png", "confusion.png", "curves.png",
    "label-counts.png", "reliability-validation.png", "samples.png", "stages.png",
}  # fmt: skip


def pictures_of(labels: Sequence[str], each: int, part: str, size: int = 48) -> Pictures:
    """Drawn pictures, `each` of every label; two names differ where their pictures do."""
    kinds = [(target, number) for target in range(len(labels)) for number in range(each)]
    drawn = [
        draw_picture((*PETS, NEITHER)[target % 3], 100 * len(part) + number, width=size, height=size)[..., ::-1]
        for target, number in kinds
    ]
    pixels = np.stack(drawn) if drawn else np.empty((0, size, size, 3), np.uint8)
    targets = np.array([target for target, _ in kinds], np.int64)
    return Pictures(pixels, targets, tuple(f"{labels[target]}/{part}-{number}.jpg" for target, number in kinds))


def dataset_of(labels: Sequence[str] = PETS, *, name: str = "garden", test: int = 4, skipped: Sequence[str] = ()) -> Dataset:
    parts = [pictures_of(labels, each, part) for part, each in (("train", 4), ("validation", 10), ("test", test))]
    return Dataset(name, tuple(labels), *parts, tuple(skipped))


def evaluation_of(pictures: Pictures, labels: Sequence[str], wrong: int) -> Evaluation:
    """Answer all but the first `wrong` pictures rightly; of the wrong answers each is surer than the one before."""
    scores = np.full((len(pictures), len(labels)), 0.2 / (len(labels) - 1), np.float32)
    for place, target in enumerate(pictures.targets):
        answer = (target + (place < wrong)) % len(labels)
        top = 0.6 + 0.01 * place if place < wrong else 0.8
        scores[place] = (1 - top) / (len(labels) - 1)
        scores[place, answer] = top
    return evaluate(scores, pictures, labels, "pictures")


def record_of(
    dataset: Dataset, stage: str = TRANSFER, *, wrong: int = 2, validated: bool = True, more: Sequence[str] = ()
) -> StageRecord:
    labels = (*dataset.labels, *more)
    phases = [HEAD] * 6 + [FINE_TUNE] if stage == TRANSFER else [PLAIN] * 7
    history = tuple(
        Epoch(
            phase,
            number,
            1 / number,
            0.5 + 0.05 * number,
            *((0.9 / number, 0.5 + 0.06 * number) if validated else (None, None)),
            1.5,
        )
        for number, phase in enumerate(phases, 1)
    )
    return StageRecord(
        stage=stage,
        model=f"{stage}-48",
        parameters=Parameters(2_260_546, 2_562, 2_257_984),
        summary="Model: core\n│ dense <1> & more │\n",
        history=history,
        restarts=0,
        temperature=1.25,
        validation=evaluation_of(dataset.validation, labels, wrong),
        test=evaluation_of(dataset.test, labels, min(wrong, 1)) if len(dataset.test) else None,
        seconds=62.0,
    )


def options_of(pipeline: str = TUNED, **more: object) -> TrainOptions:
    data = DataOptions(data="synthetic", image_size=48, seed=3)
    return TrainOptions(data, Path("runs/here"), **{"pipeline": pipeline, "stage": "all"} | more)  # type: ignore[arg-type]


class Page(HTMLParser):
    """What a browser would make of the page: its texts, addresses and alternative texts; tags must be balanced."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attributes)
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        """All that can be read, on one line, with plain spaces."""
        return " ".join(" ".join(self.texts).split())

    def values(self, *names: str) -> list[str]:
        return [value for _, name, value in self.attributes if name in names]


@dataclass(frozen=True)
class Written:
    folder: Path
    page: Page
    data: dict[str, Any]
    dataset: Dataset
    records: list[StageRecord]


def write(folder: Path, dataset: Dataset, records: list[StageRecord], options: TrainOptions) -> Written:
    path = write_report(folder, dataset, records, options)
    assert path == folder / "report.html"
    return Written(folder, Page(path), json.loads((folder / "report.json").read_text(encoding="utf-8")), dataset, records)


def figures_in(folder: Path) -> set[str]:
    return {path.name for path in (folder / "figures").iterdir()}


@pytest.fixture(scope="module")
def compact(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """All four stages of a published pipeline."""
    dataset = dataset_of(name=Path(PUBLIC_ARCHIVE).stem, skipped=["cats/7.jpg, cut off"])
    records = [record_of(dataset, stage) for stage in STAGES]
    return write(tmp_path_factory.mktemp("compact"), dataset, records, options_of("compact"))


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """One stage of our own pipeline; odd labels, no test part, nothing measured on after each epoch, many skipped."""
    dataset = dataset_of(("<b>&", "$x_1$ 'q\"", NEITHER), name="<i>&co", test=0, skipped=[f"<s>{n}" for n in range(500)])
    record = record_of(dataset, "cnn", wrong=20, validated=False)
    return write(tmp_path_factory.mktemp("odd"), dataset, [record], options_of(backbone_weights="/home/me/w.h5"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["compact", "odd"])
def test_page_refers_to_nothing_outside(name: str, request: pytest.FixtureRequest) -> None:
    page: Page = request.getfixturevalue(name).page
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert all(value.startswith(("#", "data:image/jpeg;base64,")) for value in page.values("src", "href"))
    assert not re.search(r"https?://|@import|url\((?!#)", page.source)
    identities = page.values("id")
    assert len(set(identities)) == len(identities)
    assert {value[1:] for value in page.values("href")} <= set(identities)
    assert set(re.findall(r"url\(#([^)]+)\)", page.source)) <= set(identities)


@pytest.mark.parametrize("name", ["compact", "odd"])
@pytest.mark.slow
def test_pictures_and_charts_say_what_they_show(name: str, request: pytest.FixtureRequest) -> None:
    page: Page = request.getfixturevalue(name).page
    assert all(page.values("alt"))
    assert len(page.values("alt")) == page.tags.count("img") > 0
    assert page.tags.count("svg") == sum(
        tag == "svg" and key == "aria-label" and value != "" for tag, key, value in page.attributes
    )


def test_page_follows_light_dark_and_paper(compact: Written) -> None:
    assert "prefers-color-scheme: dark" in compact.page.source
    assert "@media print" in compact.page.source
    charts = "".join(re.findall(r"<svg.*?</svg>", compact.page.source, re.DOTALL))
    assert not re.search(r"(fill|stroke): #", charts)


@pytest.mark.parametrize("name", ["compact", "odd"])
def test_figures_are_pictures_that_are_not_blank(name: str, request: pytest.FixtureRequest) -> None:
    written: Written = request.getfixturevalue(name)
    more = {"mistakes.png"} | ({"reliability-test.png"} if len(written.dataset.test) else set())
    assert figures_in(written.folder) == ALWAYS | more
    assert {f"figures/{figure}" for figure in ALWAYS | more} == set(written.data["figures"])
    for path in (written.folder / "figures").iterdir():
        picture = cv2.imread(str(path))
        assert picture is not None
        assert min(picture.shape[:2]) > 100
        assert picture.std() > 5


def test_accuracy_stands_with_its_interval_beside_the_published_band(compact: Written) -> None:
    text = compact.page.text
    accuracy = compact.records[-1].validation.accuracy
    interval = f"{100 * accuracy.low:.1f} to {100 * accuracy.high:.1f} %"
    assert "The transfer stage is right on 90.00 % of 20 pictures it has not learnt from" in text
    assert f"95 % interval {interval}, n = 20" in text
    assert "72 to 77 %" in text  # the stage preprocessed of compact
    assert "about 98 %" in text
    assert "98.44 %" in text
    assert "742,194" in text  # the published parameters of the stage cnn


def test_head_holds_the_result_against_the_baseline(compact: Written) -> None:
    assert "That is 40.0 points above what always answering “cats” gets (50.0 %)" in compact.page.text
    assert "2 answers are wrong instead of 10" in compact.page.text


@pytest.mark.slow
def test_pipeline_of_our_own_is_shown_what_is_to_be_beaten(tmp_path: Path) -> None:
    dataset = dataset_of(name=Path(PUBLIC_ARCHIVE).stem)
    own = write(tmp_path, dataset, [record_of(dataset, "cnn")], options_of())
    assert "The best published band of this stage, that of deep, is 60 to 67 %" in own.page.text
    assert "to beat" in own.page.text
    assert own.data["stages"]["cnn"]["published"] is None
    assert own.data["stages"]["cnn"]["held_against"]["pipeline"] == "deep"


@pytest.mark.slow
def test_scores_that_are_far_off_are_told_as_a_problem_where_pictures_are_enough_to_tell(tmp_path: Path) -> None:
    few = dataset_of()
    many = replace(few, validation=pictures_of(PETS, 40, "validation"))
    for name, dataset, told in (("few", few, False), ("many", many, True)):
        page = write(tmp_path / name, dataset, [record_of(dataset, wrong=15)], options_of()).page
        assert ("do not take a score for a probability" in page.text) is told


@pytest.mark.slow
def test_other_pictures_are_not_held_against_the_write_ups(odd: Written, tmp_path: Path) -> None:
    dataset = dataset_of()
    of_a_published_pipeline = write(tmp_path, dataset, [record_of(dataset, stage) for stage in STAGES], options_of("compact"))
    for written in (odd, of_a_published_pipeline):
        assert not re.search("publish|write-up|to beat", written.page.text, re.IGNORECASE)
        for stage in written.data["stages"].values():
            assert [stage[name] for name in ("published", "held_against", "place")] == [None, None, None]


def test_odd_text_is_text(odd: Written) -> None:
    for text in ("<b>&", "$x_1$ 'q\"", "<i>&co", "dense <1> & more", "<s>0"):
        assert text in odd.page.text
    assert not {"b", "i", "s"} & set(odd.page.tags)


def test_skipped_pictures_are_counted_and_folded(compact: Written, odd: Written) -> None:
    assert "1 picture was left out" in compact.page.text
    assert "cats/7.jpg, cut off" in compact.page.text
    assert "500 pictures were left out" in odd.page.text
    assert "300 more, all of them in report.json" in odd.page.text
    assert len(odd.data["data"]["skipped"]) == 500


def test_nothing_is_said_of_a_test_part_that_is_not_there(odd: Written) -> None:
    assert "no test pictures" in odd.page.text
    assert "Reliability, test" not in odd.page.text
    assert odd.data["records"][0]["test"] is None


def test_stage_that_was_validated_at_the_end_only_has_no_mean_of_its_epochs(odd: Written) -> None:
    assert "measured on at the end only" in odd.page.text
    assert odd.data["stages"]["cnn"]["mean_of_last_epochs"] is None


def test_phases_are_told_apart_by_name(compact: Written) -> None:
    charts = re.findall(r"<svg.*?</svg>", compact.page.source, re.DOTALL)
    assert sum(">fine-tune<" in chart for chart in charts) == 1


def test_mistakes_are_the_surest_with_their_pictures(compact: Written, odd: Written) -> None:
    found = surest_mistakes(compact.dataset, compact.records[-1])
    assert [mistake.answer.score for mistake in found] == pytest.approx([0.61, 0.60, 0.60])
    assert [mistake.part for mistake in found] == ["validation", "validation", "test"]
    first = found[0]
    assert first.pixels is not None
    index = compact.dataset.validation.names.index(first.answer.name)
    assert np.array_equal(first.pixels, compact.dataset.validation.pixels[index])
    assert "cats , answered dogs score 0.61, validation cats/validation-1.jpg" in compact.page.text
    assert f"{MOST_MISTAKES} of 20 wrong answers" in odd.page.text


def test_mistake_whose_picture_is_not_at_hand_is_still_told(compact: Written) -> None:
    elsewhere = replace(compact.dataset, validation=compact.dataset.validation[[5, 15]], test=compact.dataset.test[[]])
    found = surest_mistakes(elsewhere, compact.records[-1])
    assert [mistake.pixels for mistake in found] == [None, None, None]
    assert found[0].caption == "cats, answered dogs, 0.61"


def test_json_gives_back_the_records(compact: Written, odd: Written) -> None:
    for written in (compact, odd):
        read = [StageRecord.from_dict(fields) for fields in written.data["records"]]
        assert read == written.records
    data = compact.data
    assert set(data) == {
        "catdog_report", "data", "options", "augmentation", "final_stage", "stages", "records", "mistakes", "figures",
    }  # fmt: skip
    assert data["final_stage"] == TRANSFER
    assert data["data"]["counts"]["validation"] == {"cats": 10, "dogs": 10}
    assert data["data"]["baseline"] == {"label": "cats", "share": 0.5}
    assert data["stages"]["preprocessed"]["published"]["low"] == 0.72


def test_report_names_no_folder_of_the_machine(odd: Written, tmp_path: Path) -> None:
    assert odd.data["options"]["backbone_weights"] == "w.h5"
    assert "/home/" not in odd.page.source
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    options = options_of()
    options = replace(options, data=replace(options.data, data=str(photographs)))
    dataset = dataset_of(skipped=[f"expected a picture; got {photographs}/cats/a b.jpg, which holds text"])
    written = write(tmp_path / "run", dataset, [record_of(dataset)], options)
    assert written.data["data"]["skipped"] == ["expected a picture; got cats/a b.jpg, which holds text"]
    for text in (written.page.source, json.dumps(written.data)):
        assert str(tmp_path) not in text


@pytest.mark.slow
def test_answer_of_a_presence_check_without_pictures_of_it(tmp_path: Path) -> None:
    dataset = dataset_of()
    written = write(tmp_path, dataset, [record_of(dataset, more=[NEITHER])], options_of("deep"))
    assert "no pictures" in written.page.text


@pytest.mark.slow
def test_of_many_labels_the_worst_pairs_are_told_and_the_rest_drawn(tmp_path: Path) -> None:
    dataset = dataset_of(tuple(f"breed {number:03}" for number in range(30)), test=2)
    record = record_of(dataset, wrong=17)  # 10 of the first label, 7 of the second
    written = write(tmp_path, dataset, [record], options_of(stage=TRANSFER))
    assert "matrix" not in written.page.values("class")
    assert "breed 000 breed 001 10 100.0 %" in written.page.text
    assert "breed 001 breed 002 7 70.0 %" in written.page.text
    assert any(
        "rows are the truth, columns the answers" in text for text in (*written.page.texts, *written.page.values("aria-label"))
    )
    assert worst_labels(record.validation, dataset.labels) == [("breed 000", 0, 10), ("breed 001", 3, 10)]


@pytest.mark.slow
def test_second_report_is_the_same_and_leaves_nothing_of_another(compact: Written, tmp_path: Path) -> None:
    write(tmp_path, compact.dataset, compact.records, options_of("compact"))
    for path in sorted(path for path in compact.folder.rglob("*") if path.is_file()):
        assert (tmp_path / path.relative_to(compact.folder)).read_bytes() == path.read_bytes(), path.name
    right = dataset_of(test=0)
    diverged = record_of(right, wrong=0)
    diverged = replace(diverged, history=tuple(replace(epoch, loss=math.nan) for epoch in diverged.history))
    written = write(tmp_path, right, [diverged], options_of())
    assert figures_in(tmp_path) == ALWAYS
    assert "every held-back picture was answered rightly" in written.page.text
    assert "No picture was left out" in written.page.text
    assert written.data["records"][0]["history"][0]["loss"] is None


def test_folder_that_cannot_be_written(compact: Written, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError):
        write_report(tmp_path / "taken" / "run", compact.dataset, compact.records, options_of("compact"))
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "figures").write_text("a file")
    with pytest.raises(OutputError):
        write_report(tmp_path / "run", compact.dataset, compact.records, options_of("compact"))
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["figures"]


def test_no_records_is_a_mistake_of_the_caller(compact: Written, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one stage"):
        write_report(tmp_path, compact.dataset, [], options_of())


def test_sentences_are_honest_about_a_stage_that_is_not_better() -> None:
    dataset = dataset_of()
    same, worse = (sentences(dataset, [record_of(dataset, wrong=wrong)], options_of()) for wrong in (9, 14))
    assert "may be no better" in same[0]
    assert "below what always answering" in worse[0]
    both = sentences(dataset, [record_of(dataset, "cnn", wrong=0), record_of(dataset, wrong=2)], options_of())
    assert "transfer is not the best stage of this run" in both[1]


def test_mean_is_of_the_last_five_epochs() -> None:
    history = record_of(dataset_of()).history
    assert mean_of_last(history) == pytest.approx(np.mean([0.5 + 0.06 * number for number in range(3, 8)]))
    assert mean_of_last(()) is None


def test_every_published_pipeline_has_figures_for_every_stage() -> None:
    for pipeline in set(PIPELINES) - set(OURS):
        for stage in STAGES:
            figures = published(pipeline, stage)
            assert figures is not None
            assert 0.5 < figures.low <= figures.high < 1
            assert held_against(pipeline, stage) is figures
            assert (figures.test is not None) == (stage == TRANSFER)
    assert published(TUNED, TRANSFER) is None
    assert held_against(TUNED, TRANSFER) == best_published(TRANSFER)


def test_published_figures_are_those_of_the_write_ups() -> None:
    assert [(best_published(stage).low, best_published(stage).high) for stage in STAGES] == [
        (0.60, 0.67), (0.63, 0.72), (0.70, 0.80), (0.97, 0.99),
    ]  # fmt: skip
    best = best_published_test(TRANSFER)
    assert best is not None
    assert best.test is not None
    assert f"{best.test.value:.2%}" == "98.44%"
    assert best_published_test("cnn") is None
    about = published("compact", "augmented")
    assert about is not None
    assert about.about
    assert about.low == about.high == 0.58
    dense = published("dense-head", TRANSFER)
    assert dense is not None
    assert dense.parameters == Parameters(2_340_098, 82_114, 2_257_984)


@pytest.mark.parametrize(("hits", "place"), [(990, "above"), (965, "within"), (900, "below")])
def test_place_of_a_result_takes_its_interval_into_account(hits: int, place: str) -> None:
    figures = published("dense-head", TRANSFER)
    assert figures is not None
    assert figures.place(Figure.share("accuracy", hits, 1000)) == place


def test_reading_the_module_needs_no_tensorflow() -> None:
    code = "import sys, catdog.train.report.write; sys.exit(bool({'tensorflow', 'keras', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""What to train, validated once."""

from dataclasses import dataclass
from pathlib import Path

from catdog.edge.contract.model_contract import is_model_name
from catdog.edge.errors import UsageError
from catdog.edge.models import BUNDLED as MODELS

from .backbones import BACKBONES, BUNDLED, IMAGENET, MOBILENETV2, RANDOM
from .pipelines import OURS, PIPELINES, STAGES, TUNED, find_cell

PUBLIC_ARCHIVE = "https://storage.googleapis.com/mledu-datasets/cats_and_dogs_filtered.zip"
SYNTHETIC = "synthetic"
ALL = "all"
SMALLEST_SIZE, LARGEST_SIZE = 32, 512
NO_CONDITIONS, CAMERA = CONDITIONS = ("none", "camera")
EACH_EPOCH, AT_END = VALIDATE = ("epoch", "end")
TENSORBOARD, MLFLOW = TRACKERS = ("tensorboard", "mlflow")
AUTO_WEIGHTS, BALANCED, NO_WEIGHTS = CLASS_WEIGHTS = ("auto", "balanced", "none")
HELD_BACK, HELD_BACK_BESIDE_TEST = 0.3, 0.2  # of each class, where there is no validation folder
TEST_OF_FOLDER, TEST_OF_SPLIT = 0.192, 1 / 3  # of what is held back: in a folder of its own, as the write-ups do; or split off


@dataclass(frozen=True)
class DataOptions:
    """Where the labelled pictures come from.

    Attributes:
        data: folder, archive (zip or tar), address of one, or ``"synthetic"``.
        image_size: side of the square that pictures are resized to, in pixels.
        validation_share: share of each class held back when the data has no `validation` folder of its own, 0-1. None for 0.3,
            a third of it for the test; 0.2 where there is a `test` folder.
        test_share: share of what is held back that is measured on at the end only, when there is no `test` folder. None for a
            third; beside a `validation` folder 192 of 1,000, as the write-ups set aside, also of the negatives.
        negatives: folder, archive or address of pictures with none of the classes in view, or ``"synthetic"``; they become
            the class ``"neither"``. None for none.
        negatives_share: share of those held back, 0-1.
        more_data: further places of labelled pictures, of the same labels, to learn from only; copies of what is measured on
            are left out.
        more_negatives: further places of pictures of none of the classes, to learn from only.
        negative_parts: parts of each of the others to be learnt from besides the whole: they are pet-free, too.
        synthetic_count: drawn pictures per class for training; validation gets a quarter as many, from other seeds.
        seed: decides the split and every random number.

    Raises:
        UsageError: a value is out of range.
    """

    data: str = PUBLIC_ARCHIVE
    image_size: int = 224
    validation_share: float | None = None
    test_share: float | None = None
    negatives: str | None = None
    negatives_share: float = 0.3
    more_data: tuple[str, ...] = ()
    more_negatives: tuple[str, ...] = ()
    negative_parts: int = 1
    synthetic_count: int = 400
    seed: int = 0

    def __post_init__(self) -> None:
        # A run remembers its data, and is resumed and exported from other folders, too.
        for name in ("data", "negatives"):
            object.__setattr__(self, name, _absolute(getattr(self, name)))
        for name in ("more_data", "more_negatives"):  # lists, where they are read back
            object.__setattr__(self, name, tuple(_absolute(where) for where in getattr(self, name)))
        _require(SMALLEST_SIZE <= self.image_size <= LARGEST_SIZE, "--image-size of 32 to 512 pixels", self.image_size)
        held = self.validation_share
        _require(held is None or 0.01 <= held <= 0.9, "a validation share of 0.01 to 0.9", held)
        _require(self.test_share is None or 0 <= self.test_share <= 0.9, "a test share of 0 to 0.9", self.test_share)
        _require(0.01 <= self.negatives_share <= 0.9, "a share of held-back negatives of 0.01 to 0.9", self.negatives_share)
        _require(self.negatives is not None or not self.more_negatives, "--negatives beside --more-negatives", "none")
        _require(0 <= self.negative_parts <= 100, "0 to 100 --negative-parts", self.negative_parts)
        _require(8 <= self.synthetic_count <= 100_000, "8 to 100,000 drawn pictures a class", self.synthetic_count)
        _require(0 <= self.seed < 2**31, "a --seed of 0 to 2,147,483,647", self.seed)


@dataclass(frozen=True)
class TrainOptions:
    """How to train.

    Attributes:
        data: where the pictures come from.
        stage: which of the pipeline's stages, or ``"all"`` of them in turn.
        pipeline: one of `catdog.train.pipelines.PIPELINES`.
        backbone: what looks at the pictures in the transfer stage, of `catdog.train.backbones.BACKBONES`.
        backbone_weights: ``"imagenet"`` (downloaded), ``"bundled"`` (of MobileNetV2), ``"random"``, another word of the
            backbone's, or the path of a weights file.
        start: folder of a finished run, its model, or a bundled one's name, whose network is gone on with, head and all, in
            place of backbone weights and a new head: only the fine-tuning is done. Of a run whose backbone is cut off earlier
            the layers are taken; what follows them has the backbone weights, and the head is new. None for a new network.
        teacher: likewise, whose answers are learnt from beside the labels in fine-tuning; None for the labels alone.
        output: the run's folder.
        name: what to call the model, in its file's name, too; None for stage and size.
        epochs: passes over the data; for the transfer stage over the cached features of the frozen backbone.
        least_steps: where so few pictures make fewer steps than this in those epochs, there are more epochs; in our pipelines.
        validate: measure on the validation pictures after each ``"epoch"``, or at the ``"end"`` only.
        patience: epochs without a lower validation loss after which a phase ends, with the weights of its best epoch; 0 for all
            epochs. The validation pictures are then chosen by, and are optimistic about the model.
        temperature: what to divide the logits by; None to fit it on pictures that are held out, or else on the validation
            pictures.
        held_out: share of the training pictures that is not learnt from but has the temperature fitted on it, so that the
            validation pictures tell how far the scores can be trusted; 0 for none.
        presence_check: give the transfer stage of `tuned` the answer ``"neither"`` also without negatives.
        views: copies of each training picture that features are computed for: itself and altered ones.
        conditions: alter the copies, and the pictures of fine-tuning, as a ``"camera"`` would: pets that are small, cut off, at
            night; ``"none"`` alters them little, as the pipeline says. None for a camera's where there are negatives to put
            them into and the pipeline is ours.
        class_weights: ``"balanced"`` lets pictures of rare labels count more, ``"none"`` all the same; ``"auto"`` is balanced
            where labels are far from equally frequent and the pipeline is ours.
        batch_size: pictures per step.
        distill_epochs: passes in which the backbone learns to see in small pictures what it sees in larger ones, before the
            head; 0 for none.
        distill_size: side of those larger pictures, in pixels.
        distill_rate: Adam's largest learning rate there.
        fine_tune_epochs: passes over the pictures with the whole network trainable, after the head; 0 for none.
        cache_features: compute the frozen backbone's features once per view; False sends every picture through it each
            epoch.
        fine_tune_rate: AdamW's largest learning rate there. On 2,000 pictures more than 3e-5 was measured to cost accuracy; the
            bundled `default` has 1.5e-4 on 24,000.
        track: which of `TRACKERS` are told of each stage's history.

    Raises:
        UsageError: a value is out of range.
    """

    data: DataOptions
    output: Path
    stage: str = "transfer"
    pipeline: str = TUNED
    backbone: str = MOBILENETV2
    backbone_weights: str = IMAGENET
    start: str | None = None
    teacher: str | None = None
    name: str | None = None
    epochs: int = 20
    least_steps: int = 300
    validate: str = EACH_EPOCH
    patience: int = 0
    temperature: float | None = None
    held_out: float = 0.0
    presence_check: bool = True
    views: int = 2
    conditions: str | None = None
    class_weights: str = AUTO_WEIGHTS
    batch_size: int = 32
    distill_epochs: int = 0
    distill_size: int = 256
    distill_rate: float = 4e-4
    fine_tune_epochs: int = 0
    fine_tune_rate: float = 1e-5
    track: tuple[str, ...] = ()
    cache_features: bool = True

    def __post_init__(self) -> None:
        backbone = BACKBONES.find(self.backbone)
        if self.backbone_weights not in (IMAGENET, BUNDLED, RANDOM, *backbone.weights):
            object.__setattr__(self, "backbone_weights", str(Path(self.backbone_weights).resolve()))
        if self.conditions is None:
            sensible = self.data.negatives is not None and self.pipeline in OURS
            object.__setattr__(self, "conditions", CAMERA if sensible else NO_CONDITIONS)
        for name in ("start", "teacher"):
            object.__setattr__(self, name, _absolute_run(getattr(self, name)))
        _require(self.teacher is None or self.fine_tune_epochs > 0, "--fine-tune-epochs beside --teacher", "none")
        alone = self.stage == "transfer" and self.fine_tune_epochs and not self.distill_epochs
        _require(self.start is None or bool(alone), "--start with --fine-tune-epochs, of the stage transfer", "others")
        object.__setattr__(self, "track", tuple(self.track))  # a list, where it is read back
        _require(set(self.track) <= set(TRACKERS), f"--track to be of {', '.join(TRACKERS)}", ", ".join(self.track))
        _require(self.stage in (*STAGES, ALL), f"--stage to be one of {', '.join((*STAGES, ALL))}", self.stage)
        _require(self.pipeline in PIPELINES, f"--pipeline to be one of {', '.join(PIPELINES)}", self.pipeline)
        for stage in self.stages:
            cell = find_cell(stage, self.pipeline, self.data.image_size)
            if cell.backbone:
                weights = RANDOM if self.start is not None else self.backbone_weights  # those of the start
                backbone.require(weights, self.data.image_size, cell.cut)
        _require(self.name is None or is_model_name(self.name), "a --name of printable characters without slashes", self.name)
        _require(1 <= self.epochs <= 10_000, "1 to 10,000 --epochs", self.epochs)
        _require(0 <= self.least_steps <= 1_000_000, "0 to 1,000,000 --least-steps", self.least_steps)
        _require(self.validate in VALIDATE, f"--validate to be one of {', '.join(VALIDATE)}", self.validate)
        _require(0 <= self.patience <= 10_000, "a --patience of 0 to 10,000 epochs", self.patience)
        _require(not self.patience or self.validate == EACH_EPOCH, "--patience with --validate epoch", self.validate)
        _require(self.temperature is None or 0.05 <= self.temperature <= 20, "a --temperature of 0.05 to 20", self.temperature)
        _require(0 <= self.held_out <= 0.5, "--held-out of 0 to 0.5", self.held_out)
        _require(not (self.held_out and self.temperature), "--temperature or --held-out", "both")
        _require(1 <= self.views <= 100, "1 to 100 --views", self.views)
        _require(
            self.class_weights in CLASS_WEIGHTS, f"--class-weights to be one of {', '.join(CLASS_WEIGHTS)}", self.class_weights
        )
        _require(self.conditions in CONDITIONS, f"--conditions to be one of {', '.join(CONDITIONS)}", self.conditions)
        _require(1 <= self.batch_size <= 4096, "a --batch-size of 1 to 4,096", self.batch_size)
        _require(0 <= self.distill_epochs <= 1000, "0 to 1,000 --distill-epochs", self.distill_epochs)
        _require(SMALLEST_SIZE <= self.distill_size <= LARGEST_SIZE, "a --distill-size of 32 to 512 pixels", self.distill_size)
        _require(0 < self.distill_rate <= 1, "a --distill-rate of more than 0 and at most 1", self.distill_rate)
        _require(0 <= self.fine_tune_epochs <= 1000, "0 to 1,000 --fine-tune-epochs", self.fine_tune_epochs)
        _require(0 < self.fine_tune_rate <= 1, "a --fine-tune-rate of more than 0 and at most 1", self.fine_tune_rate)

    def epochs_of(self, pictures: int) -> int:
        """Return how many epochs there are with so many training pictures."""
        steps = -(-pictures // self.batch_size)
        return max(self.epochs, -(-self.least_steps // steps)) if self.pipeline in OURS else self.epochs

    @property
    def is_blank(self) -> bool:
        """Whether the backbone begins with random weights."""
        return self.start is None and self.backbone_weights == RANDOM

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages to train, in turn."""
        return STAGES if self.stage == ALL else (self.stage,)


def _absolute_run(where: str | None) -> str | None:
    """Return the whole path of a run; the name of a bundled model as it is, unless a run lies in a folder of that name."""
    bundled = where in MODELS and not (Path(where) / "model.keras").is_file()
    return where if bundled else _absolute(where)


def _absolute(where: str | None) -> str | None:
    """Return the whole path of what is there; an address, a word and what is not there yet as they are."""
    return str(Path(where).resolve()) if where not in (None, SYNTHETIC) and Path(where).exists() else where


def _require(condition: bool, expected: str, got: object) -> None:
    if not condition:
        raise UsageError(expected, got=str(got), fix="See catdog-train --help.")

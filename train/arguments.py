"""The options of `catdog-train`: what there is to be said on its command line, and what it comes to."""

import argparse
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from catdog.edge.bulk.arguments import add_ray
from catdog.edge.common.command import CommandParser
from catdog.edge.common.plugins import Choices

from .backbones import BACKBONES, BUNDLED, IMAGENET, MOBILENETV2, RANDOM
from .options import (
    ALL,
    CLASS_WEIGHTS,
    CONDITIONS,
    HELD_BACK,
    HELD_BACK_BESIDE_TEST,
    PUBLIC_ARCHIVE,
    SYNTHETIC,
    TEST_OF_FOLDER,
    TRACKERS,
    VALIDATE,
    DataOptions,
    TrainOptions,
)
from .pipelines import PIPELINES, STAGES, TRANSFER, TUNED, usual_size
from .run import RUNS

Group = argparse._ArgumentGroup  # the library names the type in private only

_EXAMPLES = """\
examples:
  catdog-train                                    the public cats-and-dogs archive, ImageNet weights (both downloaded)
  catdog-train --data photos/                     photos/<label>/*.jpg, or photos/{train,validation,test}/<label>/*.jpg
  catdog-train --data pets.zip --backbone-weights bundled           no network needed
  catdog-train --data synthetic --backbone-weights bundled          neither network nor photographs needed
  catdog-train --data photos/ --negatives empty-rooms/              pictures without a pet teach it to say "neither"
  catdog-train --stage all --pipeline compact                       a published pipeline, its four stages in turn
  catdog-train --data photos/ --negatives rooms/ --conditions camera    pets that are far, at night, behind a chair
  catdog-train --data photos/ --fine-tune-epochs 2                  the whole network, gently, after the head
  catdog-train --data photos/ --start runs/mine --fine-tune-epochs 1    a finished network, a little more
  catdog-train --data photos/ --pipeline small --fine-tune-epochs 5 --teacher runs/mine    a small one, taught by a larger
  catdog-train --data photos/ --backbone mobilenetv3-small          another network to look at the pictures
  catdog-train --resume runs/transfer-20260101-120000               resume a run that was stopped
  catdog-train --data photos/ --cross-validate 5                    compare settings without spending the validation pictures
  catdog-train --data photos/ --fine-tune-epochs 3 --ray auto       one training that several machines share: docs/cluster.md
  catdog-train --data photos/ --cross-validate 5 --seeds 3 --ray    its folds at once, on several machines: docs/cluster.md
  catdog-train --data photos/ --cross-validate 5 --try views=1,2,4  is one of these settings better, or is it chance?
  catdog-train compare runs/before runs/after                       two runs on the same pictures
  catdog-train look --data photos/                                  pictures under a wrong label, before training

next: look at runs/<name>/report.html, then catdog-export --int8

exit codes: 0 done, 2 wrong option, 3 nothing there, 6 model, 7 missing package, 8 data, 9 not verified, 10 cannot write or no
memory, 12 training came to nothing, 14 broken plugin, 17 no cluster, 130 interrupted
"""


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    description = "Train a classifier on folders of labelled photographs."
    parser = CommandParser(prog="catdog-train", description=description, epilog=_EXAMPLES)
    add = parser.add_argument
    add("--stage", choices=(*STAGES, ALL), default=TRANSFER, help="which of the pipeline's stages (default: %(default)s)")
    pipeline = "one of the four published ones, or ours, medium and small for little memory (default: %(default)s)"
    add("--pipeline", choices=PIPELINES, default=TUNED, help=pipeline)
    add("--name", metavar="NAME", help="what to call the model and its files (default: stage and size)")
    add("--output", type=Path, metavar="DIR", help="folder of the run (default: runs/<stage>-<time>)")
    resume = "resume the run in DIR; without DIR, the one in --output, or begin it there"
    add("--resume", nargs="?", type=Path, const=True, metavar="DIR", help=resume)
    folds = "K-fold cross-validation on the training pictures alone; keeps no model"
    add("--cross-validate", type=int, metavar="K", help=folds)
    add(
        "--seeds",
        type=int,
        default=1,
        metavar="N",
        help="with --cross-validate: by N seeds from --seed on (default: %(default)s)",
    )
    tries = "with --cross-validate: an option and its values, such as fine-tune-rate=1e-5,3e-5; again for all combinations"
    add("--try", dest="tries", action="append", default=[], metavar="NAME=A,B", help=tries)
    add_ray(parser)
    _add_data_options(parser.add_argument_group("data"))
    _add_split_options(parser.add_argument_group("split"))
    _add_network_options(parser.add_argument_group("network"))
    _add_fitting_options(parser.add_argument_group("fitting"))
    _add_measuring_options(parser.add_argument_group("measuring"))
    return parser


def _add_data_options(group: Group) -> None:
    add = group.add_argument
    data = f"folder, archive (zip or tar), its address, or {SYNTHETIC} (default: the public archive)"
    add("--data", default=PUBLIC_ARCHIVE, metavar="WHERE", help=data)
    negatives = (
        f"folder, archive or address of pictures of none of the labels, or {SYNTHETIC}; they become the answer "
        "neither (without: judged by likeness to the training pictures)"
    )
    add("--negatives", metavar="WHERE", help=negatives)
    more = "further places of pictures of the same labels, to learn from only"
    add("--more-data", nargs="+", default=(), metavar="WHERE", help=more)
    add("--more-negatives", nargs="+", default=(), metavar="WHERE", help="the same for --negatives")
    usual = ", ".join(f"{usual_size(name)} for {name}" for name in PIPELINES)
    add("--image-size", type=int, metavar="PX", help=f"side of the model's input (default: {usual})")
    _add_numbers(
        group,
        DataOptions,
        negative_parts="crops of each of --negatives, to be learnt from, too",
        synthetic_count=f"drawn pictures per class of {SYNTHETIC}",
    )


def _add_split_options(group: Group) -> None:
    _add_numbers(
        group,
        DataOptions,
        negatives_share="share of the negatives that is held back",
        seed="decides the split and all random numbers",
    )
    held = f"share held back where there is no validation folder (default: {HELD_BACK}; beside a test folder "
    group.add_argument("--validation-share", type=float, metavar="N", help=f"{held}{HELD_BACK_BESIDE_TEST})")
    tested = (
        "share of what is held back that is measured on at the end only, where there is no test folder (default: a third; "
        f"of a validation folder {TEST_OF_FOLDER})"
    )
    group.add_argument("--test-share", type=float, metavar="N", help=tested)


def _add_network_options(group: Group) -> None:
    add = group.add_argument
    backbone = f"{', '.join(BACKBONES.own)}, or that of another package, for the transfer stage (default: %(default)s)"
    add("--backbone", choices=Choices(BACKBONES), default=MOBILENETV2, metavar="NAME", help=backbone)
    weights = f"{IMAGENET} (downloaded), {BUNDLED} (mobilenetv2's), {RANDOM}, or a file (default: %(default)s)"
    add("--backbone-weights", default=IMAGENET, metavar="W", help=weights)
    start = (
        "go on with the network of a finished run or bundled model, also one that is cut off earlier; needs --fine-tune-epochs"
    )
    add("--start", metavar="RUN", help=start)
    teacher = "a larger run or bundled model, whose answers fine-tuning learns beside the labels"
    add("--teacher", metavar="RUN", help=teacher)
    absent = "without negatives, give tuned's transfer stage no answer neither"
    add("--no-presence-check", dest="presence_check", action="store_false", help=absent)


def _add_fitting_options(group: Group) -> None:
    _add_numbers(
        group,
        TrainOptions,
        epochs="passes over the data; for the transfer stage over its cached features",
        least_steps="more epochs where few pictures make fewer steps than this",
        views="copies of each picture that features are computed for: itself and augmented ones",
        patience="stop after so many epochs without a lower validation loss; 0: never",
        batch_size="pictures per step",
        distill_epochs="passes in which the backbone learns from larger pictures, before the head",
        distill_size="side of those larger pictures",
        distill_rate="largest learning rate there",
        fine_tune_epochs="passes with the whole network trainable, after the head",
        fine_tune_rate="largest learning rate of those",
    )
    weights = (
        "balanced: let pictures of rare labels count more, so that each label counts the same; auto: where one has three "
        "times as many pictures as another (default: %(default)s)"
    )
    group.add_argument("--class-weights", choices=CLASS_WEIGHTS, default=TrainOptions.class_weights, help=weights)
    plain = "send every picture through the frozen backbone in every epoch"
    group.add_argument("--no-feature-cache", dest="cache_features", action="store_false", help=plain)
    conditions = (
        "camera: augment pictures as a camera would: pets small or cut off, night, noise, blur, compression; those "
        "of --negatives are what pets are put into (default: camera with --negatives, else none)"
    )
    group.add_argument("--conditions", choices=CONDITIONS, help=conditions)


def _add_measuring_options(group: Group) -> None:
    add = group.add_argument
    validate = "measure on the validation pictures after each epoch, or at the end only (default: %(default)s)"
    add("--validate", choices=VALIDATE, default=TrainOptions.validate, help=validate)
    temperature = "what to divide the logits by (default: fitted on the validation pictures)"
    add("--temperature", type=float, metavar="T", help=temperature)
    track = "write each stage's history for these, if installed"
    add("--track", nargs="+", default=[], choices=TRACKERS, help=track)
    _add_numbers(group, TrainOptions, held_out="share of the training pictures that is kept out, to fit the temperature on")


def _add_numbers(group: Group, kind: type[DataOptions | TrainOptions], **texts: str) -> None:
    """Add an option for each of these fields, which have a number by default."""
    for name, text in texts.items():
        default, option = getattr(kind, name), f"--{name.replace('_', '-')}"
        group.add_argument(option, type=type(default), default=default, metavar="N", help=f"{text} (default: %(default)s)")


def train_options(arguments: argparse.Namespace) -> TrainOptions:
    """Say what to train and how.

    Raises:
        UsageError: a value is out of range.
    """
    given = vars(arguments) | {
        "image_size": arguments.image_size or usual_size(arguments.pipeline),
        "output": arguments.output or RUNS / f"{arguments.stage}-{datetime.now():%Y%m%d-%H%M%S}",
    }
    return TrainOptions(**_of(TrainOptions, given) | {"data": DataOptions(**_of(DataOptions, given))})


def _of(kind: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    values = {field.name: given[field.name] for field in fields(kind)}  # type: ignore[arg-type]
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}

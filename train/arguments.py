"""The options of `catdog-train`: what there is to be said on its command line, and what it comes to."""

import argparse
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from catdog.edge.command import CommandParser
from catdog.edge.plugins import Choices

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
  catdog-train --resume runs/transfer-20260101-120000               go on with a run that was stopped
  catdog-train --data photos/ --cross-validate 5                    compare settings without spending the validation pictures
  catdog-train compare runs/before runs/after                       two runs on the same pictures

next: look at runs/<name>/report.html, then catdog-export --int8

exit codes: 0 done, 2 wrong option, 3 nothing there, 6 model, 7 missing package, 8 data, 9 not verified, 10 cannot write or no
memory, 12 training came to nothing, 14 broken plugin, 130 interrupted
"""


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = CommandParser(
        prog="catdog-train",
        description="Train a classifier on folders of labelled photographs.",
        epilog=_EXAMPLES,
    )
    parser.add_argument(
        "--stage", choices=(*STAGES, ALL), default=TRANSFER, help="which of the pipeline's stages (default: %(default)s)"
    )
    parser.add_argument(
        "--pipeline",
        choices=PIPELINES,
        default=TUNED,
        help="one of the four published ones, or ours, small for little memory (default: %(default)s)",
    )
    parser.add_argument("--name", metavar="NAME", help="what to call the model and its files (default: stage and size)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder of the run (default: runs/<stage>-<time>)")
    parser.add_argument(
        "--resume",
        nargs="?",
        type=Path,
        const=True,
        metavar="DIR",
        help="go on with the run in DIR; without DIR, with the one in --output, or begin it there",
    )
    parser.add_argument(
        "--cross-validate",
        type=int,
        metavar="K",
        help="train K times without a part of the training pictures, and measure on that part; keeps no model",
    )
    for title, add in (
        ("data", _add_data_options),
        ("split", _add_split_options),
        ("network", _add_network_options),
        ("fitting", _add_fitting_options),
        ("measuring", _add_measuring_options),
    ):
        add(parser.add_argument_group(title))
    return parser


def _add_data_options(group: Group) -> None:
    group.add_argument(
        "--data",
        default=PUBLIC_ARCHIVE,
        metavar="WHERE",
        help=f"folder, archive (zip or tar), its address, or {SYNTHETIC} (default: the public archive)",
    )
    group.add_argument(
        "--negatives",
        metavar="WHERE",
        help=f"folder, archive or address of pictures of none of the labels, or {SYNTHETIC}; they become the answer "
        "neither (without: judged by likeness to the training pictures)",
    )
    group.add_argument(
        "--more-data",
        nargs="+",
        default=(),
        metavar="WHERE",
        help="further places of pictures of the same labels, to learn from only",
    )
    group.add_argument(
        "--more-negatives",
        nargs="+",
        default=(),
        metavar="WHERE",
        help="the same for --negatives",
    )
    group.add_argument(
        "--image-size",
        type=int,
        metavar="PX",
        help=f"side of the model's input (default: {', '.join(f'{usual_size(name)} for {name}' for name in PIPELINES)})",
    )
    defaults = DataOptions
    _add_number(
        group, "--negative-parts", defaults.negative_parts, "parts cut out of each of --negatives, to be learnt from, too"
    )
    _add_number(group, "--synthetic-count", defaults.synthetic_count, f"drawn pictures per class of {SYNTHETIC}")


def _add_split_options(group: Group) -> None:
    defaults = DataOptions
    for name, default, text in (
        ("--negatives-share", defaults.negatives_share, "share of the negatives that is held back"),
        ("--seed", defaults.seed, "decides the split and all random numbers"),
    ):
        _add_number(group, name, default, text)
    group.add_argument(
        "--validation-share",
        type=float,
        metavar="N",
        help=f"share held back where there is no validation folder (default: {HELD_BACK}; beside a test folder "
        f"{HELD_BACK_BESIDE_TEST})",
    )
    group.add_argument(
        "--test-share",
        type=float,
        metavar="N",
        help="share of what is held back that is measured on at the end only, where there is no test folder (default: a third; "
        f"of a validation folder {TEST_OF_FOLDER})",
    )


def _add_network_options(group: Group) -> None:
    group.add_argument(
        "--backbone",
        choices=Choices(BACKBONES),
        default=MOBILENETV2,
        metavar="NAME",
        help=f"{', '.join(BACKBONES.own)}, or that of another package, for the transfer stage (default: %(default)s)",
    )
    group.add_argument(
        "--backbone-weights",
        default=IMAGENET,
        metavar="W",
        help=f"{IMAGENET} (downloaded), {BUNDLED} (mobilenetv2's), {RANDOM}, or a file (default: %(default)s)",
    )
    group.add_argument(
        "--start", metavar="RUN", help="go on with the network of a finished run or bundled model; needs --fine-tune-epochs"
    )
    group.add_argument(
        "--teacher", metavar="RUN", help="a larger run or bundled model, whose answers fine-tuning learns beside the labels"
    )
    group.add_argument(
        "--no-presence-check",
        dest="presence_check",
        action="store_false",
        help="without negatives, give tuned's transfer stage no answer neither",
    )


def _add_fitting_options(group: Group) -> None:
    defaults = TrainOptions
    for name, default, text in (
        ("--epochs", defaults.epochs, "passes over the data; for the transfer stage over its cached features"),
        ("--least-steps", defaults.least_steps, "more epochs where few pictures make fewer steps than this"),
        ("--views", defaults.views, "copies of each picture that features are computed for: itself and altered ones"),
        ("--patience", defaults.patience, "stop after so many epochs without a lower validation loss; 0: never"),
        ("--batch-size", defaults.batch_size, "pictures per step"),
        (
            "--distill-epochs",
            defaults.distill_epochs,
            "passes in which the backbone learns from larger pictures, before the head",
        ),
        ("--distill-size", defaults.distill_size, "side of those larger pictures"),
        ("--distill-rate", defaults.distill_rate, "largest learning rate there"),
        ("--fine-tune-epochs", defaults.fine_tune_epochs, "passes with the whole network trainable, after the head"),
        ("--fine-tune-rate", defaults.fine_tune_rate, "largest learning rate of those"),
    ):
        _add_number(group, name, default, text)
    group.add_argument(
        "--class-weights",
        choices=CLASS_WEIGHTS,
        default=defaults.class_weights,
        help="balanced: let pictures of rare labels count more, so that each label counts the same; auto: where one has three "
        "times as many pictures as another (default: %(default)s)",
    )
    group.add_argument(
        "--no-feature-cache",
        dest="cache_features",
        action="store_false",
        help="send every picture through the frozen backbone in every epoch",
    )
    group.add_argument(
        "--conditions",
        choices=CONDITIONS,
        help="camera: alter pictures as a camera would: pets that are small or cut off, night, noise, blur, compression; those "
        "of --negatives are what pets are put into (default: camera with --negatives, else none)",
    )


def _add_measuring_options(group: Group) -> None:
    defaults = TrainOptions
    group.add_argument(
        "--validate",
        choices=VALIDATE,
        default=defaults.validate,
        help="measure on the validation pictures after each epoch, or at the end only (default: %(default)s)",
    )
    group.add_argument(
        "--temperature",
        type=float,
        metavar="T",
        help="what to divide the logits by (default: fitted on the validation pictures)",
    )
    group.add_argument(
        "--track", nargs="+", default=[], choices=TRACKERS, help="tell these of each stage's history, where they are installed"
    )
    _add_number(
        group, "--held-out", defaults.held_out, "share of the training pictures not to learn from but to fit the temperature on"
    )


def _add_number(group: Group, name: str, default: float, text: str) -> None:
    group.add_argument(name, type=type(default), default=default, metavar="N", help=f"{text} (default: %(default)s)")


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

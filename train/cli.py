"""`catdog-train`: from labelled photographs to a trained model."""

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from catdog.edge.command import CommandParser, run_command
from catdog.edge.decode import silence_opencv
from catdog.edge.errors import missing_extra
from catdog.edge.files import check_folder

from .options import ALL, BUNDLED, IMAGENET, PUBLIC_ARCHIVE, SYNTHETIC, DataOptions, TrainOptions
from .pipelines import PIPELINES, STAGES, TRANSFER, TUNED

_PUBLISHED_SIZE, _OUR_SIZE = 160, 224

Group = argparse._ArgumentGroup  # the library names the type in private only

_EXAMPLES = """\
examples:
  catdog-train                                    the public cats-and-dogs archive, ImageNet weights (both downloaded)
  catdog-train --data photos/                     photos/<label>/*.jpg, or photos/{train,validation}/<label>/*.jpg
  catdog-train --data pets.zip --backbone-weights bundled           no network needed
  catdog-train --data synthetic --backbone-weights bundled          neither network nor photographs needed
  catdog-train --stage all --pipeline compact                       a published pipeline, its four stages in turn
  catdog-train --data photos/ --fine-tune-epochs 2                  the whole network, gently, after the head

next: catdog-export --int8

exit codes: 0 done, 2 wrong option, 3 nothing there, 6 model, 7 missing package, 8 data, 9 not verified, 10 cannot write,
130 interrupted
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return run_command("catdog-train", _main, argv)


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
        "--pipeline", choices=PIPELINES, default=TUNED, help="one of the four published ones, or ours (default: %(default)s)"
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder of the run (default: runs/<stage>-<time>)")
    _add_data_options(parser.add_argument_group("data"))
    _add_fitting_options(parser.add_argument_group("fitting"))
    return parser


def _add_data_options(group: Group) -> None:
    group.add_argument(
        "--data",
        default=PUBLIC_ARCHIVE,
        metavar="WHERE",
        help=f"folder, zip archive, its address, or {SYNTHETIC} (default: the public archive)",
    )
    group.add_argument(
        "--image-size",
        type=int,
        metavar="PX",
        help=f"side of the model's input (default: {_OUR_SIZE}; {_PUBLISHED_SIZE} for the published pipelines)",
    )
    defaults = DataOptions
    for name, default, text in (
        ("--validation-share", defaults.validation_share, "share held back where there is no validation folder"),
        ("--synthetic-count", defaults.synthetic_count, f"drawn pictures per class of {SYNTHETIC}"),
        ("--seed", defaults.seed, "decides the split and all random numbers"),
    ):
        _add_number(group, name, default, text)


def _add_fitting_options(group: Group) -> None:
    group.add_argument(
        "--backbone-weights",
        default=IMAGENET,
        metavar="W",
        help=f"{IMAGENET} (downloaded), {BUNDLED}, or a file (default: %(default)s)",
    )
    defaults = TrainOptions
    for name, default, text in (
        ("--epochs", defaults.epochs, "passes over the data; for the transfer stage over its cached features"),
        ("--views", defaults.views, "copies of each picture that features are computed for: itself and altered ones"),
        ("--batch-size", defaults.batch_size, "pictures per step"),
        ("--fine-tune-epochs", defaults.fine_tune_epochs, "passes with the whole network trainable, after the head"),
        ("--fine-tune-rate", defaults.fine_tune_rate, "learning rate of those"),
    ):
        _add_number(group, name, default, text)
    group.add_argument(
        "--no-feature-cache",
        action="store_true",
        help="send every picture through the frozen backbone in every epoch",
    )


def _add_number(group: Group, name: str, default: float, text: str) -> None:
    group.add_argument(name, type=type(default), default=default, metavar="N", help=f"{text} (default: %(default)s)")


def _main(argv: Sequence[str]) -> int:
    options = _options(build_parser().parse_args(argv))
    _require_packages()
    if (options.output / "model.keras").exists():
        print(f"catdog-train: the run in {options.output} will be replaced", file=sys.stderr)
    check_folder(options.output)
    from .tensorflow_setup import import_tensorflow

    import_tensorflow()
    silence_opencv()
    from .stages import Outcome, train

    dataset, outcomes = train(options, lambda line: print(f"catdog-train: {line}", file=sys.stderr))

    def row(outcome: Outcome) -> str:
        return f"{outcome.stage:<20} {outcome.evaluation.accuracy}, in {outcome.seconds:.0f} s"

    counts = ", ".join(f"{count:,} {label}" for label, count in dataset.counts(dataset.train).items())
    print(f"trained on           {counts}")
    print("validation accuracy")
    for outcome in outcomes:
        print(f"  {row(outcome)}")
    print(f"  always the same      {outcomes[0].evaluation.baseline:.1%}")
    print(f"written to           {options.output}")
    return 0


def _require_packages() -> None:
    for package in ("tensorflow", "platformdirs", "matplotlib", "tqdm"):
        if importlib.util.find_spec(package) is None:
            raise missing_extra(package, "train")


def _options(arguments: argparse.Namespace) -> TrainOptions:
    data = DataOptions(
        data=arguments.data,
        image_size=arguments.image_size or (_OUR_SIZE if arguments.pipeline == TUNED else _PUBLISHED_SIZE),
        validation_share=arguments.validation_share,
        synthetic_count=arguments.synthetic_count,
        seed=arguments.seed,
    )
    return TrainOptions(
        data=data,
        output=arguments.output or Path("runs") / f"{arguments.stage}-{datetime.now():%Y%m%d-%H%M%S}",
        stage=arguments.stage,
        pipeline=arguments.pipeline,
        cache_features=not arguments.no_feature_cache,
        backbone_weights=arguments.backbone_weights,
        epochs=arguments.epochs,
        views=arguments.views,
        batch_size=arguments.batch_size,
        fine_tune_epochs=arguments.fine_tune_epochs,
        fine_tune_rate=arguments.fine_tune_rate,
    )

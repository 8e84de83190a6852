"""`catdog-train`: from labelled photographs to a trained model and its report."""

import argparse
import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from catdog.edge.command import CommandParser, run_command
from catdog.edge.decode import silence_opencv
from catdog.edge.errors import UsageError, missing_extra
from catdog.edge.files import check_folder

from .options import ALL, BUNDLED, CONDITIONS, IMAGENET, PUBLIC_ARCHIVE, SYNTHETIC, VALIDATE, DataOptions, TrainOptions
from .pipelines import PIPELINES, SMALL, STAGES, TRANSFER, TUNED
from .run import CROSS_VALIDATION_FILE, OPTIONS_FILE, RUNS, Run, begin_run, find_run, require_same_options

_PUBLISHED_SIZE = 160
_SIZES = {TUNED: 224, SMALL: 128}

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
  catdog-train --resume runs/transfer-20260101-120000               go on with a run that was stopped
  catdog-train --data photos/ --cross-validate 5                    compare settings without spending the validation pictures

next: look at runs/<name>/report.html, then catdog-export --int8

exit codes: 0 done, 2 wrong option, 3 nothing there, 6 model, 7 missing package, 8 data, 9 not verified, 10 cannot write or no
memory, 12 training came to nothing, 130 interrupted
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
        "--pipeline",
        choices=PIPELINES,
        default=TUNED,
        help="one of the four published ones, or ours, small for little memory (default: %(default)s)",
    )
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
        "--negatives",
        metavar="WHERE",
        help=f"folder, zip archive or address of pictures of none of the labels, or {SYNTHETIC}; they become the answer "
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
        help=f"side of the model's input (default: {_SIZES[TUNED]}; {SMALL}: {_SIZES[SMALL]}; others: {_PUBLISHED_SIZE})",
    )
    defaults = DataOptions
    for name, default, text in (
        ("--validation-share", defaults.validation_share, "share held back where there is no validation folder"),
        ("--test-share", defaults.test_share, "share of that for the test at the end, where there is no test folder"),
        ("--negatives-share", defaults.negatives_share, "share of the negatives that is held back"),
        ("--negative-parts", defaults.negative_parts, "parts cut out of each of the others, to be learnt from, too"),
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
    group.add_argument(
        "--start", metavar="RUN", help="go on with the network of a finished run, head and all; needs --fine-tune-epochs"
    )
    group.add_argument(
        "--teacher", metavar="RUN", help="a larger finished run, whose answers are learnt from beside the labels in fine-tuning"
    )
    for name, default, text in (
        ("--epochs", defaults.epochs, "passes over the data; for the transfer stage over its cached features"),
        ("--least-steps", defaults.least_steps, "more epochs where few pictures make fewer steps than this"),
        ("--views", defaults.views, "copies of each picture that features are computed for: itself and altered ones"),
        ("--batch-size", defaults.batch_size, "pictures per step"),
        (
            "--distill-epochs",
            defaults.distill_epochs,
            "passes in which the backbone learns from larger pictures, before the head",
        ),
        ("--distill-size", defaults.distill_size, "side of those larger pictures"),
        ("--distill-rate", defaults.distill_rate, "largest learning rate there"),
        ("--fine-tune-epochs", defaults.fine_tune_epochs, "passes with the whole network trainable, after the head"),
        ("--fine-tune-rate", defaults.fine_tune_rate, "learning rate of those"),
    ):
        _add_number(group, name, default, text)
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
    group.add_argument(
        "--no-presence-check",
        dest="presence_check",
        action="store_false",
        help="without negatives, give tuned's transfer stage no answer neither",
    )
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
    _add_number(
        group, "--held-out", defaults.held_out, "share of the training pictures not to learn from but to fit the temperature on"
    )


def _add_number(group: Group, name: str, default: float, text: str) -> None:
    group.add_argument(name, type=type(default), default=default, metavar="N", help=f"{text} (default: %(default)s)")


def _main(argv: Sequence[str]) -> int:
    parser = build_parser()
    arguments = parser.parse_args(argv)
    _require_packages()
    if arguments.cross_validate is not None:
        if arguments.resume is not None:
            raise UsageError("--cross-validate or --resume", got="both", fix="Leave one of them out.")
        return _cross_validate(_options(arguments), arguments.cross_validate)
    run = _find_run(arguments, _given(parser, argv)) or _begin_run(_options(arguments))
    _load_libraries()
    from .report.text import answer_labels, worst_labels
    from .stages import train

    dataset, records = train(run, _log)
    counts = ", ".join(f"{count:,} {label}" for label, count in dataset.train.counts(dataset.labels).items())
    print(f"trained on           {counts}")
    print("validation accuracy")
    for record in records:
        tested = "" if record.test is None else f"; test {record.test.accuracy.value:.1%} of {record.test.accuracy.n:,}"
        print(f"  {record.stage:<20} {record.validation.accuracy}{tested}; {record.seconds:.0f} s")
        if record.validation.is_uneven:
            print(f"  {'':<20} {record.validation.mean_recall:.2%} if every label counts as much")
    print(f"  always the same      {dataset.baseline:.1%}")
    worst = worst_labels(records[-1].validation, answer_labels(dataset, records[-1].validation))
    if worst:
        print("worst labels         " + ", ".join(f"{label} {right} of {n}" for label, right, n in worst))
    print(f"report               {run.options.output / 'report.html'}")
    if TRANSFER in run.stages:
        print(f"next                 catdog-export --int8 --model {run.options.output}")
    return 0


def _cross_validate(options: TrainOptions, folds: int) -> int:
    if not 2 <= folds <= 20 or options.stage == ALL:
        raise UsageError(
            "--cross-validate of 2 to 20 parts, for one stage", got=f"{folds} for {options.stage}", fix="Change it."
        )
    check_folder(options.output)
    _check_data(options)
    _load_libraries()
    from .crossvalidate import cross_validate

    found = cross_validate(options, folds, _log)
    print(f"cross-validated      {found.evaluation.accuracy}")
    for figure in found.evaluation.per_label:
        print(f"  {figure.name.removeprefix('accuracy on '):<20} {figure}")
    print(f"calibration error    {found.evaluation.calibration_error:.2%} at temperature {found.temperature:.3f}")
    print(f"written to           {options.output / CROSS_VALIDATION_FILE}")
    return 0


def _find_run(arguments: argparse.Namespace, given: set[str]) -> Run | None:
    """Return the run that `--resume` means, checked against the options that were given; None to begin one."""
    if arguments.resume is None:
        return None
    named = arguments.resume is not True
    folder = arguments.resume if named else arguments.output
    if folder is None or (named and arguments.output not in (None, folder)):
        raise UsageError("--resume DIR, or --resume with --output DIR", got="neither or two", fix="Name one folder.")
    if not named and not (folder / OPTIONS_FILE).exists():
        return None
    run = find_run(folder)
    begun_with = {field.name for kind in (TrainOptions, DataOptions) for field in fields(kind)} - {"output"}
    asked = _options(arguments)
    require_same_options(run, {name: _value(asked, name) for name in given & begun_with})
    _log(f"going on with {folder}")
    return run


def _given(parser: argparse.ArgumentParser, argv: Sequence[str]) -> set[str]:
    """Return the options that are on the command line, also where they say what is the default."""
    absent = object()
    blank = argparse.Namespace(**dict.fromkeys(vars(parser.parse_args([])), absent))
    return {name for name, value in vars(parser.parse_args(argv, blank)).items() if value is not absent}


def _value(options: TrainOptions, name: str) -> object:
    return getattr(options.data if name == "data" or hasattr(options.data, name) else options, name)


def _begin_run(options: TrainOptions) -> Run:
    _check_data(options)
    if (options.output / OPTIONS_FILE).exists():
        _log(f"the run in {options.output} will be replaced")
    check_folder(options.output)
    return begin_run(options)


def _check_data(options: TrainOptions) -> None:
    from .data.dataset import check_folders

    check_folders(options.data)


def _load_libraries() -> None:
    from .tensorflow_setup import import_tensorflow

    import_tensorflow()
    silence_opencv()


def _log(line: str) -> None:
    print(f"catdog-train: {line}", file=sys.stderr)


def _require_packages() -> None:
    for package in ("tensorflow", "platformdirs", "matplotlib", "jinja2", "tqdm"):
        if importlib.util.find_spec(package) is None:
            raise missing_extra(package, "train")


def _options(arguments: argparse.Namespace) -> TrainOptions:
    given = vars(arguments) | {
        "image_size": arguments.image_size or _SIZES.get(arguments.pipeline, _PUBLISHED_SIZE),
        "output": arguments.output or RUNS / f"{arguments.stage}-{datetime.now():%Y%m%d-%H%M%S}",
    }
    return TrainOptions(**_of(TrainOptions, given) | {"data": DataOptions(**_of(DataOptions, given))})


def _of(kind: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    values = {field.name: given[field.name] for field in fields(kind)}  # type: ignore[arg-type]
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}

"""`catdog-train`: from labelled photographs to a trained model and its report."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from catdog.edge.common.command import run_command
from catdog.edge.common.files import check_folder
from catdog.edge.errors import UsageError
from catdog.edge.pictures.decode import silence_opencv

from .arguments import build_parser, train_options
from .extras import require_packages
from .logs import lines_to
from .options import ALL, DataOptions, TrainOptions
from .pipelines import TRANSFER
from .run import CROSS_VALIDATION_FILE, OPTIONS_FILE, Run, begin_run, find_run, require_same_options
from .trackers import require_trackers

if TYPE_CHECKING:
    from .crossvalidate import CrossValidation


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return run_command("catdog-train", _main, argv)


def _main(argv: Sequence[str]) -> int:
    if argv and argv[0] == "compare":
        from .compare import compare_command

        return compare_command(argv[1:])
    if argv and argv[0] == "look":
        from .look import look_command

        return look_command(argv[1:])
    parser = build_parser()
    arguments = parser.parse_args(argv)
    require_packages("train", "tensorflow", "platformdirs", "matplotlib", "jinja2", "tqdm")
    if arguments.cross_validate is not None:
        if arguments.resume is not None:
            raise UsageError("--cross-validate or --resume", got="both", fix="Leave one of them out.")
        return _cross_validate(train_options(arguments), arguments.cross_validate, arguments.seeds, arguments.ray)
    if arguments.ray is not None or arguments.seeds != 1:
        raise UsageError("--cross-validate beside --ray and --seeds", got="a single training", fix="Add --cross-validate 5.")
    run = _find_run(arguments, _given(parser, argv)) or _begin_run(train_options(arguments))
    _load_libraries()
    from .record import counted
    from .report.text import answer_labels, worst_labels
    from .stages import train

    with lines_to(_log):
        dataset, records = train(run)
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
    if records[-1].suspects:
        print(f"worth a look         training pictures {counted(records[-1].suspects)}: in the report")
    print(f"report               {run.options.output / 'report.html'}")
    if TRANSFER in run.stages:
        print(f"next                 catdog-export --int8 --model {run.options.output}")
    return 0


def _cross_validate(options: TrainOptions, folds: int, seeds: int, ray: str | None) -> int:
    if options.patience:
        raise UsageError("--cross-validate or --patience", got="both", fix="Leave one of them out.")
    if not 2 <= folds <= 20 or options.stage == ALL:
        raise UsageError(
            "--cross-validate of 2 to 20 parts, for one stage",
            got=f"{folds} for {options.stage}",
            fix="Example: --stage transfer --cross-validate 5",
        )
    if not 1 <= seeds <= 100:
        raise UsageError("1 to 100 --seeds", got=str(seeds), fix="Example: --seeds 3")
    check_folder(options.output)
    _check_data(options)
    if ray is not None:
        from catdog.edge.bulk.cluster import check_address, require_ray

        check_address(ray)
        require_ray()
    _load_libraries()
    from .crossvalidate import cross_validate

    with lines_to(_log):
        if ray is None:
            several = cross_validate(options, folds, seeds)
        else:
            from catdog.edge.bulk.cluster import connected

            from .cluster import on_cluster

            with connected(ray):
                several = cross_validate(options, folds, seeds, on_cluster)
    _tell(several, options.data.seed)
    print(f"written to           {options.output / CROSS_VALIDATION_FILE}")
    return 0


def _tell(several: "Sequence[CrossValidation]", seed: int) -> None:
    for place, found in enumerate(several):
        if len(several) > 1:
            print(f"seed {seed + place}")
        print(f"cross-validated      {found.evaluation.accuracy}")
        for figure in found.evaluation.per_label:
            print(f"  {figure.name.removeprefix('accuracy on '):<20} {figure}")
        print(f"calibration error    {found.evaluation.calibration_error:.2%} at temperature {found.temperature:.3f}")
    if len(several) > 1:
        rates = [found.evaluation.accuracy.value for found in several]
        print(f"over {len(several)} seeds         {sum(rates) / len(rates):.2%} ({min(rates):.2%} to {max(rates):.2%})")


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
    asked = train_options(arguments)
    require_same_options(run, {name: _value(asked, name) for name in given & begun_with})
    _log(f"resuming {folder}")
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
    require_trackers(options)
    if (options.output / OPTIONS_FILE).exists():
        _log(f"the run in {options.output} will be replaced")
    check_folder(options.output)
    return begin_run(options)


def _check_data(options: TrainOptions) -> None:
    from .data.items import check_folders

    check_folders(options.data)


def _load_libraries() -> None:
    from .tensorflow_setup import import_tensorflow

    import_tensorflow()
    silence_opencv()


def _log(line: str) -> None:
    print(f"catdog-train: {line}", file=sys.stderr)

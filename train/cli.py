"""`catdog-train`: from labelled photographs to a trained model and its report."""

import argparse
from collections.abc import Sequence
from dataclasses import fields

from catdog.edge.common.command import run_command
from catdog.edge.common.files import check_folder
from catdog.edge.errors import UsageError

from .arguments import build_parser, train_options
from .begin import check_data, load_libraries, log
from .extras import require_packages
from .logs import lines_to
from .options import DataOptions, TrainOptions
from .pipelines import TRANSFER
from .run import OPTIONS_FILE, Run, begin_run, find_run, require_same_options
from .trackers import require_trackers


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
        from .crossvalidate_command import cross_validate_command

        return cross_validate_command(parser, argv)
    if arguments.seeds != 1 or arguments.tries:
        raise UsageError("--cross-validate beside --seeds and --try", got="a single training", fix="Add --cross-validate 5.")
    found = _find_run(arguments, _given(parser, argv))
    if arguments.ray is not None:
        _check_ray(arguments.ray, found.options if found else train_options(arguments))
    run = found or _begin_run(train_options(arguments))
    load_libraries()
    from .cluster.training import Cluster
    from .record import counted
    from .report.text import answer_labels, worst_labels
    from .stages import train

    with lines_to(log):
        dataset, records = train(run, None if arguments.ray is None else Cluster(arguments.ray))
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


def _check_ray(address: str, options: TrainOptions) -> None:
    """Refuse `--ray` where it would be of no use, and say what is missing before minutes are spent."""
    from catdog.edge.bulk.cluster import check_address, require_ray

    features = options.cache_features and options.start is None
    if TRANSFER not in options.stages or not (features or options.fine_tune_epochs):
        raise UsageError(
            "--ray with the transfer stage's cached features or --fine-tune-epochs, or with --cross-validate",
            got="a training without them",
            fix="Leave --ray out.",
        )
    check_address(address)
    require_ray()


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
    log(f"resuming {folder}")
    return run


def _given(parser: argparse.ArgumentParser, argv: Sequence[str]) -> set[str]:
    """Return the options that are on the command line, also where they say what is the default."""
    absent = object()
    blank = argparse.Namespace(**dict.fromkeys(vars(parser.parse_args([])), absent))
    return {name for name, value in vars(parser.parse_args(argv, blank)).items() if value is not absent}


def _value(options: TrainOptions, name: str) -> object:
    return getattr(options.data if name == "data" or hasattr(options.data, name) else options, name)


def _begin_run(options: TrainOptions) -> Run:
    check_data(options)
    require_trackers(options)
    if (options.output / OPTIONS_FILE).exists():
        log(f"the run in {options.output} will be replaced")
    check_folder(options.output)
    return begin_run(options)

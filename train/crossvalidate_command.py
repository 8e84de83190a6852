"""`catdog-train --cross-validate`: how good settings would be, one or several, here or on a cluster."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from catdog.edge.common.files import check_folder
from catdog.edge.errors import UsageError

from .arguments import train_options
from .begin import check_data, load_libraries, log
from .logs import lines_to
from .options import ALL, TrainOptions
from .run import CROSS_VALIDATION_FILE, SEARCH_FILE
from .trials import trials

if TYPE_CHECKING:
    from .crossvalidate import CrossValidation, JudgeFolds


def cross_validate_command(parser: argparse.ArgumentParser, argv: Sequence[str]) -> int:
    """Run a cross-validation, or one for each combination of `--try`; returns the exit code."""
    arguments = parser.parse_args(argv)
    options, folds, seeds = train_options(arguments), arguments.cross_validate, arguments.seeds

    def with_more(words: Sequence[str]) -> TrainOptions:
        return replace(train_options(parser.parse_args([*argv, *words])), output=options.output)

    tried = trials(arguments.tries, with_more) if arguments.tries else []
    for each in (options, *(trial.options for trial in tried)):
        _check(each, folds, seeds)
    check_folder(options.output)
    check_data(options)
    if arguments.ray is not None:
        from catdog.edge.bulk.cluster import check_address, require_ray

        check_address(arguments.ray)
        require_ray()
    load_libraries()
    with lines_to(log), _judge_folds(arguments.ray) as judge_folds:
        if tried:
            from .search import lines, search

            said = [*lines(*search(tried, folds, seeds, judge_folds))]
        else:
            from .crossvalidate import cross_validate

            said = list(_told(cross_validate(options, folds, seeds, judge_folds), options.data.seed))
    print("\n".join(said))  # now: while a cluster is connected, what is written on stdout is Ray's, and dropped
    print(f"written to           {options.output / (SEARCH_FILE if tried else CROSS_VALIDATION_FILE)}")
    return 0


def _check(options: TrainOptions, folds: int, seeds: int) -> None:
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


@contextmanager
def _judge_folds(ray: str | None) -> "Iterator[JudgeFolds]":
    """Give what trains on folds: this process, or the cluster at an address, connected until the end."""
    if ray is None:
        from .crossvalidate import one_by_one

        yield one_by_one
        return
    from catdog.edge.bulk.cluster import connected

    from .cluster.folds import on_cluster

    with connected(ray):
        yield on_cluster


def _told(several: "Sequence[CrossValidation]", seed: int) -> Iterator[str]:
    for place, found in enumerate(several):
        if len(several) > 1:
            yield f"seed {seed + place}"
        yield f"cross-validated      {found.evaluation.accuracy}"
        for figure in found.evaluation.per_label:
            yield f"  {figure.name.removeprefix('accuracy on '):<20} {figure}"
        yield f"calibration error    {found.evaluation.calibration_error:.2%} at temperature {found.temperature:.3f}"
    if len(several) > 1:
        rates = [found.evaluation.accuracy.value for found in several]
        yield f"over {len(several)} seeds         {sum(rates) / len(rates):.2%} ({min(rates):.2%} to {max(rates):.2%})"

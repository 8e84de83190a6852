"""What the feature cache saves in training the transfer head.

The same head is trained on the same pictures twice: on features that the frozen backbone gave once per view, and with every
picture sent through the backbone in every epoch. CPU time of all threads, without imports and without reading the pictures;
the two ways take turns at being first, seed by seed, so that drift of the machine hits both.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from catdog.benchmarks.console import print_table, require_at_least, say
from catdog.edge.common.command import CommandParser
from catdog.edge.pictures.decode import silence_opencv
from catdog.train.backbones import BUNDLED
from catdog.train.data.items import check_folders
from catdog.train.options import DataOptions, TrainOptions
from catdog.train.tensorflow_setup import import_tensorflow

if TYPE_CHECKING:
    from catdog.train.data.dataset import Dataset

REQUIRED_RATIO = 8.0  # times less CPU time
ALLOWED_DIFFERENCE = 0.005  # of the mean validation accuracies


class Way(NamedTuple):
    """One training of the head."""

    cpu_s: float  # CPU seconds of all threads
    accuracy: float  # share of right answers on the validation pictures after the last epoch, 0-1


def main(argv: Sequence[str]) -> int:
    """Run the command; returns the exit code: 1 if the cache saves less than it should or changes the accuracy."""
    defaults = TrainOptions
    parser = CommandParser(prog="catdog-bench training", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, help="folder or archive of labelled photographs")
    parser.add_argument("--backbone-weights", default=BUNDLED, metavar="W", help="as in catdog-train (default: %(default)s)")
    parser.add_argument("--image-size", type=int, default=160, metavar="PX", help="side of the input (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=defaults.epochs, metavar="N", help="default: %(default)s")
    parser.add_argument("--views", type=int, default=defaults.views, metavar="N", help="default: %(default)s, as in training")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="how many pairs of trainings (default: %(default)s)")
    arguments = parser.parse_args(argv)
    require_at_least(1, seeds=arguments.seeds)
    options = TrainOptions(
        DataOptions(data=arguments.data, image_size=arguments.image_size),
        output=Path(),
        backbone_weights=arguments.backbone_weights,
        epochs=arguments.epochs,
        least_steps=0,  # as many epochs as were asked for
        views=arguments.views,
    )
    check_folders(options.data)
    import_tensorflow()
    silence_opencv()
    from catdog.train.data.dataset import load_dataset

    dataset = load_dataset(options.data)
    pairs = [_pair(dataset, options, seed) for seed in range(arguments.seeds)]
    return _report(pairs, dataset, options)


def _pair(dataset: "Dataset", options: TrainOptions, seed: int) -> tuple[Way, Way]:
    """Train cached and plain with one seed; the split stays the same."""
    seeded = replace(options, data=replace(options.data, seed=seed))
    found = {}
    for cached in (True, False) if seed % 2 else (False, True):
        found[cached] = _train(dataset, replace(seeded, cache_features=cached))
        name, way = "cached" if cached else "plain", found[cached]
        say(f"seed {seed}, {name}: {way.cpu_s:.0f} CPU s, {way.accuracy:.2%}")
    return found[True], found[False]


def _train(dataset: "Dataset", options: TrainOptions) -> Way:
    from catdog.train.stages import fit_stage

    start = time.process_time()
    history = fit_stage("transfer", dataset, options).history
    return Way(time.process_time() - start, history[-1].val_accuracy or 0.0)


def _report(pairs: Sequence[tuple[Way, Way]], dataset: "Dataset", options: TrainOptions) -> int:
    times = np.array([[way.cpu_s for way in pair] for pair in pairs])
    accuracies = np.array([[way.accuracy for way in pair] for pair in pairs])
    ratios = times[:, 1] / times[:, 0]
    difference = float(accuracies[:, 0].mean() - accuracies[:, 1].mean())
    rows = [
        [
            name,
            f"{times[:, i].mean():.0f} ({times[:, i].min():.0f} to {times[:, i].max():.0f})",
            f"{accuracies[:, i].mean():.2%} ({accuracies[:, i].min():.2%} to {accuracies[:, i].max():.2%})",
        ]
        for i, name in enumerate(("cached", "plain"))
    ]
    saved = f"{np.median(ratios):.1f} times less ({ratios.min():.1f} to {ratios.max():.1f})"
    rows.append(["cached against plain", saved, f"{100 * difference:+.2f} points"])
    print_table(
        ("training", "CPU s (range)", "validation accuracy (range)"),
        rows,
        f"{len(dataset.train):,} training and {len(dataset.validation):,} validation pictures of {dataset.name} at "
        f"{options.data.image_size} px; {options.epochs} epochs, {options.views} views, {len(pairs)} seeds.",
    )
    return 0 if np.median(ratios) >= REQUIRED_RATIO and abs(difference) <= ALLOWED_DIFFERENCE else 1

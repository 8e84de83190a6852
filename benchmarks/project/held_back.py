"""Write the pictures that a training holds back into a folder.

For benches that are to see none that the bundled models have learnt from:

    python -m benchmarks.project.held_back --data cats_and_dogs_filtered.zip --negatives no_pet_scenes.zip --output held-back

It holds back as `make bundled-models` does, and writes the pictures of neither: those of pets lie in `validation` as they are.

May import: `catdog.train`.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from catdog.benchmarks.console import say
from catdog.edge.common.command import CommandParser, run_command
from catdog.edge.common.files import check_folder
from catdog.edge.contract.model_contract import NEITHER
from catdog.train.data.dataset import load_dataset
from catdog.train.data.finder import find
from catdog.train.options import DataOptions

from .release import NEGATIVES_SHARE

_SMALL = 32  # pixels a side: which pictures are held back does not depend on it
# Of the categories of Caltech-101, as its files are named: those of animals, by themselves or in their place; no drawn ones.
_ANIMALS = re.compile(
    "(ant|bass|beaver|butterfly|cougar_(body|face)|crab|crayfish|crocodile(_head)?|dolphin|dragonfly|elephant|emu|flamingo(_head)?"
    "|gerenuk|hawksbill|hedgehog|ibis|kangaroo|llama|lobster|mayfly|octopus|okapi|panda|pigeon|platypus|rhino|rooster|scorpion"
    "|sea_horse|starfish|tick|wild_cat)_image_.*"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return run_command("benchmarks.project.held_back", _main, argv)


def _main(argv: Sequence[str]) -> int:
    arguments = _parser().parse_args(argv)
    check_folder(arguments.output)
    options = DataOptions(
        data=arguments.data, negatives=arguments.negatives, negatives_share=NEGATIVES_SHARE, image_size=_SMALL
    )
    dataset = load_dataset(options)
    names = [Path(name) for part in (dataset.validation, dataset.test) for name in part.names]
    root = find(arguments.negatives, ()).root
    held = [name.relative_to(NEITHER) for name in names if name.parts[0] == NEITHER]
    if arguments.animals:
        held = [name for name in held if _ANIMALS.fullmatch(name.name)]
    for name in held:
        target = arguments.output / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, target)
    say(f"{len(held)} pictures in {arguments.output}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(prog="python -m benchmarks.project.held_back", description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--data", required=True, metavar="ZIP", help="the labelled pictures that a training is told of")
    add("--negatives", required=True, metavar="ZIP", help="the pictures of neither")
    add("--animals", action="store_true", help="only those of other animals: pictures of Caltech-101 with such a name")
    add("--output", type=Path, default=Path("held-back"), metavar="DIR", help="where to (default: %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())

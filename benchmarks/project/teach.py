"""How good a label is that was taught, and what it costs the labels before: `python -m benchmarks.project.teach`.

Takes some pictures of a class of the pet-free archives as the new label, teaches it to a bundled model as its users do, and
measures on the others, on the validation photographs of cats and dogs, and on the pet-free pictures that no bundled model has
learnt from, without those of the class.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from catdog.benchmarks.console import print_table, say
from catdog.edge import Classifier
from catdog.edge.common.command import CommandParser, run_command
from catdog.edge.contract.figures import Figure
from catdog.edge.contract.model_contract import NEITHER
from catdog.edge.errors import DatasetError, UnprovenError
from catdog.edge.models import BUNDLED
from catdog.edge.pictures.decode import read_picture, silence_opencv
from catdog.train.data.archive import unpack
from catdog.train.data.dataset import load_dataset
from catdog.train.options import DataOptions

from .release import NEGATIVES_SHARE

_HEADINGS = (
    "new label, pictures",
    "right on the new label",
    "cats and dogs",
    "before",
    NEITHER,
    "before",
    "s",
    "MB",
    "file MB",
)


@dataclass(frozen=True)
class Measured:
    """What the pictures are that are measured on.

    Attributes:
        pets: validation photographs and the label of each.
        scenes: held-back pictures of neither.
        pool: pictures that a new label may be made of.
    """

    pets: list[tuple[Path, str]]
    scenes: list[Path]
    pool: list[Path]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return run_command("benchmarks.project.teach", _main, argv)


def _main(argv: Sequence[str]) -> int:
    parser = CommandParser(prog="python -m benchmarks.project.teach", description=(__doc__ or "").splitlines()[0])
    add_pictures(parser)
    arguments = parser.parse_args(argv)
    silence_opencv()
    label, _, classes = arguments.label.partition("=")
    begins = tuple(classes.split(","))
    measured = pictures_of(arguments.data, arguments.negatives, arguments.more_negatives, begins)
    order = np.random.default_rng(arguments.seed).permutation(len(measured.pool)).tolist()
    if len(order) <= arguments.count:
        raise DatasetError(f"more than {arguments.count} pictures of {classes}", got=f"{len(order)}", fix="Lower --count.")
    learnt, rest = ([measured.pool[place] for place in part] for part in (order[: arguments.count], order[arguments.count :]))
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "taught.tflite"
        copied({label: learnt}, Path(folder) / "data")
        took = teach(arguments.model, Path(folder) / "data", output)
        megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
        before, after = Classifier(arguments.model), Classifier(output)
        row = [f"{label}, {len(learnt)}", _right(after, [(path, label) for path in rest])]
        for pictures in (measured.pets, [(path, NEITHER) for path in measured.scenes]):
            row += [_right(after, pictures), _right(before, pictures)]
        row += [f"{took:.1f}", f"{megabytes:.0f}", f"{output.stat().st_size / 1e6:.2f}"]
    print_table(_HEADINGS, [row], f"{arguments.model}, taught on 2 threads; intervals are Wilson's, 95 %.\n")
    return 0


def add_pictures(parser: CommandParser) -> None:
    """Add the options that say what is taught, and from which pictures."""
    parser.add_argument("--data", required=True, metavar="ZIP", help="cats_and_dogs_filtered")
    parser.add_argument("--negatives", required=True, metavar="ZIP", help="no_pet_scenes")
    parser.add_argument("--more-negatives", required=True, metavar="ZIP", help="more_scenes")
    parser.add_argument("--label", required=True, metavar="NAME=CLASS,...", help="new label, and how its file names begin")
    parser.add_argument("--count", type=int, default=20, help="pictures to learn it from (default: %(default)s)")
    parser.add_argument("--model", choices=BUNDLED, default="default", help="what is taught (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of which pictures are learnt from (default: %(default)s)")


def pictures_of(data: str, negatives: str, more: str, begins: tuple[str, ...]) -> Measured:
    """Find the pictures, unpacked where archives are kept."""
    held = load_dataset(DataOptions(data=data, negatives=negatives, negatives_share=NEGATIVES_SHARE, image_size=32))
    apart = held.validation + held.test
    labelled = zip(apart.names, apart.targets.tolist(), strict=True)
    names = {Path(name).name for name, target in labelled if held.labels[target] == NEITHER}
    photographs, scenes, others = (sorted(unpack(Path(each)).rglob("*.jpg")) for each in (data, negatives, more))
    return Measured(
        [(path, path.parent.name) for path in photographs if path.parent.parent.name == "validation"],
        [path for path in scenes if path.name in names and not path.name.startswith(begins)],
        [path for path in (*scenes, *others) if path.name.startswith(begins)],
    )


def copied(pictures: Mapping[str, Sequence[Path]], folder: Path) -> None:
    """Lay pictures into class folders."""
    for label, paths in pictures.items():
        (folder / label).mkdir(parents=True)
        for path in paths:
            (folder / label / path.name).write_bytes(path.read_bytes())


def teach(model: str, data: Path, output: Path) -> float:
    """Run the command as its users do; returns the seconds that it took.

    Raises:
        UnprovenError: it wrote no file.
    """
    command = str(Path(sys.executable).parent / "catdog-edge")
    start = time.monotonic()
    finished = subprocess.run(
        [command, "teach", "--data", str(data), "--model", model, "--allow-unproven", "--output", str(output)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    took = time.monotonic() - start
    for line in finished.stdout.splitlines():
        say(line)
    if finished.returncode:
        raise UnprovenError("a taught file", got=finished.stderr.strip().splitlines()[-1], fix="Take other pictures.")
    return took


def _right(classifier: Classifier, pictures: Sequence[tuple[Path, str]]) -> str:
    hits = sum(classifier.classify(read_picture(path)).label == label for path, label in pictures)
    figure = Figure.share("right", hits, len(pictures))
    return f"{hits} of {figure.n} ({figure.low:.1%} to {figure.high:.1%})"


if __name__ == "__main__":
    sys.exit(main())

"""Does a head that was taught on the edge say what one says that was trained in full: `python -m benchmarks.project.heads`.

Both learn from the same pictures: some of each label that a bundled model knows, and of one that is new to it. `catdog-edge
teach` fits its own to the features of the int8 file; the head of `catdog-train`, by Keras and Adam, is fitted to those of the
floating-point network. Counted is how often both give the same label to pictures that neither has learnt from.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from catdog.benchmarks.console import print_table, say
from catdog.edge import Classifier
from catdog.edge.common.command import CommandParser, run_command
from catdog.edge.contract.figures import Figure
from catdog.edge.contract.model_contract import NEITHER, InputSpec
from catdog.edge.contract.preprocess import Preprocessor
from catdog.edge.errors import DatasetError
from catdog.edge.models import BUNDLED
from catdog.edge.pictures.decode import read_picture, silence_opencv
from catdog.train.data.archive import unpack

from .teach import copied, pictures_of, teach

_HEADINGS = ("pictures", "n", "same label", "taught right", "trained in full right")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return run_command("benchmarks.project.heads", _main, argv)


def _main(argv: Sequence[str]) -> int:
    parser = CommandParser(prog="python -m benchmarks.project.heads", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, metavar="ZIP", help="cats_and_dogs_filtered")
    parser.add_argument("--negatives", required=True, metavar="ZIP", help="no_pet_scenes")
    parser.add_argument("--more-negatives", required=True, metavar="ZIP", help="more_scenes")
    parser.add_argument("--label", required=True, metavar="NAME=CLASS,...", help="new label, and how its file names begin")
    parser.add_argument("--count", type=int, default=20, help="pictures of the new label to learn from (default: %(default)s)")
    parser.add_argument("--known", type=int, default=200, help="of each label before (default: %(default)s)")
    parser.add_argument("--model", choices=BUNDLED, default="default", help="what is taught (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of which pictures are learnt from (default: %(default)s)")
    arguments = parser.parse_args(argv)
    silence_opencv()
    label, _, classes = arguments.label.partition("=")
    begins = tuple(classes.split(","))
    held = pictures_of(arguments.data, arguments.negatives, arguments.more_negatives, begins)
    rng = np.random.default_rng(arguments.seed)
    new = [held.pool[place] for place in rng.permutation(len(held.pool)).tolist()]
    if len(new) <= arguments.count:
        raise DatasetError(f"more than {arguments.count} pictures of {classes}", got=f"{len(new)}", fix="Lower --count.")
    learnt = _known(arguments.data, arguments.negatives, held.scenes, begins, arguments.known, rng)
    learnt[label] = new[: arguments.count]
    say(", ".join(f"{len(paths)} {name}" for name, paths in learnt.items()))
    with tempfile.TemporaryDirectory() as folder:
        copied(learnt, Path(folder) / "data")
        output = Path(folder) / "taught.tflite"
        teach(arguments.model, Path(folder) / "data", output)
        taught = Classifier(output)
    measured = {
        label: [(path, label) for path in new[arguments.count :]],
        "cats and dogs": held.pets,
        NEITHER: [(path, NEITHER) for path in held.scenes],
    }
    full = FullHead(arguments.model, learnt, taught.contract.labels, taught.contract.input, arguments.seed)
    rows, same, total = [], 0, 0
    for name, pictures in measured.items():
        ours = [taught.classify(read_picture(path)).label for path, _ in pictures]
        theirs = full([path for path, _ in pictures])
        wanted = [each for _, each in pictures]
        both = sum(a == b for a, b in zip(ours, theirs, strict=True))
        same, total = same + both, total + len(pictures)
        rows.append([name, *map(str, (len(pictures), both, _hits(ours, wanted), _hits(theirs, wanted)))])
    figure = Figure.share("same", same, total)
    rows.append(["all", str(total), f"{same} ({figure.low:.2%} to {figure.high:.2%})", "", ""])
    print_table(_HEADINGS, rows, f"{arguments.model} and its floating-point network; the interval is Wilson's, 95 %.\n")
    return 0


def _hits(answers: Sequence[str], wanted: Sequence[str]) -> int:
    return sum(answer == label for answer, label in zip(answers, wanted, strict=True))


def _known(
    data: str, negatives: str, held: Sequence[Path], begins: tuple[str, ...], count: int, rng: np.random.Generator
) -> dict[str, list[Path]]:
    """Choose pictures of the labels before, none of which is measured on."""
    photographs, scenes = (sorted(unpack(Path(each)).rglob("*.jpg")) for each in (data, negatives))
    apart = set(held)
    pools = {
        name: [path for path in photographs if path.parent.name == name and path.parent.parent.name == "train"]
        for name in ("cats", "dogs")
    }
    pools[NEITHER] = [path for path in scenes if path not in apart and not path.name.startswith(begins)]
    return {name: [pool[place] for place in rng.permutation(len(pool))[:count]] for name, pool in pools.items()}


class FullHead:
    """Answers of a head that was fitted as `catdog-train` fits it, behind a bundled model's floating-point network."""

    def __init__(
        self, name: str, learnt: Mapping[str, Sequence[Path]], labels: Sequence[str], spec: InputSpec, seed: int
    ) -> None:
        import keras

        from catdog.train.data.dataset import Dataset
        from catdog.train.data.pictures import Pictures
        from catdog.train.features import fit_head
        from catdog.train.fit import HEAD_RATE
        from catdog.train.model import TransferParts, pooled_model
        from catdog.train.model_file import load_bundled
        from catdog.train.options import DataOptions, TrainOptions

        self._labels, self._preprocess = labels, Preprocessor(spec)
        self._features = pooled_model(load_bundled(name).core)
        keras.utils.set_random_seed(seed)
        vector = keras.Input((self._features.output_shape[-1],))
        self._head = keras.Model(vector, keras.layers.Dense(len(labels))(vector))
        targets = np.array([labels.index(label) for label, paths in learnt.items() for _ in paths], np.int64)
        paths = [path for paths in learnt.values() for path in paths]
        pictures = Pictures(self._pixels(paths), targets, tuple(path.name for path in paths))
        none = pictures[[]]
        options = TrainOptions(DataOptions(image_size=spec.width, seed=seed), Path(), validate="end", views=1)
        parts = TransferParts(self._features, self._features, self._head, keras.Sequential([]))
        fit_head(parts, Dataset("", tuple(labels), pictures, none, none, ()), options, HEAD_RATE, decay=True)

    def __call__(self, paths: Sequence[Path]) -> list[str]:
        """Return the label of each picture."""
        from catdog.train.features import predict

        logits = self._head(predict(self._features, self._pixels(paths))).numpy()
        return [self._labels[place] for place in logits.argmax(axis=1).tolist()]

    def _pixels(self, paths: Sequence[Path]) -> NDArray[np.uint8]:
        return np.stack([self._preprocess(read_picture(path))[0].copy() for path in paths])


if __name__ == "__main__":
    sys.exit(main())

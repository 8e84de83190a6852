"""Does a head that was taught on the edge say what one says that was trained in full: `python -m benchmarks.project.heads`.

Both learn from the same pictures: some of each label that a bundled model knows, and of one that is new to it. `catdog-edge
teach` fits its own to the features of the int8 file, and holds it to the layer that is there; the head of `catdog-train`, by
Keras and Adam, is fitted to those of the floating-point network, once anew and once, as by `--start`, going on with the layer
that is there. Counted is how often both give the same label to pictures that neither has learnt from.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from catdog.benchmarks.console import print_table, say
from catdog.edge import Classifier
from catdog.edge.common.command import CommandParser, run_command
from catdog.edge.contract.figures import Figure
from catdog.edge.contract.model_contract import NEITHER, InputSpec
from catdog.edge.contract.preprocess import Preprocessor
from catdog.edge.errors import DatasetError
from catdog.edge.pictures.decode import read_picture, silence_opencv
from catdog.edge.teach.cut import Head
from catdog.edge.teach.learning import extended
from catdog.train.data.archive import unpack

from .teach import add_pictures, copied, pictures_of, teach

if TYPE_CHECKING:
    import keras

_HEADINGS = ("pictures", "n", "taught right", "anew right", "same label", "gone on right", "same label")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return run_command("benchmarks.project.heads", _main, argv)


def _main(argv: Sequence[str]) -> int:
    parser = CommandParser(prog="python -m benchmarks.project.heads", description=(__doc__ or "").splitlines()[0])
    add_pictures(parser)
    parser.add_argument("--known", type=int, default=200, help="of each label before (default: %(default)s)")
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
    full = FullHeads(arguments.model, learnt, taught.contract.labels, taught.contract.input, arguments.seed)
    rows, answered = [], dict[str, tuple[list[str], list[str], list[str], list[str]]]()
    for name, pictures in measured.items():
        paths, wanted = [path for path, _ in pictures], [each for _, each in pictures]
        ours = [taught.classify(read_picture(path)).label for path in paths]
        answered[name] = wanted, ours, *full(paths)
    for name, (wanted, ours, *others) in answered.items():
        row = [str(len(wanted)), str(_hits(ours, wanted))]
        for theirs in others:
            row += [str(_hits(theirs, wanted)), str(_hits(theirs, ours))]
        rows.append([name, *row])
    total = [sum(map(int, column)) for column in zip(*(row[1:] for row in rows), strict=True)]
    rows.append(["all", *map(str, total)])
    same = [Figure.share("same label", count, total[0]) for count in (total[3], total[5])]
    said = "; ".join(f"{figure.value:.2%} ({figure.low:.2%} to {figure.high:.2%})" for figure in same)
    print_table(_HEADINGS, rows, f"the same label in all: {said}, Wilson's intervals of 95 %.\n")
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


class FullHeads:
    """Answers of heads that were fitted as `catdog-train` fits one, behind a bundled model's floating-point network."""

    def __init__(
        self, name: str, learnt: Mapping[str, Sequence[Path]], labels: Sequence[str], spec: InputSpec, seed: int
    ) -> None:
        import keras

        from catdog.train.model import LOGITS
        from catdog.train.model_file import load_bundled

        parent = load_bundled(name)
        self._labels, self._preprocess, self._seed = tuple(labels), Preprocessor(spec), seed
        self._features = keras.Model(parent.core.input, parent.core.get_layer(LOGITS).input)
        targets = np.array([labels.index(label) for label, paths in learnt.items() for _ in paths], np.int64)
        paths = [path for paths in learnt.values() for path in paths]
        kernel, bias = parent.core.get_layer(LOGITS).get_weights()
        there = extended(Head(kernel.T, bias), parent.contract.labels, self._labels)
        features = self._seen(paths)
        keras.utils.set_random_seed(seed)
        self._heads = [self._fitted(features, targets, start) for start in (None, [there.weights.T, there.bias])]

    def __call__(self, paths: Sequence[Path]) -> tuple[list[str], list[str]]:
        """Return the label of each picture, by the head that was begun anew and by the one that went on."""
        features = self._seen(paths)
        anew, on = (head(features).numpy().argmax(axis=1).tolist() for head in self._heads)
        return [self._labels[place] for place in anew], [self._labels[place] for place in on]

    def _fitted(
        self, features: NDArray[np.float32], targets: NDArray[np.int64], start: list[NDArray[np.float64]] | None
    ) -> "keras.Model":
        """Fit as the transfer stage does, on features that are there: what `features` gives is what it is given."""
        import keras

        from catdog.train.data.dataset import Dataset
        from catdog.train.data.pictures import Pictures
        from catdog.train.features import fit_head
        from catdog.train.fit import HEAD_RATE
        from catdog.train.model import TransferParts
        from catdog.train.options import DataOptions, TrainOptions

        vector = keras.Input(features.shape[1:])
        head = keras.Model(vector, keras.layers.Dense(len(self._labels))(vector))
        if start is not None:
            head.set_weights(start)
        pictures = Pictures(features, targets, tuple(map(str, range(len(targets)))))  # type: ignore[arg-type]
        none = pictures[[]]
        options = TrainOptions(DataOptions(seed=self._seed), Path(), validate="end", views=1)
        as_it_is = keras.Sequential([keras.layers.Identity()])
        dataset = Dataset("", self._labels, pictures, none, none, ())
        fit_head(TransferParts(as_it_is, as_it_is, head, as_it_is), dataset, options, HEAD_RATE, decay=True)
        return head

    def _seen(self, paths: Sequence[Path]) -> NDArray[np.float32]:
        """Return float32 ``[n, features]``."""
        from catdog.train.features import predict

        return predict(self._features, np.stack([self._preprocess(read_picture(path))[0].copy() for path in paths]))


if __name__ == "__main__":
    sys.exit(main())

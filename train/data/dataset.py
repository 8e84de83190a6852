"""A data set: labelled pictures found, split into training, validation and test, and read into memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np

from catdog.edge.contract.model_contract import NEITHER
from catdog.edge.errors import DatasetError
from catdog.edge.pictures.duplicates import CLOSE, SAME, Fingerprints, copies, fingerprints

from ..options import HELD_BACK, HELD_BACK_BESIDE_TEST, SYNTHETIC, TEST_OF_FOLDER, TEST_OF_SPLIT, DataOptions
from .finder import find
from .items import Items, items_of, labelled_items, more_items, more_negative_items, negative_items, parts_of, whole_of
from .names import PARTS, TEST, TRAIN, VALIDATION
from .pictures import Pictures, read_pictures, without_copies
from .splits import balanced, hold_back
from .where import place_name

_Split = dict[str, Pictures]


@dataclass(frozen=True)
class Dataset:
    """A labelled data set, split.

    Attributes:
        name: what to call it, without a path.
        labels: class names, sorted, but ``"neither"`` last if there are pictures without any of the others.
        train: what is learnt from.
        validation: what is measured on after every epoch.
        test: what is measured on once, at the end; may be empty.
        skipped: one line for each picture that was left out, with the reason: not readable, or a held-back picture that is
            among the training pictures, too.
        contradictions: one line for each picture that is there under two labels.
        left_out: what else lies where the labelled pictures do, by kind and number, in words.
    """

    name: str
    labels: tuple[str, ...]
    train: Pictures
    validation: Pictures
    test: Pictures
    skipped: tuple[str, ...]
    contradictions: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def parts(self) -> Mapping[str, Pictures]:
        """The three parts by name."""
        return {TRAIN: self.train, VALIDATION: self.validation, TEST: self.test}

    @property
    def digest(self) -> str:
        """SHA-256 of the pictures, their names, labels and split, as hexadecimal digits."""
        found = sha256(repr(self.labels).encode())
        for pictures in self.parts.values():
            found.update(repr((pictures.pixels.shape, pictures.names)).encode())
            found.update(np.ascontiguousarray(pictures.targets).data)
            found.update(np.ascontiguousarray(pictures.pixels).data)
        return found.hexdigest()

    @property
    def has_negatives(self) -> bool:
        """Whether pictures of none of the other labels are among them."""
        return self.labels[-1] == NEITHER

    @property
    def baseline(self) -> float:
        """Share of the validation pictures that have the most frequent label, 0-1: what always saying the same would get."""
        return float(np.bincount(self.validation.targets).max() / len(self.validation))


@dataclass(frozen=True)
class Part:
    """Labelled pictures as they lie in a folder, not split.

    Attributes:
        name: what to call it, without a path.
        labels: class names, sorted; a single empty one if the pictures are in no class folders.
        pictures: the pictures.
        skipped: one line for each that could not be read, and for what else lies there.
    """

    name: str
    labels: tuple[str, ...]
    pictures: Pictures
    skipped: tuple[str, ...]


def load_dataset(options: DataOptions) -> Dataset:
    """Find, read and split a data set.

    Raises:
        DatasetError: it cannot be downloaded, unpacked or understood, or a class has no readable picture.
    """
    labels, items, left_out = labelled_items(options)
    skipped: list[str] = []
    test_share = TEST_OF_FOLDER if VALIDATION in items else TEST_OF_SPLIT
    test_share = test_share if options.test_share is None else options.test_share
    share = HELD_BACK_BESIDE_TEST if TEST in items else HELD_BACK
    share = share if options.validation_share is None else options.validation_share
    split = _split(_read(items, options.image_size, skipped), options.seed, share, test_share, _by_label)
    if options.more_data:
        learnt = _read({TRAIN: more_items(options, labels, items)}, options.image_size, skipped)[TRAIN]
        for part in (VALIDATION, TEST):
            learnt = without_copies(learnt, split[part], part, skipped, "not learnt from")
        split[TRAIN] += learnt
    if options.negatives is not None:
        found = negative_items(options, len(labels))
        negatives = _read(found, options.image_size, skipped)
        more = _split(negatives, options.seed, options.negatives_share, test_share, _by_folder)
        labels = (*labels, NEITHER)
        further = more_negative_items(options, len(labels) - 1, found)
        more[TRAIN] += _read({TRAIN: further}, options.image_size, skipped)[TRAIN]
        found[TRAIN] += further
        cut = _read({TRAIN: parts_of(more[TRAIN], found, options)}, options.image_size, skipped)
        split = {part: split[part] + more[part] for part in PARTS}
        split[TRAIN] += cut[TRAIN]
    validation = without_copies(split[VALIDATION], split[TRAIN], "training", skipped)
    test = without_copies(without_copies(split[TEST], split[TRAIN], "training", skipped), validation, VALIDATION, skipped)
    name = "drawn cats and dogs" if options.data == SYNTHETIC else place_name(options.data)
    contradictions = tuple(_contradictions(split, len(labels) - 1 if options.negatives is not None else None))
    dataset = Dataset(name, labels, split[TRAIN], validation, test, tuple(skipped), contradictions, left_out)
    for part, pictures in ((TRAIN, dataset.train), (VALIDATION, dataset.validation)):
        for label, count in pictures.counts(labels).items():
            if count == 0:
                why = f" ({'; '.join((*skipped[:1], *left_out))})" if skipped or left_out else ""
                raise DatasetError(f"{part} pictures of {label!r}", got=f"none that can be used{why}", fix="Add some.")
    return dataset


def load_part(
    where: str, part: str, image_size: int, *, known: Sequence[str] = (), count: int | None = None, seed: int = 0
) -> Part:
    """Read labelled pictures without splitting them: those of a part if there are parts, else all.

    Args:
        where: folder, archive or address; ``<part>/<label>/*.jpg``, ``<label>/*.jpg``, or pictures without labels.
        part: ``"train"`` or ``"validation"``.
        image_size: side in pixels.
        known: labels that the beginnings of files' names may be, where no folders are; others are no labels.
        count: read only so many, the same number of each label where there are enough; None for all.
        seed: decides which.

    Raises:
        DatasetError: nothing is there, or nothing that can be read.
    """
    place = find(where)
    found = place.of(TRAIN) if part == TRAIN else place.of(VALIDATION, TEST)
    if not any(each.name.parent.name for each in found) and not {each.label for each in found} <= set(known):
        found = tuple(each._replace(label="") for each in found)
    labels = tuple(sorted({each.label for each in found}))
    items = items_of(found, labels)
    skipped = list(place.left_out)
    chosen = items if count is None else [items[i] for i in balanced([item.target for item in items], count, seed)]
    pictures = read_pictures(chosen, image_size, skipped, "reading pictures")
    if not len(pictures):
        why = f" ({skipped[0]})" if skipped else ""
        raise DatasetError("pictures that can be read", got=f"none in {where}{why}", fix="Name another folder or archive.")
    return Part(place.name, labels, pictures, tuple(skipped))


def _contradictions(split: _Split, neither: int | None) -> Iterator[str]:
    """Find pictures that are there under two labels.

    A camera's empty room and the same room with a small pet are nearly the same picture, so of pictures of neither only those
    are told that are the same.
    """
    names = np.array([name for pictures in split.values() for name in pictures.names], object)
    targets = np.concatenate([pictures.targets for pictures in split.values()])
    prints = Fingerprints.joined([fingerprints(pictures.pixels) for pictures in split.values()])
    whole = np.array([whole_of(name) == name for name in names])
    for label in np.unique(targets).tolist():
        mine = np.flatnonzero(whole & (targets == label))
        for rest, limits in (
            (np.flatnonzero(whole & (targets > label) & (targets != neither)), CLOSE),
            (np.flatnonzero(whole & (targets > label) & (targets == neither)), SAME),
        ):
            for first, second in copies(prints[mine], prints[rest], *limits):
                yield f"{names[mine[first]]} and {names[rest[second]]}"


def training_only(dataset: Dataset, learnt: Sequence[int], measured: Sequence[int]) -> Dataset:
    """Return a data set of training pictures alone, some of them held back: a fold of a cross-validation."""
    return replace(dataset, train=dataset.train[learnt], validation=dataset.train[measured], test=dataset.train[[]])


def held_out(dataset: Dataset, share: float, seed: int) -> tuple[Dataset, Pictures]:
    """Take some training pictures away, with all parts that were cut out of them; as many of every label as its share.

    Args:
        dataset: the data.
        share: how many, 0-1.
        seed: decides which.

    Returns:
        (what stays, what was taken: whole pictures only).
    """
    train = dataset.train
    origins = [whole_of(name) for name in train.names]
    wholes = train[[index for index, name in enumerate(train.names) if name == origins[index]]]
    _, taken = _divide(wholes, share, f"{seed}/held out", _by_label, at_least=1)
    gone = set(taken.names)
    return replace(dataset, train=train[[index for index, origin in enumerate(origins) if origin not in gone]]), taken


def _read(items: Items, image_size: int, skipped: list[str]) -> _Split:
    return {part: read_pictures(found, image_size, skipped, f"reading {part} pictures") for part, found in items.items()}


def _split(read: _Split, seed: int, share: float, test_share: float, group: Callable[[Pictures, int], object]) -> _Split:
    """Split off the parts that are not there. After reading: what cannot be read must not leave a part without a class.

    Args:
        read: the parts that are there.
        seed: decides which picture goes where.
        share: of the training pictures that are held back where there are no validation pictures.
        test_share: of the validation pictures that become test pictures where there are none.
        group: each gives its share.
    """
    split = dict(read)
    if VALIDATION not in split:
        split[TRAIN], split[VALIDATION] = _divide(split[TRAIN], share, f"{seed}", group, at_least=1)
    if TEST not in split:
        split[VALIDATION], split[TEST] = _divide(split[VALIDATION], test_share, f"{seed}/test", group)
    return split


def _divide(
    pictures: Pictures, share: float, salt: str, group: Callable[[Pictures, int], object], *, at_least: int = 0
) -> tuple[Pictures, Pictures]:
    """Hold back a share of every group's pictures."""
    groups: dict[object, list[int]] = {}
    for index in range(len(pictures)):
        groups.setdefault(group(pictures, index), []).append(index)
    stay, held = [], []
    for members in groups.values():
        needed = max(share, at_least / len(members))
        kept, away = hold_back(members, needed, lambda index: pictures.names[index], salt)
        stay += kept
        held += away
    return pictures[stay], pictures[held]


def _by_label(pictures: Pictures, index: int) -> object:
    return int(pictures.targets[index])


def _by_folder(pictures: Pictures, index: int) -> object:
    return pictures.names[index].rpartition("/")[0]

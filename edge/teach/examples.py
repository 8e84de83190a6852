"""Features with labels, and which of them are learnt from and which held back, so that no event is on both sides."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

DRAWN = -1  # in `truth`: what is on it does not matter, only that the model says the same as before
SHARE = 0.3  # of a label's pictures, held back
_SHARE_REMEMBERED = 0.5  # of those that the file remembers: a few of them hold a label where it is


@dataclass(frozen=True)
class Examples:
    """Features and what they are to become.

    Attributes:
        features: float32 ``[n, features]``.
        targets: float64 ``[n, classes]``, rows sum to 1.
        truth: int64 ``[n]``, index into the labels, or `DRAWN`.
        groups: int64 ``[n]``; those of one number stay together.
        names: of each; empty for those that have no file.
    """

    features: NDArray[np.float32]
    targets: NDArray[np.float64]
    truth: NDArray[np.int64]
    groups: NDArray[np.int64]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.truth)

    def __getitem__(self, which: NDArray[np.int64] | NDArray[np.bool_]) -> "Examples":
        places = np.arange(len(self))[which]
        names = tuple(self.names[place] for place in places.tolist())
        return Examples(self.features[places], self.targets[places], self.truth[places], self.groups[places], names)

    def with_views(self, features: NDArray[np.float32], of: Sequence[int]) -> "Examples":
        """Return the same with other views of some of them behind, which stay in their groups.

        Args:
            features: float32 ``[m, features]``.
            of: the place that each belongs to.
        """
        whole = Examples.joined([self, replace(self[np.array(of, np.int64)], features=features)]) if len(of) else self
        return replace(whole, groups=np.concatenate([self.groups, self.groups[list(of)]]))

    @classmethod
    def joined(cls, several: Sequence["Examples"]) -> "Examples":
        """Put several one after the other; groups of one stay apart from those of another."""
        groups, first = [], 0
        for each in several:
            groups.append(each.groups + first)
            first += int(each.groups.max(initial=-1)) + 1
        return cls(
            np.concatenate([each.features for each in several]),
            np.concatenate([each.targets for each in several]),
            np.concatenate([each.truth for each in several]),
            np.concatenate(groups),
            tuple(name for each in several for name in each.names),
        )


def hold_back(examples: Examples) -> NDArray[np.bool_]:
    """Choose, by a hash of the names, whole groups to hold back.

    About a third of each label's pictures with a file, half of those without one; none that are drawn.

    Returns:
        bool ``[n]``.
    """
    held = np.zeros(len(examples), bool)
    with_file = np.array([bool(name) for name in examples.names], bool)
    counts: Counter[tuple[int, bool]] = Counter(zip(examples.truth.tolist(), with_file.tolist(), strict=True))
    left = {
        kind: 0 if kind[0] == DRAWN else round(count * (SHARE if kind[1] else _SHARE_REMEMBERED))
        for kind, count in counts.items()
    }
    for members in grouped(examples.groups, examples.names):
        taken = Counter((int(examples.truth[place]), bool(with_file[place])) for place in members)
        if all(left[kind] >= count for kind, count in taken.items()):
            held[members] = True
            for kind, count in taken.items():
                left[kind] -= count
    return held


def folds(examples: Examples, count: int) -> NDArray[np.int64]:
    """Give whole groups to `count` parts, each with nearly the same number of groups of every label; int64 ``[n]``."""
    part = np.zeros(len(examples), np.int64)
    turns: Counter[int] = Counter()
    for members in grouped(examples.groups, examples.names):
        label = int(examples.truth[members[0]])
        part[members] = turns[label] % count
        turns[label] += 1
    return part


def grouped(groups: NDArray[np.int64], names: Sequence[str]) -> list[list[int]]:
    """Return the places of each group, the groups in an order by chance that is the same every time."""
    members: dict[int, list[int]] = {}
    for place, group in enumerate(groups.tolist()):
        members.setdefault(group, []).append(place)

    def rank(group: int) -> bytes:
        return hashlib.sha256((names[members[group][0]] or str(group)).encode(errors="surrogateescape")).digest()

    return [members[group] for group in sorted(members, key=rank)]

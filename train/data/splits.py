"""Which picture is learnt from and which is measured on: disjoint, balanced by class, the same every time."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def hold_back(items: Sequence[T], share: float, name: Callable[[T], str], salt: str) -> tuple[list[T], list[T]]:
    """Divide items into those that stay and those that are held back.

    They are ranked by a hash of their names, not shuffled: an item that is added later moves at most one other across.

    Args:
        items: what to divide, of one class.
        share: how many to hold back, 0-1.
        name: gives an item's name.
        salt: another salt gives another division.

    Returns:
        (stay, held back), each in the order of `items`.
    """
    ranked = sorted(range(len(items)), key=lambda i: hashlib.sha256(f"{salt}/{name(items[i])}".encode()).digest())
    held = set(ranked[: round(len(items) * share)])
    return [items[i] for i in range(len(items)) if i not in held], [items[i] for i in sorted(held)]


def balanced(targets: Sequence[int], count: int, seed: int) -> list[int]:
    """Choose `count` indices at random, the labels taking turns."""
    turns: Counter[int] = Counter()
    ranked: list[tuple[int, int, int]] = []  # turn within its label, place in the draw, index
    for index in np.random.default_rng(seed).permutation(len(targets)).tolist():
        ranked.append((turns[targets[index]], len(ranked), index))
        turns[targets[index]] += 1
    return [index for _, _, index in sorted(ranked)[:count]]


def folds(targets: Sequence[int], count: int, seed: int) -> list[list[int]]:
    """Divide indices into `count` parts of nearly equal size, each with nearly the same number of every label."""
    order = balanced(targets, len(targets), seed)
    order.sort(key=lambda index: targets[index])  # stable: random within a label
    return [sorted(order[start::count]) for start in range(count)]

from collections import Counter

from catdog.train.data.splits import balanced, folds, hold_back

NAMES = [f"{number}.jpg" for number in range(100)]


def test_held_back_and_kept_are_everything_and_disjoint() -> None:
    stay, held = hold_back(NAMES, 0.192, str, "0")
    assert (len(stay), len(held)) == (81, 19)
    assert sorted(stay + held, key=NAMES.index) == NAMES
    assert held != hold_back(NAMES, 0.192, str, "1")[1]


def test_an_added_item_moves_at_most_one_other() -> None:
    before = set(hold_back(NAMES, 0.2, str, "0")[1])
    after = set(hold_back([*NAMES, "new.jpg"], 0.2, str, "0")[1])
    assert len(before - after) <= 1


def test_balanced_choice_takes_turns() -> None:
    targets = [0] * 50 + [1] * 5 + [2] * 50
    chosen = balanced(targets, 25, seed=1)
    assert Counter(targets[index] for index in chosen) == {0: 10, 1: 5, 2: 10}
    assert chosen == balanced(targets, 25, seed=1) != balanced(targets, 25, seed=2)


def test_folds_hold_every_index_once_and_every_label_alike() -> None:
    targets = [0] * 40 + [1] * 21 + [2] * 10
    parts = folds(targets, 5, seed=3)
    assert sorted(index for part in parts for index in part) == list(range(71))
    for label, count in ((0, 40), (1, 21), (2, 10)):
        assert all(abs(sum(targets[index] == label for index in part) - count / 5) < 1 for part in parts)

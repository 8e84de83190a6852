"""What every report writes in the same way."""

from catdog.train.pages.words import counts_text, labels_text

MANY = [f"thing-{number}" for number in range(101)]


def test_few_labels_are_named_and_many_counted() -> None:
    assert labels_text(["cats", "dogs"]) == "cats, dogs"
    assert labels_text(MANY).startswith("101 labels: thing-0, thing-1, ")
    assert len(labels_text(MANY)) < 150


def test_counts_of_few_labels_are_given_and_those_of_many_summed_up() -> None:
    assert counts_text({"cats": 1000, "dogs": 2}) == "1,000 cats, 2 dogs"
    assert counts_text({"cats": 3, "dogs": 2, "neither": 0}) == "3 cats, 2 dogs"
    assert counts_text(dict.fromkeys(MANY, 2)) == "2 of each of 101 labels"
    assert counts_text(dict.fromkeys(MANY, 2) | {"thing-7": 5}) == "2 to 5 of each of 101 labels"

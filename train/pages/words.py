"""How the reports write numbers, labels and times."""

from collections.abc import Mapping, Sequence

from catdog.edge.contract.figures import Figure

_UNITS = ("ms", "MB", "mJ", "pictures/s")
_MOST_LABELS = 12  # that are named; a page of a hundred would begin with ten lines of them


def percent(share: float, places: int = 2) -> str:
    """Write a share in percent."""
    return f"{100 * share:.{places}f} %"


def interval(figure: Figure) -> str:
    """Write the 95 % interval of a share."""
    return f"{100 * figure.low:.1f} to {100 * figure.high:.1f} %"


def duration(seconds: float) -> str:
    """Write a time in the unit that fits."""
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"


def thousands(number: int) -> str:
    """Write a whole number in groups of three digits."""
    return f"{number:,}"


def unbroken(text: str) -> str:
    """Keep numbers and their per cent signs on one line in running text."""
    return text.replace(" %", "\u00a0%").replace("n = ", "n\u00a0=\u00a0")


def shorten(text: str, longest: int) -> str:
    """Put text on one line of at most so many characters; the middle goes."""
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    return f"{text[: longest - longest // 2 - 1]}…{text[len(text) - longest // 2 :]}"


def labels_text(labels: Sequence[str]) -> str:
    """Name labels; of many the first ones, and how many there are."""
    if len(labels) <= _MOST_LABELS:
        return ", ".join(labels)
    return f"{len(labels)} labels: {', '.join(labels[:_MOST_LABELS])}, …"


def counts_text(counts: Mapping[str, int]) -> str:
    """Say how many there are of each label that there is; of many labels the least and the most."""
    counts = {label: count for label, count in counts.items() if count}
    if len(counts) <= _MOST_LABELS:
        return ", ".join(f"{count:,} {label}" for label, count in counts.items())
    few, many = min(counts.values()), max(counts.values())
    return f"{few:,}{'' if few == many else f' to {many:,}'} of each of {len(counts)} labels"


def unit_apart(heading: str) -> tuple[str, str]:
    """Divide a column's heading into its name and its unit, which may be empty."""
    name, _, unit = heading.rpartition(" ")
    return (name, unit) if unit in _UNITS else (heading, "")


FILTERS = (percent, interval, duration, thousands, unbroken, labels_text, counts_text, unit_apart)

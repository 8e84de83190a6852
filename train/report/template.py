"""From a template to a page: self-contained, escaped, in the reports' style."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from catdog.edge.common.installation import missing_extra

_STYLE = Path(__file__).with_name("style.css")
_MOST_LABELS = 12  # that are named; a page of a hundred would begin with ten lines of them


def render(template: Path, filters: Mapping[str, Callable[..., Any]], extra: str = "train", **values: object) -> str:
    """Fill in a template; `style` is there for the page's style element.

    Args:
        template: the file.
        filters: what it calls by name.
        extra: which brings the package that is needed.
        values: what it shows; a name that is missing is an error, not a gap.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    try:
        import jinja2
    except ModuleNotFoundError as error:
        raise missing_extra("jinja2", extra) from error
    engine = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    engine.filters |= {"labels_text": labels_text, "counts_text": counts_text, **filters}
    engine.globals["style"] = _Safe(_STYLE.read_text(encoding="utf-8"))
    return engine.from_string(template.read_text(encoding="utf-8")).render(**values)


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


class _Safe(str):
    """Text that is HTML already."""

    __slots__ = ()

    def __html__(self) -> str:
        return self

"""From a template to a page: self-contained, escaped, in the reports' style."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from catdog.edge.errors import missing_extra

_STYLE = Path(__file__).with_name("style.css")


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
    engine.filters |= filters
    engine.globals["style"] = _Safe(_STYLE.read_text(encoding="utf-8"))
    return engine.from_string(template.read_text(encoding="utf-8")).render(**values)


class _Safe(str):
    """Text that is HTML already."""

    __slots__ = ()

    def __html__(self) -> str:
        return self

"""From a template to a page: self-contained, escaped, in the reports' style."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from catdog.edge.common.installation import missing_extra

from .words import FILTERS

_HERE = Path(__file__).parent


def render(template: Path, *filters: Callable[..., Any], extra: str = "train", **values: object) -> str:
    """Fill in a template, which may extend `base.html.jinja`; `style` is there for the page's style element.

    Args:
        template: the file.
        filters: what it calls by name beside those of `words`.
        extra: which brings the package that is needed.
        values: what it shows; a name that is missing is an error, not a gap.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    try:
        import jinja2
        from markupsafe import Markup
    except ModuleNotFoundError as error:
        raise missing_extra("jinja2", extra) from error
    engine = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, _HERE]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    engine.filters |= {each.__name__: each for each in (*FILTERS, *filters)}
    engine.globals["style"] = Markup((_HERE / "style.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
    return engine.get_template(template.name).render(**values)

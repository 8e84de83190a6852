"""A Matplotlib figure as an SVG element that takes its colours from the page: light, dark and paper all fit.

Matplotlib draws with stand-in colours; each is then replaced by `currentColor` or a custom property of the page.
"""

import io
import re
import warnings
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from catdog.edge.common.installation import missing_extra
from catdog.train.report.drawing import self_contained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Stand-ins, unlikely enough to stand for anything else.
INK, MUTED, GRID, MAIN, MAIN_SOFT, SECOND, PAGE = (f"#01020{digit}" for digit in range(3, 10))
_PAGE_COLOURS = {
    INK: "currentColor",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    MAIN: "var(--main)",
    MAIN_SOFT: "var(--main-soft)",
    SECOND: "var(--second)",
    PAGE: "var(--card)",
}
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: sharp, searchable, in the page's font
    "svg.hashsalt": "catdog-bench",  # the same chart gives the same ids
    "path.simplify": False,  # it would drop dots that are drawn as lines of no length
    "font.size": 12.0,
    "text.color": INK,
    "text.parse_math": False,  # a file name may hold dollar signs
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": INK,
}


def drawing_settings() -> AbstractContextManager[None]:
    """Return the context in which to make and render a figure.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        import matplotlib
    except ModuleNotFoundError as error:
        raise missing_extra("matplotlib", "bench") from error
    return matplotlib.rc_context(_SETTINGS)


def render(figure: "Figure", name: str) -> str:
    """Render a figure as an ``<svg>`` element without any reference to the outside.

    Args:
        figure: the drawing, in the colours of this module.
        name: becomes part of every id, because a page holds several charts and ids are unique in a page.
    """
    buffer = io.StringIO()
    with warnings.catch_warnings():
        # The browser brings the glyphs; Matplotlib's font need not have those of every file name.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = self_contained(buffer.getvalue(), name)
    svg = re.sub(r"(font-family): [^;\"]*", r"\1: inherit", svg)
    for stand_in, colour in _PAGE_COLOURS.items():
        svg = svg.replace(stand_in, colour)
    return svg.replace("<svg ", '<svg aria-hidden="true" ', 1)

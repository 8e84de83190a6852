"""Charts: as a PNG on white for a slide, and as an SVG element in the colours of the page that it stands in.

Charts use the colours below, which are those of the light page. In the SVG each becomes the page's custom property of the same
meaning, so that it follows the reader's light or dark theme, and paper.
"""

import html
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from catdog.edge.common.installation import missing_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure as Drawing

WIDTH = 420.0  # points; the width of a chart that stands in a column of a page
PAPER, INK, MUTED, GRID = "#ffffff", "#1d2226", "#5d666e", "#e3e1dc"
MAIN, MAIN_SOFT, SECOND = "#14746f", "#8dbdb9", "#e0913a"
_PROPERTIES = {
    PAPER: "var(--card)",
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    MAIN: "var(--main)",
    MAIN_SOFT: "var(--main-soft)",
    SECOND: "var(--second)",
}
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: sharp, searchable, in the page's font
    "svg.hashsalt": "catdog",  # the same chart gives the same ids
    "path.simplify": False,  # it would drop dots that are drawn as lines of no length
    "font.size": 11.0,
    "text.color": INK,
    "text.parse_math": False,  # a label may hold dollar signs
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.titlesize": 11.5,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.axisbelow": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "legend.frameon": False,
}
_PNG_DPI = 200


@contextmanager
def drawing_settings(extra: str = "train") -> Iterator[None]:
    """Give the context in which charts are made and rendered; what was set before comes back.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        import matplotlib
    except ModuleNotFoundError as error:
        raise missing_extra("matplotlib", extra) from error
    with matplotlib.rc_context(_SETTINGS), warnings.catch_warnings():
        # The browser brings the glyphs; Matplotlib's font need not have those of every label.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


def canvas(width: float, height: float, *, arranged: bool = True) -> "Drawing":
    """Make an empty drawing of a size in points; where it is to be `arranged`, its axes make room for their own text."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Drawing

    # The object interface, not pyplot: no global state, no display.
    drawing = Drawing(figsize=(width / 72, height / 72), layout="constrained" if arranged else None)
    FigureCanvasAgg(drawing)
    return drawing


def bare(axes: "Axes", grid: str) -> None:
    """Take the frame off axes and give them a grid along ``"x"``, ``"y"`` or ``"both"``."""
    axes.spines[["top", "left", "right"]].set_visible(False)
    axes.patch.set_alpha(0)
    axes.grid(axis=grid, color=GRID, linewidth=0.8)  # type: ignore[arg-type] # the three words of it are not known to be those


def in_percent(axis: "Axis") -> None:
    """Write an axis of shares, 0-1, in percent."""
    axis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")


def to_png(drawing: "Drawing") -> bytes:
    """Render a drawing as a PNG on white."""
    buffer = io.BytesIO()
    # Without the library's name the same drawing is the same bytes, whichever version made it.
    drawing.savefig(
        buffer, format="png", dpi=_PNG_DPI, facecolor=PAPER, bbox_inches="tight", pad_inches=0.12, metadata={"Software": None}
    )
    return buffer.getvalue()


def to_svg(drawing: "Drawing", name: str, alt: str | None = None) -> str:
    """Render a drawing as an ``<svg>`` element without any reference to the outside.

    Args:
        drawing: in the colours of this module.
        name: becomes part of every id, because a page holds several charts and ids are unique in a page.
        alt: what is to be seen, in words, for those who do not see it; None where tables beside it say all of it.
    """
    buffer = io.StringIO()
    drawing.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = _self_contained(buffer.getvalue(), name).replace("xlink:href", "href")
    svg = re.sub(r"\b(fill|stroke): (#\w{6})", lambda found: f"{found[1]}: {_PROPERTIES.get(found[2], found[2])}", svg)
    svg = re.sub(r"'DejaVu Sans'[^;\"]*", "inherit", svg)
    about = 'aria-hidden="true"' if alt is None else f'role="img" aria-label="{html.escape(alt)}"'
    return svg.replace("<svg ", f"<svg {about} ", 1)


def _self_contained(svg: str, name: str) -> str:
    """Turn what Matplotlib writes into an element for a page: no reference to the outside, no style but its own."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<(metadata|style)\b.*?</\1>", "", svg, flags=re.DOTALL)  # the style would apply to the whole page
    # HTML needs no namespaces, and without them the page holds no address at all.
    svg = re.sub(r'\s+xmlns(:\w+)?="[^"]*"', "", svg)
    for size in ("width", "height"):  # left to the page; the view box keeps the proportions
        svg = re.sub(rf'(<svg\b[^>]*?) {size}="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'\bid="|url\(#|xlink:href="#', lambda found: f"{found[0]}{name}-", svg)
    return re.sub(r"\s*\n\s*", " ", svg).strip()

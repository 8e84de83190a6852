"""A page of the pictures that are worth a look: self-contained, no script, no request; made without a template package."""

import base64
import html
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from ..common.files import write_text
from ..errors import CatdogError
from ..pictures.decode import read_picture
from .suspects import KINDS, TWO_LABELS, Suspect

MOST_SHOWN = 200  # of each kind; a page of thousands opens on no phone
_SIDE, _QUALITY = 224, 85  # pixels, as large as the page shows a picture
_STYLE = """
:root { color-scheme: light dark; --page: #f5f4f1; --card: #fff; --ink: #1d2226; --muted: #5d666e; --grid: #e3e1dc; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14181b; --card: #1c2226; --ink: #e6e8e9; --muted: #9aa5ad; --grid: #333c42; }
}
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 1.5rem .75rem 3rem; }
h1 { font-size: 1.4rem; margin: .25rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .3rem 0; } .muted { color: var(--muted); font-size: .875rem; }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: .9rem; list-style: none; margin: 0;
  padding: 1rem; background: var(--card); border: 1px solid var(--grid); border-radius: 10px; }
ul.pairs { grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); }
li { font-size: .8rem; line-height: 1.4; overflow-wrap: anywhere; break-inside: avoid; }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: .3rem; }
img, .none { width: 100%; aspect-ratio: 1; object-fit: contain; background: var(--grid); border-radius: 4px; display: block; }
"""
_ABOUT = {
    KINDS[
        0
    ]: "A layer that has not learnt from the picture is about as sure of another label as it usually is of that label's own "
    "pictures. Those that it is surest of come first. Move those that are under a wrong label; leave those that are right.",
    KINDS[1]: "Nearly the same picture is under two labels: one of them is wrong, or both are in view. Delete one.",
}


def write_page(path: Path, title: str, summary: str, suspects: Sequence[Suspect], place: Callable[[str], Path]) -> None:
    """Write the page.

    Args:
        path: where to.
        title: its first line.
        summary: its second.
        suspects: the pictures.
        place: from the name of one to where it lies.

    Raises:
        OutputError: it cannot be written.
    """
    parts = [
        "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html.escape(title)}</title>", f"<style>{_STYLE}</style>", "</head>", "<body>", "<main>",
        f"<h1>{html.escape(title)}</h1>", f"<p>{html.escape(summary)}</p>",
    ]  # fmt: skip
    for kind in KINDS:
        mine = [each for each in suspects if each.kind == kind]
        if not mine:
            continue
        shown = f", the first {MOST_SHOWN} shown" if len(mine) > MOST_SHOWN else ""
        parts += [f"<h2>{len(mine):,} {html.escape(kind)}{shown}</h2>", f'<p class="muted">{html.escape(_ABOUT[kind])}</p>']
        parts.append('<ul class="pairs">' if kind == TWO_LABELS else "<ul>")
        parts += [_item(each, place) for each in mine[:MOST_SHOWN]]
        parts.append("</ul>")
    write_text(path, "\n".join([*parts, "</main>", "</body>", "</html>", ""]))


def _item(suspect: Suspect, place: Callable[[str], Path]) -> str:
    picture = _image(place(suspect.name), suspect.label)
    if suspect.copy:
        picture = f'<div class="two">{picture}{_image(place(suspect.copy), suspect.other)}</div>'
        text = f"<strong>{html.escape(suspect.label)}</strong> and <strong>{html.escape(suspect.other)}</strong>"
        names = f"{suspect.name} and {suspect.copy}"
    else:
        text = f"<strong>{html.escape(suspect.label)}</strong>, {html.escape(suspect.reason)}"
        names = suspect.name
    return f'<li>{picture}<p>{text}<br><span class="muted">{html.escape(names)}</span></p></li>'


def _image(path: Path, label: str) -> str:
    try:
        picture = read_picture(path)
    except CatdogError:
        return '<div class="none"></div>'  # moved since it was looked at
    scale = min(1.0, _SIDE / max(picture.shape[:2]))
    size = tuple(max(1, round(scale * length)) for length in picture.shape[1::-1])
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    _, encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    address = base64.b64encode(encoded.tobytes()).decode("ascii")
    return f'<img alt="a picture of {html.escape(label)}" src="data:image/jpeg;base64,{address}">'

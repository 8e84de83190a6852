"""The files of the page, which are part of the package."""

from functools import cache
from importlib.resources import files

TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
PUBLIC = ("style.css", "page.js", "icon.svg", "label.css", "label.js")  # by their names; the pages themselves are / and /label


@cache
def page_file(name: str) -> bytes:
    """Return the content of a file in `page/`."""
    return (files(__package__) / "page" / name).read_bytes()

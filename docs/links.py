"""A hook of MkDocs: files of the repository that a page links to, such as the model cards, become part of the site.

On a page the links are relative to its place in the repository, so that they work where the repository is read. Here each file
outside of docs/ that is linked to is copied to `repository/` in the site, and the links to it are changed.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_DOCS, _OUTSIDE = "docs/", "repository/"
_LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)(?P<path>[^)#\s]+)")
_CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what the pages link to, and what these link to in turn."""
    root = Path(config.config_file_path).parent
    waiting = [_DOCS + file.src_uri for file in files if file.src_uri.endswith(".md")]
    seen = set(waiting)
    for place in waiting:
        if not place.endswith(".md"):
            continue
        for target in _targets(place, (root / place).read_text(encoding="utf-8")):
            if target not in seen and not target.startswith(_DOCS) and (root / target).is_file():
                seen.add(target)
                waiting.append(target)
                files.append(File.generated(config, _OUTSIDE + target, abs_src_path=str(root / target)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Change the links of a page from places in the repository to places in the site."""
    place = _in_repository(page.file.src_uri)

    def changed(link: re.Match[str]) -> str:
        there = _in_site(_resolved(place, link["path"]))
        return posixpath.relpath(there, posixpath.dirname(page.file.src_uri) or ".")

    return _LINK.sub(changed, markdown)


def _targets(place: str, text: str) -> Iterator[str]:
    return (_resolved(place, link["path"]) for link in _LINK.finditer(_CODE.sub("", text)))


def _resolved(place: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(place), path))


def _in_site(path: str) -> str:
    return path.removeprefix(_DOCS) if path.startswith(_DOCS) else _OUTSIDE + path


def _in_repository(path: str) -> str:
    return path.removeprefix(_OUTSIDE) if path.startswith(_OUTSIDE) else _DOCS + path

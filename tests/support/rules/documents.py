"""Documents of the repository: their links and their anchors."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

from support.rules.source_files import ROOT, Place

FENCE = re.compile(r"^(```|~~~+)")
HEADING = re.compile(r"^#{1,6} (.*)")
ANCHOR = re.compile(r'<[^>]+ id="([^"]+)"')
REFERENCE = re.compile(r'<[^>]+ (?:href|src)="([^"]+)"')
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FOLDERS = ("docs", "benchmarks", "models", "deploy", "warehouse", ".github")


def documents() -> list[Path]:
    """Return every Markdown file of the repository."""
    inside = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.md"))
    return sorted([*ROOT.glob("*.md"), *inside])


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield number and text of each line outside of fenced blocks."""
    for number, line, fenced in _lines(path):
        if not fenced:
            yield number, line


def links(path: Path) -> Iterator[tuple[Place, str]]:
    """Yield each link of a document that leads to a file or a heading of the repository."""
    for number, line in prose(path):
        for target in LINK.findall(line):
            if not urlsplit(target).scheme:
                yield Place(path, number), target


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return the anchors of a document's headings, as a forge makes them."""
    titles = (found[1] for _, line in prose(path) if (found := HEADING.match(line)))
    return frozenset(_anchor(title) for title in titles)


@dataclass(frozen=True)
class HtmlPage:
    """Anchors and references of one page of the site."""

    anchors: frozenset[str]
    references: frozenset[str]


def html_page(path: Path) -> HtmlPage:
    """Return what a page of the site refers to, and what can be referred to in it."""
    text = path.read_text(encoding="utf-8")
    return HtmlPage(
        frozenset(ANCHOR.findall(text)), frozenset(map(unescape, REFERENCE.findall(text)))
    )


def _lines(path: Path) -> Iterator[tuple[int, str, bool]]:
    fence = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        found = FENCE.match(line)
        if found and not fence:
            fence = found[1]
        elif fence and line.strip() == fence:
            fence = ""
        elif not found or fence:
            yield number, line, bool(fence)


def _anchor(title: str) -> str:
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "").lower()
    return re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")

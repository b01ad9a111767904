"""Documents of the repository: their links, anchors and commands."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from support.source_files import ROOT, Place

FENCE = re.compile(r"^(```|~~~+)")
HEADING = re.compile(r"^#{1,6} (.*)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"`(tokentide [^`]+)`")
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


def fenced(path: Path) -> Iterator[tuple[int, str]]:
    """Yield number and text of each line within fenced blocks."""
    for number, line, inside in _lines(path):
        if inside:
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


def commands(path: Path) -> Iterator[tuple[Place, list[str]]]:
    """Yield the words of each `tokentide …` in a document, in the text and after a prompt."""
    for number, line in prose(path):
        for command in COMMAND.findall(line):
            yield Place(path, number), _words(command)
    for number, line in fenced(path):
        found = re.search(r"^\$ (?:\w+=\S+ )*(tokentide .*)", line)
        if found:
            yield Place(path, number), _words(found[1])


@dataclass
class HtmlPage:
    """Anchors and references of one page of the site."""

    anchors: set[str]
    references: set[str]


def html_page(path: Path) -> HtmlPage:
    """Return what a page of the site refers to, and what can be referred to in it."""
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return HtmlPage(reader.anchors, reader.references)


class _Reader(HTMLParser):
    """Collector of a page's anchors and references."""

    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.references: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            if name in ("href", "src") and value:
                self.references.add(unquote(value))


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


def _words(command: str) -> list[str]:
    """Return the words of a command; a query that goes on in the next line is left out."""
    command = re.sub(r" #.*| [|>;&].*", "", command)
    try:
        return shlex.split(command)
    except ValueError:
        return shlex.split(command[: command.index('"')])

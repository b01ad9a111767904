"""Reports: pages as one HTML file, with everything in it that draws them.

The file requests nothing: Plotly stands in it once, and a policy in its head forbids requests.
"""

import base64
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from markupsafe import Markup

from dashboards.chart import Chart
from dashboards.components.cards import draw_card, source_line
from dashboards.components.page import Card, CardPage, PageView
from dashboards.components.theme import Theme
from dashboards.components.widgets import format_instant, without_code
from dashboards.export.static_html import graph, to_html
from dashboards.export.templating import render
from dashboards.generations import AppContext, GenerationStore, OpenGeneration
from dashboards.pages import OLD_PATHS, PAGES
from dashboards.query import inline


class UnknownPageError(LookupError):
    """No page has this name, or the page has no cards to print."""


class NothingToReportError(LookupError):
    """There is no generation to report on."""


@dataclass(frozen=True)
class ReportOptions:
    """A page and the choices on it, as its URL has them."""

    page: CardPage
    search: str = ""

    @classmethod
    def parse(cls, text: str) -> "ReportOptions":
        """Read a page such as `market` or `market?basis=top50`. Raise UnknownPageError."""
        name, _, search = text.strip().lstrip("/").partition("?")
        path = f"/{_slug(name)}"
        wanted = _slug(OLD_PATHS.get(path, path)) or "overview"
        for page in printable_pages():
            if wanted in {_slug(page.name), _slug(page.path)}:
                return cls(page, search)
        known = ", ".join(f"`{_slug(page.name)}`" for page in printable_pages())
        raise UnknownPageError(
            f"There is no page {name!r} that can be in a report. There are {known}."
        )


def printable_pages() -> list[CardPage]:
    """Return the pages of cards; an editor has nothing to print."""
    return [page for page in PAGES if isinstance(page, CardPage)]


def write_report(
    context: AppContext, pages: Sequence[ReportOptions], out: Path, theme: Theme
) -> int:
    """Write pages of the newest generation into a file, and return its size in bytes.

    The file is there whole or not at all.
    """
    generation = GenerationStore(context).newest()
    if generation is None:
        raise NothingToReportError("Nothing is published yet.")
    made = build_report(generation, pages, theme, datetime.now(UTC)).encode()
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(made)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return len(made)


def build_report(
    generation: OpenGeneration, pages: Sequence[ReportOptions], theme: Theme, now: datetime
) -> str:
    """Return the whole file."""
    draw = _read("export/templates/report.js")
    plotly = _read("assets/vendor/plotly-basic.min.js").replace("</script", "<\\/script")
    policy = (
        f"default-src 'none'; script-src {_hash(plotly)} {_hash(draw)}; "
        "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'"
    )
    views = [PageView(each.page, generation, theme, each.search) for each in pages]
    return render(
        "report.html",
        meta=generation.meta,
        published=format_instant(generation.meta.published_at),
        made=format_instant(now),
        policy=policy,
        # Our own files, so they are HTML as they are.
        styles=Markup(_read("export/templates/report.css")),  # noqa: S704
        plotly=Markup(plotly),  # noqa: S704
        draw=Markup(draw),  # noqa: S704
        pages=[_page(view) for view in views],
    )


def _page(view: PageView) -> dict[str, Any]:
    return {
        "name": view.page.name,
        "about": view.page.about,
        "choices": _choices(view),
        "has_live_panel": isinstance(view.page, CardPage) and view.page.above is not None,
        "parts": list(_parts(view)),
    }


def _choices(view: PageView) -> list[str]:
    """Return the choices in words, since a file has no controls."""
    filters = view.filters
    chosen = [
        (control, filters[control.name])
        for control in view.page.controls(view.generation)
        if control.kind != "hidden" and filters[control.name]
    ]
    return [
        f"{control.label}: {dict(control.options).get(value, value)}" for control, value in chosen
    ]


def _parts(view: PageView) -> Iterator[dict[str, Any]]:
    rank = 3
    for unknown in view.filters.unknown:
        near = ", ".join(label for _, label in unknown.nearest)
        below = "Nothing is shown in its place."
        if near:
            below = f"{below} The nearest that there is: {near}."
        yield {"is_card": False, "text": unknown.text, "below": below}
    for each in view.cards():
        if isinstance(each, Card):
            yield _card(each, view, rank)
        else:
            rank = 4
            yield {"is_card": False, "text": each.text, "below": each.below}


def _card(card: Card, view: PageView, rank: int) -> dict[str, Any]:
    """Return a card as on the page, without the parts that need a server."""
    drawing = draw_card(card, view.generation, view.theme)
    if isinstance(drawing, Chart):
        drawing.update_layout(height=card.height)
        content = graph(drawing, f"Chart: {card.title}, {without_code(card.unit)}")
    else:
        content = to_html(drawing)
    meta = view.generation.meta
    return {
        "is_card": True,
        "rank": rank,
        "title": card.title,
        "unit": card.unit,
        "note": card.note,
        "width": card.width,
        "is_simulated": meta.is_simulated and card.half != "tier",
        "is_load_simulated": bool(meta.simulated_services) and card.half != "market",
        "content": content,
        "source": source_line(card, meta),
        "sql": inline(card.query),
    }


def _slug(name: str) -> str:
    return name.strip("/ ").casefold().replace(" ", "-")


def _read(name: str) -> str:
    return (files("dashboards") / name).read_text()


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"

"""Pages as one file to send: every figure with its unit, source and day, and all that it takes to draw it, in a single HTML document.

It asks nothing of anyone: Plotly stands in it once, and a policy in its head forbids every request.
"""

import base64
import hashlib
import html
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import plotly.graph_objects as go

from dashboards.components import cards, widgets
from dashboards.components.filters import Control, Filters, read_filters
from dashboards.components.page import Card, Heading, Page
from dashboards.components.theme import Look
from dashboards.export.static_html import graph, markup
from dashboards.generations import Generation, Meta, Published, Sources
from dashboards.pages import PAGES
from dashboards.query import inlined

STALE_SECONDS = 36 * 3600


class UnknownPageError(LookupError):
    """A page was asked for that there is not, or that has no cards to print."""


class NothingToReportError(LookupError):
    """There is no generation to make a report of."""


@dataclass(frozen=True)
class Chosen:
    """A page and the choices on it, as its URL has them."""

    page: Page
    search: str = ""


def chosen(text: str) -> Chosen:
    """The page that a name such as `market` or `market?basis=top50` means; the choices are what stands in the page's URL."""
    name, _, search = text.strip().lstrip("/").partition("?")
    wanted = _plain(name) or "overview"
    page = next(
        (page for page in printable() if wanted in {_plain(page.name), _plain(page.path)}), None
    )
    if page is None:
        known = ", ".join(f"`{_plain(page.name)}`" for page in printable())
        raise UnknownPageError(
            f"There is no page {name!r} that can be in a report. There are {known}."
        )
    return Chosen(page, search)


def printable() -> list[Page]:
    """The pages of cards; an editor has nothing to print."""
    return [page for page in PAGES if page.body is None]


def _plain(name: str) -> str:
    return name.strip("/ ").casefold().replace(" ", "-")


def write_report(sources: Sources, pages: Sequence[Chosen], out: Path, look: Look) -> int:
    """Write the pages, from the newest generation, into a file that is there whole or not at all; its size in bytes."""
    generation = Published(sources).newest()
    if generation is None:
        raise NothingToReportError("Nothing is published yet.")
    made = document(generation, pages, look, datetime.now(UTC)).encode()
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


def document(generation: Generation, pages: Sequence[Chosen], look: Look, now: datetime) -> str:
    """The whole file."""
    draw, plotly = (
        _file("report.js"),
        _file("plotly-basic.min.js", "assets").replace("</script", "<\\/script"),
    )
    scripts = f"script-src {_hash(plotly)} {_hash(draw)}"
    policy = f"default-src 'none'; {scripts}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'"
    body = "".join(_page(place, each, generation, look) for place, each in enumerate(pages))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">'
        f"<title>Tokentide report, generation {generation.meta.generation}</title><style>{_file('report.css')}</style></head>\n<body>"
        f"<header>{_head(generation.meta, pages, now)}</header><main>{body}</main>\n"
        f"<script>{plotly}</script>\n<script>{draw}</script></body></html>\n"
    )


def _head(meta: Meta, pages: Sequence[Chosen], now: datetime) -> str:
    contents = "".join(
        f'<li><a href="#page-{place}">{html.escape(each.page.name)}</a></li>'
        for place, each in enumerate(pages)
    )
    facts = (
        f"Generation {meta.generation}, market up to {meta.last_date or 'no day'}, published {widgets.instant(meta.published_at)}. "
        f"This file was made {widgets.instant(now)} and does not change any more; where a note speaks of a click, that is in the dashboard."
    )
    return (
        f'<h1>Tokentide report</h1><p class="facts">{html.escape(facts)}</p><p class="facts">{html.escape(meta.citation)}</p>'
        f'{_banner(meta)}<noscript><p class="banner">Charts need JavaScript, which is off here; tables and figures in text do not.</p>'
        f'</noscript><nav aria-label="Pages"><ul class="contents">{contents}</ul></nav>'
    )


def _banner(meta: Meta) -> str:
    said = ""
    if meta.is_simulated:
        badge = markup(cards.simulated_badge())
        said += f'<p class="banner">{badge} The figures of the market are made up by the stand-in. None of them is real.</p>'
    if meta.age_seconds is not None and meta.age_seconds > STALE_SECONDS:
        said += f'<p class="banner stale">The generation was {round(meta.age_seconds / 3600):,} hours old when this file was made.</p>'
    return said


def _page(place: int, each: Chosen, generation: Generation, look: Look) -> str:
    controls = each.page.controls(generation)
    filters = read_filters(each.search, controls)
    made = "".join(_under_headings(each.page.cards_for(filters, generation), generation, look))
    live = (
        '<p class="choices">The live panel of this page is not in a report.</p>'
        if each.page.above
        else ""
    )
    return (
        f'\n<section aria-labelledby="page-{place}"><h2 id="page-{place}">{html.escape(each.page.name)}</h2>'
        f'<p class="about">{html.escape(each.page.about)}</p>{_choices(controls, filters)}{live}<div class="cards">{made}</div></section>'
    )


def _choices(controls: Sequence[Control], filters: Filters) -> str:
    """What the controls were set to, since a file has none."""
    said = []
    for control in controls:
        value = filters[control.name]
        if control.kind != "hidden" and value:
            said.append(f"{control.label}: {dict(control.options).get(value, value)}")
    return f'<p class="choices">Chosen: {html.escape("; ".join(said))}.</p>' if said else ""


def _under_headings(
    shown: Sequence[Card | Heading], generation: Generation, look: Look
) -> Iterable[str]:
    rank = 3
    for each in shown:
        if isinstance(each, Card):
            yield _card(each, generation, look, rank)
        else:
            rank = 4
            below = f"<p class='about'>{html.escape(each.below)}</p>" if each.below else ""
            yield f'<h3 class="part">{html.escape(each.text)}</h3>{below}'


def _card(card: Card, generation: Generation, look: Look, rank: int) -> str:
    """As on the page, without what needs a server."""
    drawn, _ = cards.found(card, generation, look)
    badge = (
        markup(cards.simulated_badge())
        if generation.meta.is_simulated and card.half != "tier"
        else ""
    )
    unit = f'<p class="card-unit">{html.escape(card.unit)}</p>' if card.unit else ""
    note = f'<p class="card-note">{html.escape(card.note)}</p>' if card.note else ""
    shown = (
        graph(_tall(drawn, card), f"Chart: {card.title}, {card.unit}")
        if isinstance(drawn, go.Figure)
        else markup(drawn)
    )
    return (
        f'<article class="card {card.width}"><div class="card-head"><div><h{rank} class="card-title">{html.escape(card.title)}</h{rank}>'
        f'{unit}</div>{badge}</div><div class="card-inside">{shown}</div>{note}'
        f'<p class="card-source">{html.escape(cards.source_line(card, generation.meta))}</p>'
        f'<details class="card-query"><summary>Show the query</summary><pre class="query" tabindex="0">{html.escape(inlined(card.query))}'
        "</pre></details></article>"
    )


def _tall(figure: go.Figure, card: Card) -> go.Figure:
    return figure.update_layout(height=card.height)


def _file(name: str, folder: str = "export/templates") -> str:
    return (files("dashboards") / folder / name).read_text()


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"

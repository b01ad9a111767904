"""Pages as one file to send: figures that can still be hovered, tables as plain HTML, and nothing that asks for anything elsewhere."""

import html
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import plotly.graph_objects as go
import plotly.io
from dash.development.base_component import Component
from plotly.offline import get_plotlyjs

from dashboards.cards import source_line
from dashboards.filters import read_filters
from dashboards.pages import PAGES
from dashboards.pages.page import Card, Heading, Page
from dashboards.parts import instant
from dashboards.queries import inlined
from dashboards.sources import Generation
from dashboards.theme import Look

MOST_ROWS = 200
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 1080px; padding: 16px; color: #1f2328; background: #ffffff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.25rem; border-bottom: 1px solid #d0d7de; margin-top: 2rem; } h3 { font-size: 1rem; margin: 0; }
section { border: 1px solid #d0d7de; border-radius: 8px; padding: 12px 14px; margin: 12px 0; break-inside: avoid; }
.unit, .note, .source, .tile-name, .tile-below { color: #57606a; font-size: 0.8rem; margin: 2px 0; }
.simulated { background: #6f0f6f; color: #ffffff; font-weight: 700; padding: 2px 8px; border-radius: 4px;
  text-transform: uppercase; font-size: 0.75rem; }
.tiles { display: flex; flex-wrap: wrap; gap: 12px 28px; } .tile-value { font-size: 1.5rem; font-weight: 650; }
.scrolled { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.8rem; }
th, td { border-bottom: 1px solid #d0d7de; padding: 3px 8px; text-align: left; }
pre { overflow-x: auto; background: #f6f8fa; padding: 8px; font-size: 0.75rem; } details { font-size: 0.8rem; }
@media print { details { display: none; } body { max-width: none; } }
"""


def reportable() -> dict[str, Page]:
    """The pages that are made of cards, by their names in lower case: the SQL page is a tool and no report."""
    return {page.name.lower(): page for page in PAGES if not page.body}


def write_report(generation: Generation, pages: Sequence[Page], out: Path) -> int:
    """Write these pages, with what they show unless something is chosen, into one HTML file; returns its bytes.

    The file replaces what was there in one step, so that nobody reads a half of it.
    """
    text = "".join(_document(generation, pages))
    out.parent.mkdir(parents=True, exist_ok=True)
    half = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        half.write_text(text)
        half.replace(out)
    finally:
        half.unlink(missing_ok=True)
    return out.stat().st_size


def _document(generation: Generation, pages: Sequence[Page]) -> Iterator[str]:
    meta = generation.meta
    yield f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Tokentide report</title><style>{STYLE}</style>'
    yield f"<script>{get_plotlyjs()}</script></head><body><h1>Tokentide report</h1>"
    if meta.is_simulated:
        yield '<p><span class="simulated">simulated</span> The market\'s figures are made up by the stand-in. None of them is real.</p>'
    made = instant(datetime.now(UTC))
    yield f'<p class="source">Made {made} from generation {meta.generation}, published {instant(meta.published_at)}, '
    yield f"market up to {meta.last_date or 'no day'}. {html.escape(meta.citation)} All times are UTC.</p>"
    for page in pages:
        yield f"<h2>{html.escape(page.name)}</h2><p>{html.escape(page.about)}</p>"
        filters = read_filters("", page.controls(generation))
        for each in page.cards_for(filters, generation):
            yield _heading(each) if isinstance(each, Heading) else _card(each, generation)
    yield "</body></html>"


def _heading(heading: Heading) -> str:
    return f"<h3>{html.escape(heading.text)}</h3><p class='note'>{html.escape(heading.below)}</p>"


def _card(card: Card, generation: Generation) -> str:
    badge = '<span class="simulated">simulated</span>' if generation.meta.is_simulated and card.half != "tier" else ""
    return (
        f"<section><h3>{html.escape(card.title)} {badge}</h3><p class='unit'>{html.escape(card.unit)}</p>{_inside(card, generation)}"
        f"<p class='note'>{html.escape(card.note)}</p><p class='source'>{html.escape(source_line(card, generation.meta))}</p>"
        f"<details><summary>The query</summary><pre>{html.escape(inlined(card.query))}</pre></details></section>"
    )


def _inside(card: Card, generation: Generation) -> str:
    """The figure, the table, or why there is none."""
    if missing := sorted(set(card.needs) - generation.tables):
        return f"<p>Not in this generation: {', '.join(missing)}.</p>"
    try:
        rows = generation.frame(card.query)
    except duckdb.Error as error:
        return f"<p>This could not be computed: {html.escape(str(error).partition(chr(10))[0])}</p>"
    if rows.is_empty():
        return f"<p>Nothing to show. {html.escape(card.empty)}</p>"
    drawn = card.draw(rows, Look("light"))
    if isinstance(drawn, go.Figure):
        drawn.update_layout(height=card.height)
        return str(
            plotly.io.to_html(drawn, full_html=False, include_plotlyjs=False, config={"displaylogo": False, "displayModeBar": False})
        )
    return as_html(drawn)


def as_html(part: Any) -> str:
    """A component of a page as plain HTML: text is escaped, a grid becomes a table, what only a browser's code can draw is its text."""
    if part is None:
        return ""
    if isinstance(part, list | tuple):
        return "".join(map(as_html, part))
    if not isinstance(part, Component):
        return html.escape(str(part))
    if type(part).__name__ == "AgGrid":
        return _table(part)
    inside = as_html(getattr(part, "children", None))
    is_plain = type(part).__module__.startswith("dash.html")
    tag = type(part).__name__.lower() if is_plain else "div"
    name = getattr(part, "className", None)
    return f'<{tag} class="{html.escape(str(name))}">{inside}</{tag}>' if name else f"<{tag}>{inside}</{tag}>"


def _table(grid: Any) -> str:
    rows: list[dict[str, Any]] = grid.rowData
    columns = [(column["field"], column.get("headerName", column["field"])) for column in grid.columnDefs if "field" in column]
    head = "".join(f"<th>{html.escape(str(name))}</th>" for _, name in columns)
    lines = ("".join(f"<td>{_cell(row.get(field))}</td>" for field, _ in columns) for row in rows[:MOST_ROWS])
    more = f"<p class='note'>The first {MOST_ROWS} of {len(rows):,} rows.</p>" if len(rows) > MOST_ROWS else ""
    return f"<div class='scrolled'><table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table></div>{more}"


def _cell(value: Any) -> str:
    """A figure with seven digits at most; what is not known is said."""
    if value is None:
        return "unknown"
    return f"{value:,.7g}" if isinstance(value, float) else html.escape(str(value))

"""Pages as data: controls, and cards that follow from the choices. A test needs no browser."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any, Literal, TypeAlias

import polars as pl
from dash import dcc, html
from dash.development.base_component import Component

from dashboards.chart import Chart
from dashboards.components.filters import AS_OF, Control, Filters, UnknownChoice, read_filters
from dashboards.components.theme import Theme
from dashboards.components.widgets import with_code
from dashboards.generations import OpenGeneration
from dashboards.query import Query

Drawing: TypeAlias = Chart | Component
Half = Literal["market", "tier", "both"]
Width = Literal["third", "half", "full"]


@dataclass(frozen=True, kw_only=True)
class Card:
    """One chart or table: a question, its rows, and a function that draws them.

    `draw` is a pure function of the rows and the theme. Cards are compared, so it must be the same
    object wherever it draws the same. Without rows, a card shows the reasons that `why` and the log
    find; `empty` stands only where neither has one.
    """

    key: str
    title: str
    query: Query
    draw: Callable[[pl.DataFrame, Theme], Drawing]
    unit: str = ""
    half: Half = "market"
    """The half of the data that the card shows, for its source and its badge."""
    width: Width = "half"
    height: int = 340
    empty: str = "No rows for this choice."
    why: Sequence[Query] = ()
    """Queries whose column `reason` says why there are no rows; asked only then."""
    note: str = ""
    events: Query | None = None
    """Events that are marked on a chart by day: rows of `date`, `kind` and `text`."""
    links: Sequence[tuple[str, str]] = ()
    """Labels and addresses of what a person may want to see next."""
    needs: Sequence[str] = ()
    """Tables without which the card says that this generation lacks them."""


@dataclass(frozen=True)
class Heading:
    """A line between cards."""

    text: str
    below: str = ""


@dataclass(frozen=True, kw_only=True)
class PageSection(Heading):
    """A heading whose cards, up to the next section, fold under it."""

    key: str
    is_folded: bool = False
    """True if the page opens without its cards; they ask nothing until somebody opens it."""


Listed: TypeAlias = Card | Heading


@dataclass(frozen=True, kw_only=True)
class Page:
    """The common part of all pages: address, name, controls, and callbacks of this page alone."""

    path: str
    name: str
    about: str
    controls: Callable[[OpenGeneration], Sequence[Control]]
    """Controls may take their options from the data."""
    register: Callable[..., None] | None = None
    """Adds the page's callbacks: called once with the app, the generations and the context."""
    needs_tier: bool = False
    """True if nothing is to be seen without a server of ours: then it says how to name one."""


@dataclass(frozen=True, kw_only=True)
class CardPage(Page):
    """A page that is a list of cards."""

    cards: Callable[[Filters, OpenGeneration], Sequence[Listed]]
    above: Callable[[Theme], Component] | None = None
    """A panel above the cards that its own callbacks keep up to date."""


@dataclass(frozen=True, kw_only=True)
class CustomPage(Page):
    """A page with a body of another kind, such as the SQL editor."""

    body: Callable[[OpenGeneration, Filters], Component]
    is_kept: bool = False
    """True if a new generation leaves the body alone, because a person may have typed in it."""


def _draw_steps(_: pl.DataFrame, __: Theme) -> Component:
    """Draw what a person does to see their own servers here."""
    steps = (
        ("Name a server", "its address is enough: its engine, models and devices are looked up"),
        ("Say which model of the market it serves", "so that its costs stand beside prices"),
        (
            "Collect",
            "`tokentide up` does it; `tokentide collect` and `tokentide ingest telemetry --follow` "
            "where it does not run",
        ),
    )
    listed = [
        html.Li([html.Strong(title), html.Span(with_code(f": {text}."))]) for title, text in steps
    ]
    link = dcc.Link("Name a server", href="/connect", className="action")
    return html.Div([html.Ol(listed), link])


CONNECT = Card(
    key="connect",
    title="No server of yours is watched yet",
    query=Query("select 1 as step"),
    draw=_draw_steps,
    half="tier",
    width="full",
)


@dataclass(frozen=True)
class PageView:
    """One page of one generation, with the choices and the theme of a viewer."""

    page: Page
    generation: OpenGeneration
    theme: Theme
    search: str

    @cached_property
    def filters(self) -> Filters:
        """The choices that the URL makes, a past day among the unknown if this is not its file."""
        filters = read_filters(self.search, self.page.controls(self.generation))
        asked, shown = filters.values.get(AS_OF, ""), self.generation.meta.past_day
        if asked in ("", shown.isoformat() if shown else ""):
            return filters
        text = f"What was known on {asked} is not in this file."
        return replace(filters, unknown=(UnknownChoice(AS_OF, asked, text), *filters.unknown))

    @property
    def is_unserved(self) -> bool:
        """True if the page would show our tier, and there is none yet."""
        return self.page.needs_tier and not self.generation.has_tier

    def cards(self) -> Sequence[Listed]:
        """Return the cards of these choices.

        A page of another kind has none, and neither has a choice that the page does not know:
        those of another choice would pass for its own.
        """
        if self.is_unserved:
            return (CONNECT,)
        filters = self.filters
        if not isinstance(self.page, CardPage) or filters.unknown:
            return ()
        return self.page.cards(filters, self.generation)


@cache
def rows_only(
    draw: Callable[[pl.DataFrame], Component],
) -> Callable[[pl.DataFrame, Theme], Component]:
    """Make a `draw` of a function that needs no theme: the same object for the same function."""

    def draw_rows(rows: pl.DataFrame, _: Theme) -> Component:
        return draw(rows)

    return draw_rows


@cache
def rows_with(
    draw: Callable[..., Component], **more: Any
) -> Callable[[pl.DataFrame, Theme], Component]:
    """Make a `draw` of a function that needs no theme but further values, all hashable."""

    def draw_rows(rows: pl.DataFrame, _: Theme) -> Component:
        return draw(rows, **more)

    return draw_rows

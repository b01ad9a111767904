"""What a page is: controls, and cards made from the filters. All of it is plain data, so that a test needs no browser."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import plotly.graph_objects as go
import polars as pl
from dash.development.base_component import Component

from dashboards.components.filters import Control, Filters
from dashboards.components.theme import Look
from dashboards.generations import Generation
from dashboards.query import Query

Drawn: TypeAlias = go.Figure | Component
Half = Literal["market", "tier", "both"]
Width = Literal["third", "half", "full"]


@dataclass(frozen=True)
class Card:
    """One chart, table or figure: a question, its rows, and how they are drawn.

    `draw` is a pure function of the rows and the look, and the very same object where it draws the same, since cards are compared.
    `empty` says why there may be no rows and what to do about it.
    """

    key: str
    title: str
    query: Query
    draw: Callable[[pl.DataFrame, Look], Drawn]
    unit: str = ""
    half: Half = "market"
    width: Width = "half"
    height: int = 340
    empty: str = "No rows for this choice."
    note: str = ""
    needs: Sequence[str] = field(default_factory=tuple)
    """Tables without which the card says that this generation does not have them."""


@dataclass(frozen=True)
class Heading:
    """A line between cards."""

    text: str
    below: str = ""


@dataclass(frozen=True)
class Page:
    """One page. `controls` may look at the data for their options; `cards` are made from the filters alone."""

    path: str
    name: str
    about: str
    controls: Callable[[Generation], Sequence[Control]]
    cards: Callable[[Filters], Sequence[Card | Heading]] = lambda filters: ()
    body: Callable[[Generation, Filters, Look], Component] | None = None
    """For a page that is no list of cards, such as the SQL editor."""
    register: Callable[..., None] | None = None
    """Adds the callbacks that only this page has: called once with the app and the sources."""
    above: Callable[[Look], Component] | None = None
    """What stands above the cards and keeps itself up to date by callbacks of its own."""
    icon: str = "•"
    extra: dict[str, Any] = field(default_factory=dict)
    cards_from: Callable[[Filters, Generation], Sequence[Card | Heading]] | None = None
    """In place of `cards` for a page whose very cards depend on the data, such as one that runs the query of a statement."""
    is_kept: bool = False
    """Whether what a person typed there must survive a new generation; the next look at the page shows the new one."""

    def cards_for(self, filters: Filters, generation: Generation) -> Sequence[Card | Heading]:
        """The cards of these choices in this generation."""
        return self.cards_from(filters, generation) if self.cards_from else self.cards(filters)

"""Quality: how far apart the best models of two sides are, who led when, what quality costs."""

from collections.abc import Sequence

from dashboards.components.filters import Control, Filters
from dashboards.components.page import Card, CardPage, Listed
from dashboards.generations import OpenGeneration
from dashboards.names import MEASURE_NAMES
from dashboards.pages.quality import figures, tables
from dashboards.query import query

EMPTY = "No measure of quality is loaded. `tokentide ingest quality` asks for them."
SIDES = (("country", "US and Chinese"), ("weights", "Closed and open"))


def controls(_: OpenGeneration) -> Sequence[Control]:
    """Return the controls: which sides, and the measure of the chart with prices."""
    return (
        Control(name="sides", label="Sides", options=SIDES, default="country"),
        Control(
            name="measure",
            label="Measure",
            options=tuple(MEASURE_NAMES.items()),
            default="arena_text",
            kind="select",
        ),
    )


def cards(filters: Filters) -> Sequence[Listed]:
    """Return the cards of these sides."""
    sides = filters["sides"]
    gaps = ("quality_gap_daily",)
    return (
        Card(
            key="gap",
            title="Gap between the best models",
            query=query("quality/gap", sides=sides),
            draw=figures.gap,
            unit="points of each measure, by day, with intervals of 95 % (Arena) and 90 % (Epoch)",
            width="full",
            height=400,
            empty=EMPTY,
            note="Each measure has another scale. Arena and Epoch AI, CC BY 4.0.",
            needs=gaps,
        ),
        Card(
            key="now",
            title="The newest gap in all its forms",
            query=query("quality/now", sides=sides),
            draw=tables.newest_gap,
            unit="newest version of each measure",
            width="full",
            empty=EMPTY,
            note="No scale has a zero, so a percentage says less than it seems to.",
            needs=gaps,
        ),
        Card(
            key="changes",
            title="Changes of the lead",
            query=query("quality/lead_changes", sides=sides),
            draw=tables.lead_changes,
            unit="days on which the other side's best model took the lead",
            width="full",
            empty="The same side led on all days that are loaded.",
            needs=("quality_lead_changes",),
        ),
        Card(
            key="price",
            title="Price against quality",
            query=query("quality/price_and_quality", measure=filters["measure"]),
            draw=figures.price_and_quality,
            unit="newest score and list price, log scale; areas are tokens in 28 days",
            width="full",
            height=440,
            empty="No model has both a score of this measure and a list price of the last weeks.",
            note="A model whose name stays open (`model_identities`) is left out.",
            needs=("model_quality", "model_prices_daily", "market_tokens_daily", "models"),
        ),
    )


QUALITY = CardPage(
    path="/quality",
    name="Quality",
    about="The best models of two sides, by public measures: gap, lead, price.",
    controls=controls,
    cards=lambda filters, _: cards(filters),
)

"""Two to five model families side by side: tokens or share, prices, and a table of figures."""

from collections.abc import Sequence

import duckdb

from dashboards.components.filters import Control, Filters, as_of_control, period_control
from dashboards.components.page import Card, CardPage, Listed
from dashboards.components.time.periods import read_held
from dashboards.generations import OpenGeneration
from dashboards.pages.compare import figures, tables
from dashboards.query import query

MAX_MODELS = 5
MEASURES = (("share", "Share"), ("tokens", "Tokens"))
UNITS = {
    "share": "share of the platform's tokens, by week",
    "tokens": "tokens a week on the platform, log scale",
}
EMPTY = "None of these families is among the 50 named models of a whole week of this period."
GAP = "A gap is a week that is not known whole, or in which the family was below the cutoff."


def controls(generation: OpenGeneration) -> Sequence[Control]:
    """Return the controls: the families, of which the two largest are the default, and more."""
    try:
        slugs = generation.frame(query("compare/families"))["member"].to_list()
    except duckdb.Error:
        slugs = []
    held = read_held(generation)
    return (
        Control(
            name="models",
            label="Models",
            options=[(slug, generation.names.full(slug)) for slug in slugs],
            default=",".join(slugs[:2]),
            kind="several",
            maximum=MAX_MODELS,
            help=f"Two to {MAX_MODELS} families; the address names them",
        ),
        Control(name="measure", label="Measure", options=MEASURES, default="share"),
        period_control(held),
        as_of_control(held, generation.meta.known_until),
    )


def cards(filters: Filters) -> Sequence[Listed]:
    """Return the cards of these families."""
    models, period = filters.several("models"), filters.period("weeks")
    measure = filters["measure"]
    asked = {"models": models, **period.values}
    return (
        Card(
            key="weeks",
            title="Tokens beside each other" if measure == "tokens" else "Shares beside each other",
            query=query("compare/weeks", **asked),
            draw=figures.MEASURES[measure],
            unit=f"{UNITS[measure]}; {period.words}",
            width="full",
            height=400,
            empty=EMPTY,
            note=GAP,
            needs=("market_share_weekly",),
        ),
        Card(
            key="prices",
            title="List prices beside each other",
            query=query("compare/prices", **asked),
            draw=figures.prices,
            unit="$/Mtok, three parts prompt to one part completion; of several "
            f"listings the cheapest; {period.words}",
            width="full",
            height=340,
            note="A family without a line has no list price by token in these catalogues.",
            empty="No catalogue of this period has a price by token of one of these families.",
            needs=("model_prices_daily", "models"),
        ),
        Card(
            key="table",
            title="Side by side",
            query=query("compare/side_by_side", models=models, last=period.last),
            draw=tables.side_by_side,
            unit="newest whole week and newest prices and samples of the period",
            half="both",
            width="full",
            empty="Choose the families above.",
            needs=(
                "market_share_weekly",
                "market_tokens_daily",
                "model_prices_daily",
                "endpoint_speed",
                "launch_half_lives",
                "models",
            ),
        ),
    )


COMPARE = CardPage(
    path="/compare",
    name="Compare models",
    about="Two to five model families side by side: volume, price, hosts, speed, life.",
    controls=controls,
    cards=lambda filters, _: cards(filters),
)

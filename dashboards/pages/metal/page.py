"""Market and metal: cost and speed of our tokens beside the market's of the same model."""

from collections.abc import Sequence

from dashboards.components.filters import Control, Filters
from dashboards.components.page import Card, CardPage, Listed, rows_only
from dashboards.generations import OpenGeneration
from dashboards.names import MEASURE_NAMES
from dashboards.pages.metal import at_quality, figures, make_or_buy
from dashboards.query import Query, query

METRICS = (("ttft", "Time to first token"), ("throughput", "Tokens per second"))
UNITS = {
    "ttft": "milliseconds to the first token",
    "throughput": "tokens per second of one request",
}
EMPTY = "No day of this service and family is known in both halves yet."
WHAT_IF = (
    "What if: the newest day's measured throughput and power, at the factors above. "
    "Peaks and another mix of tokens are not in it."
)
NEEDS = (
    "make_or_buy_daily",
    "local_cost_daily",
    "service_make_or_buy_daily",
    "service_cost_daily",
    "services",
)


def controls(generation: OpenGeneration) -> Sequence[Control]:
    """Return the controls: service and family, the three what-ifs, and the speed to compare."""
    pairs = _pairs(generation) or [("|", "nothing served")]
    return (
        Control(
            name="pair",
            label="Service and family",
            options=pairs,
            default=pairs[0][0],
            kind="select",
        ),
        Control(
            name="load",
            label="Load",
            default="0.5",
            kind="slider",
            minimum=0.05,
            maximum=1.0,
            step=0.05,
            help="Part of the time that devices are busy",
        ),
        Control(
            name="energy",
            label="Energy price, times",
            default="1",
            kind="slider",
            minimum=0.25,
            maximum=4.0,
            step=0.25,
        ),
        Control(
            name="amortisation",
            label="Years of amortisation, times",
            default="1",
            kind="slider",
            minimum=0.25,
            maximum=3.0,
            step=0.25,
        ),
        Control(name="metric", label="Speed", options=METRICS, default="ttft"),
        Control(
            name="measure",
            label="Measure of quality",
            options=tuple(MEASURE_NAMES.items()),
            default="arena_text",
            kind="select",
        ),
    )


def _pairs(generation: OpenGeneration) -> list[tuple[str, str]]:
    """Return services and families, and below them the targets of services that have several."""
    if not generation.tables.issuperset(("local_vs_market_daily", "services")):
        return []
    rows = generation.frame(query("metal/pairs")).to_dicts()
    names = generation.names
    return [
        (
            f"{row['who']}|{row['model_family']}",
            f"{row['label']} · {names.name(row['model_family'])}",
        )
        for row in rows
    ]


def cards(filters: Filters) -> Sequence[Listed]:
    """Return the cards of these choices."""
    who, _, family = filters["pair"].partition("|")
    pair = {"who": who, "family": family}
    what_if = {name: filters.number(name) for name in ("load", "energy", "amortisation")}
    curve = query("metal/curve", **pair, **what_if)
    unresolved = query("components/unresolved", who=who)
    why = (query("metal/reasons", **pair), unresolved)
    return (
        *_make_or_buy_cards(curve, what_if["load"], why),
        *_day_cards(pair, why),
        *_quality_cards(pair, filters["measure"], why),
        *_comparison_cards(pair, filters["metric"]),
    )


def _make_or_buy_cards(curve: Query, load: float, why: Sequence[Query]) -> Sequence[Listed]:
    return (
        Card(
            key="verdict",
            title="Make or buy, at the chosen load",
            query=curve,
            draw=rows_only(make_or_buy.verdict),
            unit="what if; $/Mtok of our own mix",
            half="both",
            width="full",
            height=120,
            empty=EMPTY,
            why=why,
            needs=NEEDS,
        ),
        Card(
            key="curve",
            title="Make or buy, by load",
            query=curve,
            draw=make_or_buy.cost_by_load(load),
            unit="what if; $/Mtok of our own mix",
            half="both",
            width="full",
            height=420,
            empty=EMPTY,
            why=why,
            note=WHAT_IF,
            needs=NEEDS,
        ),
    )


def _day_cards(pair: dict[str, str], why: Sequence[Query]) -> Sequence[Listed]:
    return (
        Card(
            key="days",
            title="Our cost and the market's prices, by day",
            query=query("metal/days", **pair),
            draw=figures.cost_by_day,
            unit="$/Mtok of our own mix; bars are bounds",
            half="both",
            empty=EMPTY,
            why=why,
            needs=NEEDS,
        ),
        Card(
            key="share",
            title="Our share of the family's market",
            query=query("metal/share", **pair),
            draw=figures.share,
            unit="our tokens over the market's, by UTC day",
            half="both",
            empty=EMPTY,
            why=why,
            note="A gap: the market did not show the family that day, so its tokens are unknown.",
            needs=("local_vs_market_daily", "services"),
        ),
    )


def _quality_cards(pair: dict[str, str], measure: str, why: Sequence[Query]) -> Sequence[Listed]:
    return (
        Card(
            key="at_quality",
            title="Make or buy at equal quality",
            query=query("metal/at_quality", **pair),
            draw=at_quality.comparison,
            unit="$/Mtok of our own mix, list prices of the newest day that both halves have",
            half="both",
            width="full",
            empty=EMPTY,
            why=why,
            note="At least as good: a score not below the interval of ours, by the version that "
            "held on that day. Scores are of the published weights, before quantisation. Arena and "
            "Epoch AI, CC BY 4.0.",
            needs=("make_or_buy_at_quality_daily", "services"),
        ),
        Card(
            key="cost_per_quality",
            title="Cost per quality",
            query=query("metal/cost_per_quality", **pair, measure=measure),
            draw=at_quality.cost_per_quality,
            unit="score and $/Mtok of our own mix, log scale; list prices of the day of our cost",
            half="both",
            width="full",
            height=440,
            empty=EMPTY,
            why=why,
            note="Other models are shown where our version of the measure is still the newest. "
            "No scale has a zero, so dollars a point would say nothing.",
            needs=(
                "make_or_buy_at_quality_daily",
                "model_quality",
                "model_prices_daily",
                *NEEDS,
            ),
        ),
    )


def _comparison_cards(pair: dict[str, str], metric: str) -> Sequence[Listed]:
    return (
        Card(
            key="parity",
            title="Our speed among hosts of the same model",
            query=query("metal/parity", **pair, metric=metric),
            draw=figures.parity(metric),
            unit=f"{UNITS[metric]}; median of sampled half hours, newest day",
            half="both",
            empty="No day has a speed of ours and of hosts of this family.",
            why=(query("components/unresolved", who=pair["who"]),),
            note="Nearest: weights of as many bits as ours, or of the next number. "
            "Theirs includes the way through a network, ours does not. Of a service: its replica "
            "with most hours.",
            needs=("speed_parity_daily", "speed_parity_hosts_daily", "services"),
        ),
        Card(
            key="devices",
            title="Devices for a share of the market",
            query=query("metal/devices", **pair),
            draw=figures.devices,
            unit="what if; devices busy all day at our measured throughput",
            half="both",
            empty=EMPTY,
            why=(query("metal/device_reasons", **pair),),
            note="Peaks and spares are not in it.",
            needs=("devices_for_share_daily", "service_cost_daily", "services"),
        ),
    )


METAL = CardPage(
    path="/metal",
    name="Market and metal",
    about="Cost and speed of our tokens, beside the market's of the same model.",
    controls=controls,
    cards=lambda filters, _: cards(filters),
    needs_tier=True,
)

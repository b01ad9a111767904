"""Market and metal: what our tokens cost and how fast they come, beside the market's of the same model."""

from collections.abc import Sequence

from dashboards.components.filters import Control, Filters
from dashboards.components.page import Card, Heading, Page
from dashboards.generations import Generation
from dashboards.pages.metal import figures
from dashboards.query import query

METRICS = (("ttft", "Time to first token"), ("throughput", "Tokens per second"))
EMPTY = "Nothing that we serve was found in the market yet: served_models says why, and served_model_candidates what it may be."
BUYING = ("make_or_buy_daily", "local_cost_daily")


def controls(generation: Generation) -> Sequence[Control]:
    """Which target and family, and the three what-ifs."""
    has = "local_vs_market_daily" in generation.tables
    pairs = (
        [
            f"{row['target']}|{row['model_family']}"
            for row in generation.frame(query("metal/pairs")).to_dicts()
        ]
        if has
        else []
    )
    options = [(pair, pair.replace("|", " · ")) for pair in pairs] or [("|", "nothing served")]
    return (
        Control("pair", "Target and family", options, options[0][0], "select"),
        Control(
            "load",
            "Load",
            default="0.5",
            kind="slider",
            least=0.05,
            most=1.0,
            step=0.05,
            help="Part of the time that devices are busy",
        ),
        Control(
            "energy",
            "Energy price, times",
            default="1",
            kind="slider",
            least=0.25,
            most=4.0,
            step=0.25,
        ),
        Control(
            "amortisation",
            "Years of amortisation, times",
            default="1",
            kind="slider",
            least=0.25,
            most=3.0,
            step=0.25,
        ),
        Control("metric", "Speed", METRICS, "ttft"),
    )


def cards(filters: Filters) -> Sequence[Card | Heading]:
    """The cards of these choices."""
    target, _, family = filters["pair"].partition("|")
    pair = {"target": target, "family": family}
    what_if = {name: filters.number(name) for name in ("load", "energy", "amortisation")}
    curve = query("metal/curve", **pair, **what_if)
    unpriced = f"{EMPTY} Or a price or a cost is missing: make_or_buy_daily has the reason."
    note = "What if: the newest day's measured throughput and power, at the factors above. It knows no peaks and no other mix of tokens."
    return (
        Card("verdict", "Make or buy, at the chosen load", curve, figures.verdict, "what if; USD per million tokens of our own mix",
             "both", "full", 120, empty=unpriced, needs=BUYING),
        Card("curve", "Make or buy, by load", curve, figures.make_or_buy(what_if["load"]), "what if; USD per million tokens of our own mix",
             "both", "full", 420, empty=unpriced, note=note, needs=BUYING),
        Card("days", "Our cost and the market's prices, by day", query("metal/days", **pair), figures.days,
             "USD per million tokens of our own mix; bars are bounds", "both", empty=EMPTY, needs=BUYING),
        Card("share", "Our share of the family's market", query("metal/share", **pair), figures.share,
             "our tokens over the market's, by UTC day", "both", empty=EMPTY,
             note="A gap: the market did not show the family that day, so its tokens are unknown.", needs=("local_vs_market_daily",)),
        Card("parity", "Our speed among hosts of the same model", query("metal/parity", **pair, metric=filters["metric"]),
             figures.parity(filters["metric"]), f"{figures.UNITS[filters['metric']]}; median of sampled half hours, newest day", "both",
             empty="No latency of ours, or the model was not found in the market.",
             note="Nearest: of as many bits a weight as ours, or of the next number. Ours has no way through a network in it; theirs has.",
             needs=("speed_parity_daily", "speed_parity_hosts_daily")),
        Card("devices", "Devices for a share of the market", query("metal/devices", **pair), figures.devices,
             "what if; devices busy all day at our measured throughput", "both", empty=EMPTY,
             note="No peaks and no spares in it.", needs=("devices_for_share_daily",)),
    )  # fmt: skip


METAL = Page(
    "/metal", "Market and metal", "What our tokens cost and how fast they come, beside the market's of the same model.", controls, cards,
)  # fmt: skip

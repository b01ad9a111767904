"""One model family: how much it serves, at which price and how fast, since when, and our own tier beside it."""

from collections.abc import Sequence

import duckdb

from dashboards.components.filters import Control, Filters
from dashboards.components.page import Card, Heading, Page
from dashboards.generations import Generation
from dashboards.pages.market.figures import bounded_shares
from dashboards.pages.model import figures
from dashboards.query import query

FAMILIES = query("model/families")
UNRANKED = "This family never ranked among the 50 named models, so its tokens are below the cutoff of every day. That is not zero."


def controls(generation: Generation) -> Sequence[Control]:
    """The family, the largest one unless another is chosen."""
    try:
        names = generation.frame(FAMILIES)["member"].to_list()
    except duckdb.Error:
        names = []
    return (
        Control(
            "family",
            "Family",
            [(name, name) for name in names],
            names[0] if names else "",
            kind="select",
        ),
    )


def cards(filters: Filters) -> Sequence[Card | Heading]:
    """Everything about the chosen family."""
    family = filters["family"]
    return (*_market(family), *_prices(family), *_life(family), *_ours(family))


def _market(family: str) -> Sequence[Card | Heading]:
    bounds = query(
        "market/bounds",
        basis="platform",
        attribution="releasing_lab",
        dimension="family",
        member=family,
        weeks=1000,
        top=1,
    )
    return (
        Card(
            "summary", family or "No family", query("model/summary", family=family), figures.summary, unit="newest whole week, platform",
            width="full",
            height=90, empty=UNRANKED, needs=("market_share_weekly", "market_tokens_daily", "market_days"),
        ),
        Card(
            "tokens", f"Tokens of {family}", query("model/tokens", family=family), figures.daily_tokens,
            unit="tokens a day by listing, log scale; a gap is a day below the cutoff or missing", width="full", height=360, empty=UNRANKED,
            needs=("market_tokens_daily", "market_days"),
        ),
        Card(
            "share", f"Share of {family}, with bounds", bounds, bounded_shares, unit="share of the platform's tokens, by week",
            empty=UNRANKED,
            needs=("market_share_weekly",), note="The band ends where all that no family is known of would belong to it.",
        ),
        Card(
            "places", f"Place of {family} among families", bounds, figures.places, unit="place by tokens on the platform, by week",
            empty=UNRANKED,
            needs=("market_share_weekly",),
        ),
    )  # fmt: skip


def _prices(family: str) -> Sequence[Card | Heading]:
    hosts = query("model/hosts", family=family)
    needs = ("endpoint_speed", "models", "served_latency_hourly", "served_models")
    no_hosts = "Its hosts were not asked about: only those of the largest models are."
    return (
        Heading("Prices and hosts"),
        Card(
            "prices", f"Prices of {family}", query("model/prices", family=family), figures.prices,
            unit="USD per million tokens; full sign prompt, open sign completion",
            height=360, empty="No price is known: it does not resolve to one entry of the catalogue, or is free or priced by request.",
            needs=("model_prices_daily", "models"),
        ),
        Card(
            "speeds", f"Speed of the hosts of {family}", hosts, figures.host_speeds,
            unit="up and left is better; hosts' own medians over 30 minutes",
            half="both", height=360, empty=no_hosts, needs=needs,
            note="A sample of one half-hour of the hosts' users. Ours is the median of an hour of our own; loads and prompts differ.",
        ),
        Card(
            "hosts", f"Hosts of {family}", hosts, figures.hosts, unit="newest look at each; USD per million tokens", half="both",
            width="full",
            height=350, empty=no_hosts, needs=needs,
        ),
        Card(
            "price-events", "Changes of price, and the share around them", query("model/price_events", family=family), figures.price_events,
            unit="USD per million tokens; elasticity is an estimate, of what went together and not of cause", width="full", height=310,
            empty="No change of price was seen since prices are collected.", needs=("price_events", "models"),
        ),
    )  # fmt: skip


def _life(family: str) -> Sequence[Card | Heading]:
    return (
        Heading("Its life, and what it is used for"),
        Card(
            "half-life", "How fast it fades", query("model/half_life", family=family), figures.half_life,
            unit="weeks in which its share of the platform halves", width="full", height=90,
            empty="It never ranked.", needs=("launch_half_lives",),
        ),
        Card(
            "cohort", "Since the launch, beside all families", query("model/cohort", family=family), figures.cohort,
            unit="weekly share over that of the family's best week", empty="Its launch is not in the data.", needs=("launch_cohorts",),
            note="A gap is a week in which it did not rank. Families whose launch lies before the data are not among all families, "
            "which are drawn for weeks that at least five of them reached.",
        ),
        Card(
            "tasks", f"Tasks in which {family} is among the largest", query("model/tasks", family=family), figures.tasks,
            unit="share of the task's sampled tokens, newest seven-day window", empty="It is not among the listed models of any task.",
            needs=("market_task_models_daily", "market_tasks_daily", "models"),
        ),
        Card(
            "benchmarks", "Scores", query("model/benchmarks", family=family), figures.benchmarks,
            unit="each on the scale of its metric; not comparable", width="full",
            empty="No board that we read has scored it.", needs=("model_benchmarks", "models"),
        ),
    )  # fmt: skip


def _ours(family: str) -> Sequence[Card | Heading]:
    return (
        Heading("Our tier beside it"),
        Card(
            "ours", f"Our serving of {family}", query("model/ours", family=family), figures.ours,
            unit="newest whole hour with tokens, and newest day with a cost, of each target",
            half="both",
            width="full", height=90,
            empty="No target of ours serves this family, or none is known by this name in the market (`model_map` of the tier file).",
            needs=("local_efficiency_hourly", "served_models", "served_tokens_hourly", "make_or_buy_daily", "local_vs_market_daily"),
        ),
    )  # fmt: skip


MODEL = Page(
    "/model",
    "Model",
    "One model family: volume, place, price, hosts, life, and our own serving of it.",
    controls,
    cards,
)

"""The page of one model family: tokens, price, speed, life, and our own tier beside it."""

from collections.abc import Sequence

import duckdb

from dashboards.components.filters import Control, Filters
from dashboards.components.page import Card, CardPage, Heading, Listed, rows_only
from dashboards.components.shares import bounded_shares
from dashboards.generations import OpenGeneration
from dashboards.pages.model import figures, hosts, ours, tables
from dashboards.query import query

UNRANKED = (
    "This family is not among the 50 named models of any day that is loaded, so its tokens are "
    "below the cutoff of each of them. That is not zero."
)
NO_HOSTS = "No host of this family is in the samples that are loaded."
HOST_TABLES = ("endpoint_speed", "models", "served_latency_hourly", "served_models")


def controls(generation: OpenGeneration) -> Sequence[Control]:
    """Return the control of the family; the largest one is the default."""
    try:
        names = generation.frame(query("model/families"))["member"].to_list()
    except duckdb.Error:
        names = []
    return (
        Control(
            name="family",
            label="Family",
            options=[(name, name) for name in names],
            default=names[0] if names else "",
            kind="select",
        ),
    )


def cards(filters: Filters) -> Sequence[Listed]:
    """Return the cards of the chosen family."""
    family = filters["family"]
    return (
        *_token_cards(family),
        *_share_cards(family),
        *_host_cards(family),
        *_price_cards(family),
        *_life_cards(family),
        *_use_cards(family),
        *_our_cards(family),
    )


def _token_cards(family: str) -> Sequence[Listed]:
    return (
        Card(
            key="summary",
            title=family or "No family",
            query=query("model/summary", family=family),
            draw=rows_only(tables.summary),
            unit="newest whole week, platform",
            width="full",
            height=90,
            empty=UNRANKED,
            needs=("market_share_weekly", "market_tokens_daily", "market_days"),
        ),
        Card(
            key="tokens",
            title=f"Tokens of {family}",
            query=query("model/tokens", family=family),
            draw=figures.daily_tokens,
            unit="tokens a day by listing, log scale; a gap is a day below the cutoff or missing",
            width="full",
            height=360,
            empty=UNRANKED,
            needs=("market_tokens_daily", "market_days"),
        ),
    )


def _share_cards(family: str) -> Sequence[Listed]:
    bounds = query(
        "components/bounds",
        basis="platform",
        attribution="releasing_lab",
        dimension="family",
        member=family,
        weeks=1000,
        top=1,
    )
    return (
        Card(
            key="share",
            title=f"Share of {family}, with bounds",
            query=bounds,
            draw=bounded_shares,
            unit="share of the platform's tokens, by week",
            empty=UNRANKED,
            needs=("market_share_weekly",),
            note="The band ends where the family would be if all tokens of unknown families "
            "belonged to it.",
        ),
        Card(
            key="places",
            title=f"Rank of {family} among families",
            query=bounds,
            draw=figures.ranks,
            unit="rank by tokens on the platform, by week",
            empty=UNRANKED,
            needs=("market_share_weekly",),
        ),
    )


def _host_cards(family: str) -> Sequence[Listed]:
    asked = query("model/hosts", family=family)
    return (
        Heading("Prices and hosts"),
        Card(
            key="prices",
            title=f"Prices of {family}",
            query=query("model/prices", family=family),
            draw=figures.prices,
            unit="USD per million tokens; full sign prompt, open sign completion",
            height=360,
            empty="No loaded catalogue has a price by token of this family.",
            why=(query("model/price_reasons", family=family),),
            needs=("model_prices_daily", "models"),
        ),
        Card(
            key="speeds",
            title=f"Speed of the hosts of {family}",
            query=asked,
            draw=hosts.host_speeds,
            unit="up and left is better; hosts' own medians over 30 minutes",
            half="both",
            height=360,
            empty=NO_HOSTS,
            why=(query("model/host_reasons"),),
            needs=HOST_TABLES,
            note="A sample of one half hour of the hosts' users. Ours is the median of an hour of "
            "our users; loads and prompts differ.",
        ),
        Card(
            key="hosts",
            title=f"Hosts of {family}",
            query=asked,
            draw=rows_only(tables.hosts),
            unit="newest sample of each; USD per million tokens",
            half="both",
            width="full",
            height=350,
            empty=NO_HOSTS,
            why=(query("model/host_reasons"),),
            needs=HOST_TABLES,
        ),
    )


def _price_cards(family: str) -> Sequence[Listed]:
    return (
        Card(
            key="price-events",
            title="Changes of price, and the share around them",
            query=query("model/price_events", family=family),
            draw=rows_only(tables.price_events),
            unit="USD per million tokens; elasticity is an estimate of what went together, "
            "not of cause",
            width="full",
            height=310,
            empty="No price of this family differs between two catalogues that are loaded.",
            needs=("price_events", "models"),
        ),
    )


def _life_cards(family: str) -> Sequence[Listed]:
    return (
        Heading("Life and use"),
        Card(
            key="half-life",
            title="How fast it fades",
            query=query("model/half_life", family=family),
            draw=rows_only(tables.half_life),
            unit="weeks in which its share of the platform halves",
            width="full",
            height=90,
            empty=UNRANKED,
            needs=("launch_half_lives",),
        ),
        Card(
            key="cohort",
            title="Since the launch, beside all families",
            query=query("model/cohort", family=family),
            draw=figures.cohort,
            unit="weekly share over that of the family's best week",
            empty="No launch of this family is in the weeks that are loaded.",
            needs=("launch_cohorts",),
            note="A gap is a week in which it did not rank. All families are those whose launch "
            "is in the data, in weeks that at least five of them reached.",
        ),
    )


def _use_cards(family: str) -> Sequence[Listed]:
    return (
        Card(
            key="tasks",
            title=f"Tasks in which {family} is among the largest",
            query=query("model/tasks", family=family),
            draw=figures.tasks,
            unit="share of the task's sampled tokens, newest seven-day window",
            empty="It is not among the listed models of any task that is loaded.",
            needs=("market_task_models_daily", "market_tasks_daily", "models"),
        ),
        Card(
            key="benchmarks",
            title="Scores",
            query=query("model/benchmarks", family=family),
            draw=rows_only(tables.benchmarks),
            unit="each on the scale of its metric; not comparable",
            width="full",
            empty="No score of it is in the answers that are loaded.",
            needs=("model_benchmarks", "models"),
        ),
    )


def _our_cards(family: str) -> Sequence[Listed]:
    return (
        Heading("Our tier beside it"),
        Card(
            key="ours",
            title=f"Our serving of {family}",
            query=query("model/ours", family=family),
            draw=rows_only(ours.ours),
            unit="newest whole hour with tokens, and newest day with a cost, of each service",
            half="both",
            width="full",
            height=90,
            empty="No server of ours serves this family.",
            why=(query("model/our_reasons", family=family),),
            needs=(
                "local_efficiency_hourly",
                "service_efficiency_hourly",
                "served_models",
                "service_make_or_buy_daily",
                "local_vs_market_daily",
            ),
        ),
    )


MODEL = CardPage(
    path="/model",
    name="Model",
    about="One model family: volume, rank, price, hosts, life, and our own serving of it.",
    controls=controls,
    cards=lambda filters, _: cards(filters),
)

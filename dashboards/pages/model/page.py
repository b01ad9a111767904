"""The page of one model family: tokens, price, speed, life, and our own tier beside it."""

from collections.abc import Sequence

import duckdb

from dashboards.components.filters import (
    MARKS,
    Control,
    Filters,
    as_of_control,
    href,
    period_control,
)
from dashboards.components.page import Card, CardPage, Listed, PageSection, rows_only
from dashboards.components.shares import bounded_shares
from dashboards.components.time.events import market_events
from dashboards.components.time.periods import DayRange, read_held
from dashboards.generations import OpenGeneration
from dashboards.pages.model import figures, hosts, ours, tables
from dashboards.query import Query, query

UNRANKED = (
    "This family is not among the 50 named models of any day that is loaded, so its tokens are "
    "below the cutoff of each of them. That is not zero."
)
NOT_IN_PERIOD = (
    "This family is not among the 50 named models of any day of this period, so its tokens are "
    "below the cutoff of each of them. That is not zero."
)
NO_HOSTS = "No host of this family is in the samples that are loaded."
HOST_TABLES = ("endpoint_speed", "models", "served_latency_hourly", "served_models")


def controls(generation: OpenGeneration) -> Sequence[Control]:
    """Return the controls: the family, of which the largest is the default, and the period."""
    try:
        slugs = generation.frame(query("model/families"))["member"].to_list()
    except duckdb.Error:
        slugs = []
    held = read_held(generation)
    return (
        Control(
            name="family",
            label="Family",
            options=[(slug, generation.names.full(slug)) for slug in slugs],
            default=slugs[0] if slugs else "",
            kind="select",
        ),
        period_control(held, "all"),
        MARKS,
        as_of_control(held, generation.meta.known_until),
    )


def cards(filters: Filters, generation: OpenGeneration) -> Sequence[Listed]:
    """Return the cards of the chosen family."""
    family, period = filters["family"], filters.period("weeks")
    name = generation.names.name(family)
    events = market_events(period, family) if filters["marks"] == "on" else None
    return (
        *_token_cards(family, name, period, events),
        *_share_cards(family, name, period),
        *_host_cards(family, name, period, events),
        *_our_cards(family, name),
        *_price_cards(family),
        *_life_cards(family),
        *_use_cards(family, name),
    )


def _token_cards(
    family: str, name: str, period: DayRange, events: Query | None
) -> Sequence[Listed]:
    return (
        Card(
            key="summary",
            title=name or "No family",
            query=query("model/summary", family=family),
            draw=tables.summary,
            unit=f"`{family}`; newest whole week, platform",
            width="full",
            height=90,
            empty=UNRANKED,
            links=(("Compare it with others", href("/compare", models=family)),),
            needs=("market_share_weekly", "market_tokens_daily", "market_days"),
        ),
        Card(
            key="tokens",
            title=f"Tokens of {name}",
            query=query("model/tokens", family=family, **period.values),
            draw=figures.daily_tokens,
            events=events,
            unit="tokens a day by listing, log scale; a gap is a day below the cutoff or missing; "
            f"{period.words}",
            width="full",
            height=360,
            empty=NOT_IN_PERIOD,
            needs=("market_tokens_daily", "market_days"),
        ),
    )


def _share_cards(family: str, name: str, period: DayRange) -> Sequence[Listed]:
    bounds = query(
        "components/bounds",
        basis="platform",
        attribution="releasing_lab",
        dimension="family",
        member=family,
        **period.values,
        top=1,
    )
    return (
        Card(
            key="share",
            title=f"Share of {name}, with bounds",
            query=bounds,
            draw=bounded_shares,
            unit="share of the platform's tokens, by week",
            empty=NOT_IN_PERIOD,
            needs=("market_share_weekly",),
            note="The band ends where the family would be if all tokens of unknown families "
            "belonged to it.",
        ),
        Card(
            key="places",
            title=f"Rank of {name} among families",
            query=bounds,
            draw=figures.ranks,
            unit="rank by tokens on the platform, by week",
            empty=NOT_IN_PERIOD,
            needs=("market_share_weekly",),
        ),
    )


def _host_cards(family: str, name: str, period: DayRange, events: Query | None) -> Sequence[Listed]:
    asked = query("model/hosts", family=family)
    return (
        PageSection("Prices and hosts", key="hosts"),
        Card(
            key="prices",
            title=f"Prices of {name}",
            query=query("model/prices", family=family, **period.values),
            draw=figures.prices,
            events=events,
            unit="$/Mtok; full sign prompt, open sign completion",
            height=360,
            empty="No catalogue of this period has a price by token of this family.",
            why=(query("model/price_reasons", family=family),),
            needs=("model_prices_daily", "models"),
        ),
        Card(
            key="speeds",
            title=f"Speed of the hosts of {name}",
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
            title=f"Hosts of {name}",
            query=asked,
            draw=rows_only(tables.hosts),
            unit="newest sample of each; $/Mtok",
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
        PageSection("Changes of price", key="price-changes", is_folded=True),
        Card(
            key="price-events",
            title="Changes of price, and the share around them",
            query=query("model/price_events", family=family),
            draw=tables.price_events,
            unit="$/Mtok; elasticity is an estimate of what went together, not of cause",
            width="full",
            height=310,
            empty="No price of this family differs between two catalogues that are loaded.",
            needs=("price_events", "models"),
        ),
    )


def _life_cards(family: str) -> Sequence[Listed]:
    return (
        PageSection("Life and use", key="life", is_folded=True),
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


def _use_cards(family: str, name: str) -> Sequence[Listed]:
    return (
        Card(
            key="tasks",
            title=f"Tasks in which {name} is among the largest",
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
            draw=tables.benchmarks,
            unit="each on the scale of its metric; not comparable",
            width="full",
            empty="No score of it is in the answers that are loaded.",
            needs=("model_benchmarks", "models"),
        ),
    )


def _our_cards(family: str, name: str) -> Sequence[Listed]:
    return (
        PageSection("Our tier beside it", key="ours"),
        Card(
            key="ours",
            title=f"Our serving of {name}",
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
    cards=cards,
)

"""The overview: how the market and our own tier stand, how fresh the figures are, what is wrong."""

from collections.abc import Sequence

from dashboards.components.page import Card, CardPage, Listed, PageSection, rows_only
from dashboards.components.served import REACH, SERVICES
from dashboards.components.shares import bounded_shares
from dashboards.components.time.periods import DayRange, find_period
from dashboards.generations import OpenGeneration
from dashboards.pages.overview import figures, tables
from dashboards.query import query

MARKET_EMPTY = "No whole week of the market is known yet. Run `tokentide ingest market`."
TIER_EMPTY = (
    "Nothing of our tier was collected yet. Name its targets in tier.toml, run `tokentide collect` "
    "beside it, then `tokentide ingest telemetry`."
)
BOUNDS = (
    "The band ends where the member would be if everything unknown, `other` included, belonged "
    "to it."
)
SHARES = ("market_share_weekly",)
MAX_SERVICES = 6


def cards(generation: OpenGeneration) -> Sequence[Listed]:
    """Return both halves, the market first, then what is wrong."""
    year = find_period(generation, "52")
    return (
        *_now_cards(),
        *_platform_cards(),
        *_bound_cards(year),
        *_tier_cards(),
        *_state_cards(),
    )


def _now_cards() -> Sequence[Listed]:
    return (
        Card(
            key="week",
            title="The market in its newest whole week",
            query=query("overview/week"),
            draw=tables.week,
            unit="share of all tokens of the platform; authors and countries by releasing lab",
            width="full",
            height=90,
            empty=MARKET_EMPTY,
            needs=SHARES,
        ),
        Card(
            key="tier",
            title="Our tier, and what the market asks for the same tokens",
            query=query("overview/tier"),
            draw=tables.tier,
            unit="$/Mtok of the same day and mix, prompt and generated; "
            "the Market and metal page has the rest",
            half="both",
            width="full",
            height=90,
            empty=TIER_EMPTY,
            why=REACH,
            needs=("service_make_or_buy_daily", "served_models", *SERVICES),
        ),
    )


def _platform_cards() -> Sequence[Listed]:
    return (
        PageSection("The market by week", key="market"),
        Card(
            key="platform",
            title="Tokens of the platform by week",
            query=query("overview/platform"),
            draw=figures.platform,
            unit="tokens a week; a cross is a week not known whole",
            height=300,
            empty=MARKET_EMPTY,
            needs=("market_days",),
        ),
        Card(
            key="leaders",
            title="The largest authors, and where they stood four weeks before",
            query=query("overview/leaders"),
            draw=figures.leaders,
            unit="share of the platform's tokens in the newest whole week; whiskers are bounds",
            height=300,
            empty=MARKET_EMPTY,
            needs=SHARES,
        ),
    )


def _bound_cards(period: DayRange) -> Sequence[Listed]:
    choice = {"basis": "platform", "attribution": "releasing_lab", **period.values}
    countries = {**choice, "dimension": "country", "member": "", "top": 2}
    open_weights = {**choice, "dimension": "weights", "member": "open", "top": 1}
    return (
        Card(
            key="countries",
            title="Share by country of the releasing lab, with bounds",
            query=query("components/bounds", **countries),
            draw=bounded_shares,
            unit="share of the platform's tokens, by week",
            height=300,
            empty=MARKET_EMPTY,
            note=BOUNDS,
            needs=SHARES,
        ),
        Card(
            key="open",
            title="Share of models with open weights, with bounds",
            query=query("components/bounds", **open_weights),
            draw=bounded_shares,
            unit="share of the platform's tokens, by week",
            height=300,
            empty=MARKET_EMPTY,
            note=BOUNDS,
            needs=SHARES,
        ),
    )


def _tier_cards() -> Sequence[Listed]:
    return (
        PageSection("Our tier", key="tier"),
        Card(
            key="minutes",
            title="Tokens that our tier generated",
            query=query("overview/minutes", max_services=MAX_SERVICES),
            draw=figures.minutes,
            unit="tokens a minute, mean of ten minutes, the day to the newest scrape; UTC; "
            "a gap is a time without scrapes",
            half="tier",
            width="full",
            height=240,
            empty=TIER_EMPTY,
            why=REACH,
            needs=("served_tokens_minutely", *SERVICES),
        ),
    )


def _state_cards() -> Sequence[Listed]:
    return (
        PageSection("Problems, and how fresh the figures are", key="state"),
        Card(
            key="problems",
            title="Open problems",
            query=query("overview/problems"),
            draw=rows_only(tables.problems),
            unit="what is wrong in this generation",
            half="both",
            width="full",
            height=300,
            empty="Nothing is wrong in this generation: no day missing, nothing quarantined, "
            "no gap in the last day.",
            needs=(
                "ingest_log",
                "ingest_quarantine",
                "market_days",
                "served_models",
                "served_token_disagreements",
                "served_tokens_minutely",
                *SERVICES,
            ),
        ),
        Card(
            key="freshness",
            title="How fresh each source is",
            query=query("overview/freshness"),
            draw=rows_only(tables.freshness),
            unit="hours before this generation was built",
            width="full",
            half="both",
            height=300,
            empty="No source was asked yet. Run `tokentide ingest market`.",
            needs=("ingest_log", "served_tokens_minutely", *SERVICES),
        ),
    )


OVERVIEW = CardPage(
    path="/",
    name="Overview",
    about="How the market and our own tier stand, how fresh the figures are, and what is wrong.",
    controls=lambda _: (),
    cards=lambda _, generation: cards(generation),
)

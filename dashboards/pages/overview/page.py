"""The state of both halves in one screen."""

from collections.abc import Sequence

from dashboards.components.filters import Control, Filters
from dashboards.components.page import Card, Heading, Page
from dashboards.generations import Generation
from dashboards.pages.market.figures import bounded_shares
from dashboards.pages.overview import figures
from dashboards.query import query

PLATFORM = {"basis": "platform", "attribution": "releasing_lab"}
MARKET_EMPTY = "No whole week of the market is known yet. Run `tokentide ingest market`."
TIER_EMPTY = "Nothing of our tier was collected yet. Name its targets in tier.toml and run `tokentide scrape`."
MAX_TARGETS = 6
BOUNDS = "The band ends where all that is unknown, `other` included, would belong to the member."


def controls(generation: Generation) -> Sequence[Control]:
    """None: this page says how things stand."""
    return ()


def cards(filters: Filters) -> Sequence[Card | Heading]:
    """Both halves, the market first, then what is amiss."""
    return (*_market(), *_tier(), *_state())


def _market() -> Sequence[Card | Heading]:
    needs = ("market_share_weekly",)
    bounds = {**PLATFORM, "member": "", "weeks": 52}
    return (
        Card(
            "week", "The market in its newest whole week", query("overview/week"), figures.week,
            unit="share of all tokens of the platform; authors and countries by releasing lab", width="full", height=90,
            empty=MARKET_EMPTY, needs=needs,
        ),
        Card(
            "tier", "Our tier, and what the market asks for the same tokens", query("overview/tier"), figures.tier,
            unit="USD per million tokens of the same day and mix, prompt and generated; the Market and metal page has the rest",
            half="both", width="full", height=90, empty=TIER_EMPTY,
            needs=("served_tokens_hourly", "make_or_buy_daily", "served_models"),
        ),
        Card(
            "platform", "Tokens of the platform by week", query("overview/platform"), figures.platform,
            unit="tokens a week; a cross is a week not known whole",
            height=300, empty=MARKET_EMPTY, needs=("market_days",),
        ),
        Card(
            "leaders", "The largest authors, and where they stood four weeks before", query("overview/leaders"), figures.leaders,
            unit="share of the platform's tokens in the newest whole week; whiskers are bounds", height=300, empty=MARKET_EMPTY,
            needs=needs,
        ),
        Card(
            "countries", "Share by country of the releasing lab, with bounds", query("market/bounds", **bounds, dimension="country", top=2),
            bounded_shares, unit="share of the platform's tokens, by week", height=300, empty=MARKET_EMPTY, note=BOUNDS, needs=needs,
        ),
        Card(
            "open", "Share of models with open weights, with bounds", query("market/bounds", **{**bounds, "member": "open"},
            dimension="weights", top=1),
            bounded_shares, unit="share of the platform's tokens, by week", height=300, empty=MARKET_EMPTY, note=BOUNDS, needs=needs,
        ),
    )  # fmt: skip


def _tier() -> Sequence[Card | Heading]:
    return (
        Card(
            "minutes", "Tokens that our tier generated", query("overview/minutes", most=MAX_TARGETS), figures.minutes,
            unit="tokens a minute, mean of ten minutes, the day to the newest scrape; UTC; a gap is a time without scrapes",
            half="tier", width="full", height=240, empty=TIER_EMPTY, needs=("served_tokens_minutely",),
        ),
    )  # fmt: skip


def _state() -> Sequence[Card | Heading]:
    return (
        Card(
            "problems", "Open problems", query("overview/problems"), figures.problems, unit="what is amiss in this generation",
            half="both", width="full", height=300,
            empty="Nothing is amiss in this generation: no day missing, nothing set aside, no gap in the last day.",
            needs=("ingest_log", "ingest_quarantine", "local_efficiency_hourly", "market_days", "served_models",
            "served_token_disagreements",
                   "served_tokens_minutely"),
        ),
        Card(
            "freshness", "How fresh each source is", query("overview/freshness"), figures.freshness,
            unit="hours before this generation was made", width="full",
            half="both", height=300, empty="No source was asked yet.", needs=("ingest_log", "served_tokens_minutely"),
        ),
    )  # fmt: skip


OVERVIEW = Page(
    "/",
    "Overview",
    "How the market and our own tier stand, how fresh that is, and what is amiss.",
    controls,
    cards,
)

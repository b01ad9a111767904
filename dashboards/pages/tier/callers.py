"""Cards of who used our tier, and the gateway in front of it: tokens, cost, latency by sender."""

from collections.abc import Sequence

import polars as pl
from dash.development.base_component import Component

from dashboards.chart import Chart
from dashboards.components.numbers import AMOUNT, COUNT
from dashboards.components.page import Card, Listed, PageSection, rows_only
from dashboards.components.served import Served
from dashboards.components.tables import Column, table, table_height
from dashboards.components.theme import Theme
from dashboards.components.timelines import line_chart
from dashboards.query import query

NEEDS = ("caller_usage_daily",)
ABOUT = (
    "By UTC day. Names are pseudonyms unless the logs were asked for names. A request that a "
    "gateway passed on to our tier is in both logs, so the two are never added."
)
NOBODY = (
    "No request is logged in this window. Our own servers log theirs; "
    "`tokentide ingest spend` loads the spend log of LiteLLM."
)
COLUMNS = (
    Column("log", min_width=125, tooltip="log"),
    Column("target", min_width=95, tooltip="target"),
    Column("team", min_width=125, tooltip="team"),
    Column("key_alias", "key", min_width=125, tooltip="key_alias"),
    Column("caller", min_width=195, tooltip="caller"),
    Column("model_name", "model", min_width=125, tooltip="model_name"),
    Column("requests", "requests", COUNT, min_width=115),
    Column("usd", "USD", AMOUNT),
    Column("failed_requests", "failed", COUNT, min_width=90),
    Column("prompt_tokens", "prompt tokens", COUNT, min_width=120),
    Column("cached_prompt_tokens", "of them cached", COUNT, min_width=120),
    Column("completion_tokens", "generated tokens", COUNT, min_width=120),
    Column("usd_at_least", "USD at least", AMOUNT),
    Column("ttft_p50_seconds", "TTFT p50, s", AMOUNT),
    Column("ttft_p95_seconds", "TTFT p95, s", AMOUNT),
    Column("e2e_p50_seconds", "whole p50, s", AMOUNT),
    Column("e2e_p95_seconds", "whole p95, s", AMOUNT),
    Column("usd_reason", "why no USD", min_width=220, tooltip="usd_reason"),
)


def caller_cards(served: Served) -> Sequence[Listed]:
    """Return the cards of senders: a table, and tokens, cost and latency by day."""
    daily = query("tier/callers/daily", **served.window)
    return (
        PageSection("Who used it", ABOUT, key="senders", is_folded=True),
        Card(
            key="callers",
            title="By team, key, caller and model",
            query=query("tier/callers/usage", **served.window),
            draw=rows_only(_senders),
            unit="sums of the days of the window; latency of the newest day",
            half="tier",
            width="full",
            empty=NOBODY,
            note="USD of our tier: tokens at what a token of the target cost on that day.",
            needs=NEEDS,
        ),
        Card(
            key="caller_tokens",
            title="Tokens by sender",
            query=daily,
            draw=_tokens,
            unit="tokens per day, of the eight with the most",
            half="tier",
            width="third",
            empty=NOBODY,
            needs=NEEDS,
        ),
        Card(
            key="caller_usd",
            title="Cost by sender",
            query=daily,
            draw=_cost,
            unit="USD per day, of the eight with the most tokens",
            half="tier",
            width="third",
            empty=NOBODY,
            note="A day of which a part is not known has no point; the CSV has the reason.",
            needs=NEEDS,
        ),
        Card(
            key="caller_latency",
            title="Latency by sender and model",
            query=query("tier/callers/latency", **served.window),
            draw=_latency,
            unit="seconds of a whole request, 95th percentile of the day",
            half="tier",
            width="third",
            empty=NOBODY,
            needs=NEEDS,
        ),
    )


def _senders(rows: pl.DataFrame) -> Component:
    return table(rows, COLUMNS, height=table_height(rows))


def _tokens(rows: pl.DataFrame, theme: Theme) -> Chart:
    return line_chart(rows, theme, "tokens", "tokens per day")


def _cost(rows: pl.DataFrame, theme: Theme) -> Chart:
    return line_chart(rows, theme, "usd", "USD per day")


def _latency(rows: pl.DataFrame, theme: Theme) -> Chart:
    return line_chart(rows, theme, "e2e_p95_seconds", "seconds")

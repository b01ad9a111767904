"""OpenRouter's `datasets/session-cost`: median cost of a coding session, in USD. Needs a key.

One figure for each app, model and range of turns. CC BY 4.0.
"""

import polars as pl

from pipelines.archive import Answer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.parsing import (
    ParsedTables,
    Payload,
    a_count,
    a_day,
    an_instant,
    need,
    rows_of,
    text,
    unknown_keys,
)
from pipelines.sources.source import Source

KEYS = frozenset(
    {"app_slug", "app_name", "model_permaslug", "turn_range", "median_session_cost_usd"}
)


def fetch(client: SourceClient) -> Answer:
    """Request the newest weekly snapshot, its 500 largest cells."""
    return client.data_api(SOURCE, "/datasets/session-cost", {"limit": "500"})


def parse(answer: Answer, payload: Payload) -> ParsedTables:
    """Rows of raw.session_costs, one an app, model and range of turns."""
    rows = rows_of(payload, "data")
    frame = pl.DataFrame(
        [
            text(rows, name)
            for name in (
                "app_slug",
                "app_name",
                "model_permaslug",
                "turn_range",
                "median_session_cost_usd",
            )
        ]
    )
    cost = pl.col("median_session_cost_usd").cast(pl.Decimal(18, 6), strict=False)
    # A cost below nothing is unreadable like any other.
    frame = frame.with_columns(pl.when(cost >= 0).then(cost).alias("median_session_cost_usd"))
    # Both are null while no snapshot is published.
    end, days = need(payload, "meta", "window_end_date"), need(payload, "meta", "window_days")
    meta = {
        "as_of": an_instant(need(payload, "meta", "as_of"), "meta.as_of"),
        "window_end_date": None if end is None else a_day(end, "meta.window_end_date"),
        "window_days": None if days is None else a_count(days, "meta.window_days"),
    }
    return ParsedTables(
        {
            "raw.session_costs": frame.with_columns(
                **{name: pl.lit(value) for name, value in meta.items()}
            )
        },
        {
            "raw.session_costs": (
                "app_slug",
                "model_permaslug",
                "turn_range",
                "median_session_cost_usd",
            )
        },
        unknown_keys("session-cost data", rows, KEYS),
    )


# No snapshot may be published at all.
SOURCE = Source(
    "session_costs",
    parse,
    tables=("session_costs",),
    assets=("raw_usage",),
    min_share=0.5,
    may_be_empty=True,
    figures=("median_session_cost_usd",),
    window="window_end_date",
)

"""OpenRouter's `datasets/app-rankings`: tokens and requests by public app, over a window.

Needs a key.

One row is about the whole window, so a daily series is one request a day. CC BY 4.0.
"""

from datetime import date

import polars as pl

from pipelines.archive import Answer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.parsing import (
    ParsedTables,
    Payload,
    a_day,
    an_instant,
    count,
    need,
    rows_of,
    text,
    unknown_keys,
)
from pipelines.sources.source import Source

KEYS = frozenset({"rank", "app_id", "app_name", "total_tokens", "total_requests"})


def fetch(client: SourceClient, day: date) -> Answer:
    """Request the hundred largest apps of one UTC day."""
    return client.data_api(
        SOURCE,
        "/datasets/app-rankings",
        {"start_date": day.isoformat(), "end_date": day.isoformat(), "limit": "100"},
    )


def parse(answer: Answer, payload: Payload) -> ParsedTables:
    """Rows of raw.apps, one an app and window."""
    rows = rows_of(payload, "data")
    frame = pl.DataFrame(
        [
            count(rows, "rank"),
            count(rows, "app_id"),
            text(rows, "app_name"),
            count(rows, "total_tokens"),
            count(rows, "total_requests"),
        ]
    )
    meta = {
        "start_date": a_day(need(payload, "meta", "start_date"), "meta.start_date"),
        "end_date": a_day(need(payload, "meta", "end_date"), "meta.end_date"),
        "as_of": an_instant(need(payload, "meta", "as_of"), "meta.as_of"),
    }
    return ParsedTables(
        {"raw.apps": frame.with_columns(**{name: pl.lit(value) for name, value in meta.items()})},
        {"raw.apps": ("rank", "app_id", "total_tokens", "total_requests")},
        unknown_keys("app-rankings data", rows, KEYS),
    )


SOURCE = Source(
    "app_rankings",
    parse,
    tables=("apps",),
    assets=("raw_usage",),
    min_share=0.5,
    figures=("total_tokens", "total_requests"),
    window="end_date",
)

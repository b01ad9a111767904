"""OpenRouter's `datasets/rankings-daily`: tokens by model and UTC day. Needs a key.

Each day since 2025-01-01 has its top 50 and `other`. The unfiltered rankings are exact. Slices by
modality and context are exact too; those by category and language are estimates from a sample and
weekly. Source: OpenRouter (openrouter.ai/rankings), CC BY 4.0.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from pipelines.archive import Answer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.openrouter.rankings_table import COLUMNS, EVERYTHING, RankingsTable
from pipelines.sources.parsing import (
    Payload,
    a_day,
    an_instant,
    need,
    rows_of,
    text,
    unknown_keys,
)
from pipelines.sources.source import Source

PATH = "/datasets/rankings-daily"
FIRST_DAY = date(2025, 1, 1)
MAX_WINDOW = timedelta(days=366)
# Each answer brings the days before the asked ones too: restatements are seen, and a day can be
# compared with its neighbours.
TRAILING = timedelta(days=7)

SLICES: dict[str, tuple[str, ...]] = {
    "modality": ("text", "image", "image_output", "audio", "tool_calling"),
    "context_bucket": ("1K", "10K", "100K", "1M", "10M"),
    "category": (
        "programming",
        "roleplay",
        "marketing",
        "marketing/seo",
        "technology",
        "science",
        "translation",
        "legal",
        "finance",
        "health",
        "trivia",
        "academia",
    ),
    "language_type": ("natural", "programming"),
}
# These come from a sample, by week only.
WEEKLY = frozenset({"category", "language_type"})


def windows(start: date, end: date) -> Iterator[tuple[date, date]]:
    """Yield windows of at most a year that cover every day from start to end.

    Each is at least a trailing week long.
    """
    while start <= end:
        last = min(end, date(start.year, 12, 31))
        yield max(FIRST_DAY, min(start, last - TRAILING + timedelta(days=1))), last
        start = last + timedelta(days=1)


def fetch(client: SourceClient, start: date, end: date) -> Answer:
    """Request the unfiltered daily rankings of one window."""
    return client.data_api(
        SOURCE, PATH, {"start_date": start.isoformat(), "end_date": end.isoformat()}
    )


def fetch_slice(client: SourceClient, kind: str, value: str, start: date, end: date) -> Answer:
    """Request filtered rankings: daily where they are exact, by whole ISO weeks where estimated."""
    if kind not in WEEKLY:
        return client.data_api(
            SOURCE,
            PATH,
            {"start_date": start.isoformat(), "end_date": end.isoformat(), kind: value},
        )
    # A week that is cut by the window would be counted in part, so only whole ones are asked for.
    monday = start - timedelta(days=start.weekday())
    sunday = end - timedelta(days=(end.weekday() + 1) % 7)
    return client.data_api(
        SOURCE,
        PATH,
        {
            "start_date": monday.isoformat(),
            "end_date": sunday.isoformat(),
            "period": "week",
            kind: value,
        },
    )


def parse(answer: Answer, payload: Payload) -> RankingsTable:
    """Parse one answer. `meta` does not repeat the filter, so that comes from the request."""
    rows, meta = rows_of(payload, "data"), need(payload, "meta")
    [kind] = [name for name in SLICES if name in answer.params] or [EVERYTHING]
    return RankingsTable(
        rows=pl.DataFrame([text(rows, name) for name in COLUMNS]),
        start=a_day(need(payload, "meta", "start_date"), "meta.start_date"),
        end=a_day(need(payload, "meta", "end_date"), "meta.end_date"),
        as_of=an_instant(need(payload, "meta", "as_of"), "meta.as_of"),
        slice=kind if kind == EVERYTHING else f"{kind}={answer.params[kind]}",
        grain=answer.params.get("period", "day"),
        notes=[
            *unknown_keys("rankings-daily", [payload], frozenset({"data", "meta"})),
            *unknown_keys(
                "rankings-daily meta",
                [meta],
                frozenset({"as_of", "version", "start_date", "end_date"}),
            ),
            *unknown_keys("rankings-daily data", rows, frozenset(COLUMNS)),
            *_number_notes(rows),
        ],
    )


def _number_notes(rows: list[dict[str, object]]) -> list[str]:
    if any(isinstance(row.get("total_tokens"), int) for row in rows):
        return ["rankings-daily sends token counts as JSON numbers, not as text"]
    return []


SOURCE = Source(
    "rankings_daily",
    parse,
    tables=("ranking_days", "ranking_rows"),
    assets=("raw_answers", "raw_slices"),
)

"""OpenRouter's `benchmarks`: quality scores by model from several leaderboards. Needs a key.

Each leaderboard has another scale.
"""

from datetime import datetime
from typing import Any

import polars as pl

from pipelines.archive import Answer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.parsing import (
    ParsedTables,
    Payload,
    an_instant,
    need,
    number,
    rows_of,
    text,
    unknown_keys,
)
from pipelines.sources.source import Source

KEYS = frozenset(
    {
        "source",
        "model_permaslug",
        "display_name",
        "pricing",
        "intelligence_index",
        "coding_index",
        "agentic_index",
        "arena",
        "category",
        "elo",
        "win_rate",
        "avg_generation_time_ms",
        "tournament_stats",
        "benchmark_type",
        "accuracy",
        "accuracy_stddev",
        "avg_cost_per_task",
        "avg_latency_per_task_ms",
        "total_tasks",
        "last_run_timestamp",
        "primary_metric",
        "primary_score",
        "run_config",
        "search_engine",
        "search_surface",
    }
)
# Each leaderboard's figure keeps its name; the scales are not comparable.
METRICS = (
    "intelligence_index",
    "coding_index",
    "agentic_index",
    "elo",
    "win_rate",
    "accuracy",
    "primary_score",
)


def fetch(client: SourceClient) -> Answer:
    """Request the newest scores of every leaderboard."""
    return client.data_api(SOURCE, "/benchmarks")


def parse(answer: Answer, payload: Payload) -> ParsedTables:
    """Rows of raw.benchmarks, one a leaderboard, model and metric."""
    rows = rows_of(payload, "data")
    as_of = an_instant(need(payload, "meta", "as_of"), "meta.as_of")
    return scores_of(rows, as_of, unknown_keys("benchmarks data", rows, KEYS))


def scores_of(rows: list[dict[str, Any]], as_of: datetime, notes: list[str]) -> ParsedTables:
    """Return a row for each metric of each result."""
    scores = [
        _score(row, metric) for row in rows for metric in METRICS if row.get(metric) is not None
    ]
    names = ("board", "model_permaslug", "display_name", "test", "metric")
    frame = pl.DataFrame(
        [*(text(scores, name) for name in names), number(scores, "score")]
    ).with_columns(as_of=pl.lit(as_of))
    required = ("board", "model_permaslug", "metric", "score")
    return ParsedTables({"raw.benchmarks": frame}, {"raw.benchmarks": required}, notes)


def _score(row: dict[str, Any], metric: str) -> dict[str, Any]:
    test = [
        str(row[name])
        for name in ("benchmark_type", "arena", "category", "search_engine", "search_surface")
        if row.get(name)
    ]
    return {
        "board": row.get("source"),
        "model_permaslug": row.get("model_permaslug"),
        "display_name": row.get("display_name"),
        "test": "/".join(test) or None,
        "metric": metric,
        "score": row[metric],
    }


SOURCE = Source(
    "benchmarks",
    parse,
    tables=("benchmarks",),
    assets=("raw_usage",),
    min_share=0.5,
    figures=("score",),
)

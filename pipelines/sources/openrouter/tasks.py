"""OpenRouter's `classifications/task`: shares of traffic by task. Needs a key.

The traffic is a classified sample of seven days.

There is no history at the source: it is built by asking daily. Fractions, never volumes.
"""

import polars as pl

from pipelines.archive import Answer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.parsing import (
    ParsedTables,
    Payload,
    a_count,
    a_day,
    need,
    number,
    rows_of,
    text,
    unknown_keys,
)
from pipelines.sources.source import Source

KEYS = frozenset(
    {
        "tag",
        "display_name",
        "macro_category",
        "usage_share",
        "token_share",
        "category_usage_share",
        "category_token_share",
        "models",
    }
)


def fetch(client: SourceClient) -> Answer:
    """Request the newest seven days."""
    return client.data_api(SOURCE, "/classifications/task", {"window": "7d"})


def parse(answer: Answer, payload: Payload) -> ParsedTables:
    """Rows of raw.tasks, one a task, and of raw.task_models, one a task and model."""
    rows = rows_of(payload, "data", "classifications")
    shares = [
        number(rows, name)
        for name in ("usage_share", "token_share", "category_usage_share", "category_token_share")
    ]
    tasks = pl.DataFrame(
        [text(rows, "tag"), text(rows, "display_name"), text(rows, "macro_category"), *shares]
    ).with_columns(
        as_of=pl.lit(a_day(need(payload, "data", "as_of"), "data.as_of")),
        window_days=pl.lit(a_count(need(payload, "data", "window_days"), "data.window_days")),
    )
    models = [{**model, "tag": row.get("tag")} for row in rows for model in rows_of(row, "models")]
    by_model = pl.DataFrame(
        [
            text(models, "tag"),
            text(models, "id").alias("model_id"),
            number(models, "tag_usage_share"),
            number(models, "tag_token_share"),
        ]
    )
    return ParsedTables(
        {"raw.tasks": tasks, "raw.task_models": by_model},
        {
            "raw.tasks": ("tag", "usage_share", "token_share"),
            "raw.task_models": ("tag", "model_id"),
        },
        unknown_keys("classifications/task", rows, KEYS),
    )


SOURCE = Source(
    "task_classifications",
    parse,
    tables=("tasks", "task_models"),
    assets=("raw_usage",),
    min_share=0.5,
    figures=("usage_share", "token_share"),
    window="as_of",
)

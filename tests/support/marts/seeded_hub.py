"""Planted models of the Hub: trees of bases, and counters by day, as staging has them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from support.marts.compiled_sql import Marts, Row

FIRST = date(2026, 8, 3)
AT = datetime(2026, 8, 3, 8, tzinfo=UTC)
MODELS = (
    "sha256 varchar, fetched_at timestamptz, hub_id varchar, model_id varchar, "
    "pipeline_tag varchar, created_at timestamptz, relation varchar, base_evidence varchar, "
    "base_ids varchar[], format varchar, parameters bigint"
)
REPOSITORIES = "name varchar, hub_id varchar, fetched_at timestamptz, reason varchar"
COUNTS = (
    "date date, hub_id varchar, model_id varchar, pipeline_tag varchar, downloads_30d bigint, "
    "downloads_all_time bigint, likes bigint, fetched_at timestamptz, origin varchar, "
    "answer_sha256 varchar"
)
HISTORY = (
    "grain varchar, figure varchar, date date, name varchar, downloads bigint, licence varchar, "
    "citation varchar, origin varchar, fetched_at timestamptz, answer_sha256 varchar"
)
FILES = (
    "answer_sha256 varchar, fetched_at timestamptz, grain varchar, figure varchar, "
    "licence varchar, citation varchar, origin varchar"
)
SOURCES = (
    "source varchar, title varchar, licence varchar, citation varchar, address varchar",
    [{"source": "hub", "licence": "not stated", "citation": "the Hub"}],
)
COUNTERS = ("hub_names", "hub_counters_daily", "hub_captures_daily", "hub_counter_readings")


def model(hub_id: str, bases: Sequence[str] = (), relation: str | None = None, **more: Any) -> Row:
    """Return a model as staging has it; its name is its id unless given."""
    return {
        "sha256": "s",
        "fetched_at": AT,
        "hub_id": hub_id,
        "model_id": hub_id,
        "pipeline_tag": "text-generation",
        "created_at": datetime(2020, 1, 1, tzinfo=UTC),
        "relation": relation,
        "base_evidence": "tag" if bases else None,
        "base_ids": list(bases),
        "format": "none",
        "parameters": None,
        **more,
    }


def roots(
    compiled: Marts, models: Sequence[Row], repositories: Sequence[Row] = ()
) -> dict[tuple[str, str], Row]:
    """Return where the bases of each model end, by kind of walk and model."""
    tables = {
        "staging.stg_huggingface__models": (MODELS, models),
        "staging.stg_huggingface__repositories": (REPOSITORIES, repositories),
    }
    found = compiled.rows("hub_roots", tables, ("hub_names", "hub_bases", "hub_ancestors"))
    return {(row["walk"], row["hub_id"]): row for row in found}


def counter_tables(
    counts: Mapping[str, Mapping[int, int | None]],
    models: Sequence[Row] = (),
    history: Sequence[Row] = (),
) -> dict[str, tuple[str, Sequence[Row]]]:
    """Return the tables of counters by model and day; each model is downloaded every day."""
    rows = [
        {
            "date": FIRST + timedelta(days=day),
            "hub_id": hub_id,
            "model_id": hub_id,
            "pipeline_tag": "text-generation",
            "downloads_30d": 3000,
            "downloads_all_time": count,
            "fetched_at": AT + timedelta(days=day),
            "origin": "data_api",
            "answer_sha256": f"day-{day}",
        }
        for hub_id, days in counts.items()
        for day, count in days.items()
    ]
    known = models or [model(hub_id) for hub_id in counts]
    return {
        "staging.stg_huggingface__counts": (COUNTS, rows),
        "staging.stg_huggingface__models": (MODELS, known),
        "staging.stg_huggingface__repositories": (REPOSITORIES, []),
        "staging.stg_huggingface__history": (HISTORY, history),
        "staging.stg_huggingface__history_files": (FILES, []),
        "seeds.download_sources": SOURCES,
    }


def downloads(
    compiled: Marts, counts: Mapping[str, Mapping[int, int | None]], **more: Any
) -> dict[str, dict[int, Row]]:
    """Return the downloads of each model by number of day."""
    found = compiled.rows("model_downloads_daily", counter_tables(counts, **more), COUNTERS)
    by_model: dict[str, dict[int, Row]] = {}
    for row in found:
        by_model.setdefault(row["hub_id"], {})[(row["date"] - FIRST).days] = row
    return by_model

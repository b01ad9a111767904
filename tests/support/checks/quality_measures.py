"""Answers of measures of quality, written from the same plain list of models and scores."""

import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl

MODELS = 40
LEADERBOARD = {"leaderboard": "text"}


def score_list() -> dict[str, Any]:
    """Return a list of models with their scores, in no measure's form yet."""
    return {"data": [{"name": f"model-{n}", "score": 1000 + n} for n in range(MODELS)]}


def _leaderboard(payload: Any, at: datetime) -> bytes:
    rows = [
        {
            "model_name": row["name"],
            "organization": "A lab",
            "license": "MIT",
            "rating": _number(row["score"]),
            "category": "overall",
            "leaderboard_publish_date": at.date().isoformat(),
        }
        for row in payload["data"]
    ]
    schema = {"model_name": pl.String, "rating": pl.Float64, "category": pl.String}
    frame = pl.DataFrame(rows, schema=None if rows else schema)
    columns = {"leaderboard_publish_date": pl.lit(at.date().isoformat())}
    file = io.BytesIO()
    frame.with_columns(**columns).write_parquet(file)
    return file.getvalue()


def _index(payload: Any, at: datetime) -> bytes:
    lines = [f"{row['name']},{_number(row['score'])}" for row in payload["data"]]
    return "\n".join(["Model,eci", *lines, ""]).encode()


def _number(score: Any) -> float | None:
    """Return a score as a column of numbers has it: what is none is missing."""
    return score if isinstance(score, int) else None


ENCODERS: dict[str, Callable[[Any, datetime], bytes]] = {
    "arena_latest": _leaderboard,
    "arena_full": _leaderboard,
    "epoch_index": _index,
}

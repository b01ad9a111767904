"""Answers and segments that a warehouse was made of, read without changing the file."""

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import polars as pl

from warehouse.connection import open_warehouse

ANSWERS = "select answer_id, sha256, source, outcome from raw.answers where outcome <> 'damaged'"
SEGMENTS = (
    "select segment_id, sha256, kind from raw.telemetry_segments where outcome <> 'unreadable'"
)
NO_ANSWERS = pl.DataFrame(
    schema=dict.fromkeys(("answer_id", "sha256", "source", "outcome"), pl.String)
)
NO_SEGMENTS = pl.DataFrame(schema=dict.fromkeys(("segment_id", "sha256", "kind"), pl.String))


@dataclass(frozen=True)
class WarehouseContents:
    """Answers and segments of a warehouse; none where it is not there or cannot be read."""

    answers: pl.DataFrame = field(default_factory=lambda: NO_ANSWERS)
    segments: pl.DataFrame = field(default_factory=lambda: NO_SEGMENTS)


def read_contents(path: Path) -> WarehouseContents:
    """Read what a warehouse was made of. A damaged one says nothing; its own check says why."""
    if not path.exists():
        return WarehouseContents()
    try:
        with closing(open_warehouse(path, is_read_only=True)) as con:
            return WarehouseContents(con.sql(ANSWERS).pl(), con.sql(SEGMENTS).pl())
    except duckdb.Error:
        return WarehouseContents()

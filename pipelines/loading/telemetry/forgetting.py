"""Samples that somebody takes back: recorded in the archive, and never loaded again.

The record is a line of `raw/telemetry/forgotten.jsonl`. It outlives the warehouse, so that a
rebuild knows it; the segments stay in the archive.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import duckdb

from pipelines.errors import BadSetting
from pipelines.files import append_durably
from pipelines.loading.telemetry.facts import forget_samples
from pipelines.loading.telemetry.segment_files import SpoolFolders
from warehouse.connection import transaction


@dataclass(frozen=True)
class Forgotten:
    """A segment, or the samples of a target from one instant to another."""

    forgotten_at: datetime
    segment_id: str | None = None
    target: str | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None


def record_forgotten(folders: SpoolFolders, forgotten: Forgotten) -> None:
    """Add a record to the archive. The next load takes the samples back."""
    if not (forgotten.segment_id or forgotten.target):
        raise BadSetting("Name a segment or a target, so that not everything is forgotten.")
    line = {name: _to_text(value) for name, value in asdict(forgotten).items() if value}
    append_durably(folders.forgotten, json.dumps(line))


def apply_forgotten(con: duckdb.DuckDBPyConnection, folders: SpoolFolders) -> int:
    """Take back what was recorded since the last load; return the number of samples."""
    known = con.sql(
        "select forgotten_at, segment_id, target, first_at, last_at from raw.telemetry_forgotten"
    ).fetchall()
    taken_back = 0
    for record in _read_records(folders):
        values = asdict(record)
        if tuple(values.values()) in known:
            continue
        with transaction(con):
            samples = forget_samples(
                con, folders, {name: values[name] for name in values if name != "forgotten_at"}
            )
            con.execute(
                "insert into raw.telemetry_forgotten "
                "(forgotten_at, segment_id, target, first_at, last_at, samples) "
                "values (?, ?, ?, ?, ?, ?)",
                [*values.values(), samples],
            )
        taken_back += samples
    return taken_back


def _read_records(folders: SpoolFolders) -> Iterator[Forgotten]:
    try:
        text = folders.forgotten.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        yield Forgotten(
            **{name: _from_text(name, value) for name, value in json.loads(line).items()}
        )


def _to_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _from_text(name: str, value: str) -> Any:
    return datetime.fromisoformat(value) if name.endswith("_at") else value

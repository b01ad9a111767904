"""The tier in the warehouse: its entries with the time in which they held, made from its records.

A record of what the tier was known to be is loaded once, like a segment. Only the entries that it
names are made again, from all that was ever stated of them.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.loading.telemetry.tier_versions import (
    FILE,
    SINCE_EVER,
    UNTIL_NOW,
    TierStatement,
    TierVersion,
    tier_versions,
)
from pipelines.sql import read_sql
from pipelines.telemetry.config.tier import Tier
from pipelines.telemetry.config.tier_records import TierEntry, TierRecord, tier_entries
from warehouse.changes import mark_changed

TOUCHED, STATEMENTS, NEWEST_FILE = (
    read_sql(__file__, f"tier/{name}") for name in ("touched_entries", "statements", "newest_file")
)
INSTANT = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        ("section", pa.string()),
        ("name", pa.string()),
        ("part", pa.string()),
        ("entry", pa.string()),
        ("read_at", INSTANT),
        ("origin", pa.string()),
        ("valid_from", INSTANT),
        ("valid_to", INSTANT),
        ("is_correction", pa.bool_()),
    ]
)
EntryKey = tuple[str, str, str]
"""Section, name and part of an entry."""


def store_records(con: duckdb.DuckDBPyConnection, records: Mapping[str, TierRecord]) -> None:
    """Store records by the names of their segments, and make the entries again that they name."""
    for segment_id, record in records.items():
        con.execute(
            "insert into raw.tier_records values (?, ?, ?, ?, ?)",
            [segment_id, record.at, record.origin, record.is_whole, record.holds_from],
        )
    statements: list[dict[str, str | None]] = [
        {
            "segment_id": name,
            "section": e.section,
            "name": e.name,
            "part": e.part,
            "entry": _text(e),
        }
        for name, record in records.items()
        for e in record.entries
    ]
    statements += [
        {"segment_id": name, "section": section, "name": gone, "part": None, "entry": None}
        for name, record in records.items()
        for section, gone in record.gone
    ]
    if statements:
        columns = pa.schema(
            [(name, pa.string()) for name in ("segment_id", "section", "name", "part", "entry")]
        )
        _insert(con, "raw.tier_statements", pa.Table.from_pylist(statements, columns))
    mark_changed(con, ["raw.tier_records", "raw.tier_statements"])
    con.execute(TOUCHED, {"segment_ids": list(records)})
    _make_touched(con)


def unwritten_records(
    con: duckdb.DuckDBPyConnection, tier: Tier, read_at: datetime
) -> Iterator[TierRecord]:
    """Yield what no record says of the tier file; load each before asking for the next.

    A warehouse from before there were records knows what the file said then. The file as it is read
    now is the other one, if it says anything else.
    """
    [(records,)] = con.sql("select count(*) from raw.tier_records where origin = 'file'").fetchall()
    rows = con.sql(
        "select section, name, entry::varchar, read_at from raw.tier_file where origin = 'file'"
    ).fetchall()
    if rows and not records:
        found = tuple(TierEntry(section, name, json.loads(text)) for section, name, text, _ in rows)
        yield TierRecord(max(at for *_, at in rows), FILE, found, is_whole=True)
    entries = tier_entries(tier)
    known = {tuple(key): entry for *key, entry in con.sql(NEWEST_FILE).fetchall()}
    if known != {(each.section, each.name, each.part): _text(each) for each in entries}:
        yield TierRecord(next_instant(con, read_at), FILE, entries, is_whole=True)


def next_instant(con: duckdb.DuckDBPyConnection, now: datetime) -> datetime:
    """Return an instant after the newest record of the tier file, though a clock was set back."""
    [(newest,)] = con.sql(
        "select max(stated_at) from raw.tier_records where origin = 'file'"
    ).fetchall()
    return max(now, newest + timedelta(microseconds=1)) if newest else now


def record_entries(
    con: duckdb.DuckDBPyConnection, rows: Iterable[Mapping[str, Any]], read_at: datetime
) -> None:
    """Replace all versions by these entries: section, name, JSON, and when they held, if known.

    An evidence bundle brings them along, without records.
    """
    listed = [
        {
            "section": row["section"],
            "name": row["name"],
            "part": TierEntry(row["section"], row["name"], json.loads(row["entry"])).part,
            "entry": row["entry"],
            "read_at": read_at,
            "origin": row.get("origin") or FILE,
            "valid_from": _instant(row.get("valid_from")),
            "valid_to": _instant(row.get("valid_to")),
            "is_correction": bool(row.get("is_correction")),
        }
        for row in rows
    ]
    mark_changed(con, ["raw.tier_file"])
    con.execute("delete from raw.tier_file")
    _insert(con, "raw.tier_file", pa.Table.from_pylist(listed, SCHEMA))


def add_entries(
    con: duckdb.DuckDBPyConnection, entries: Iterable[TierEntry], read_at: datetime
) -> None:
    """Add entries that hold since ever, within the open transaction."""
    listed = [
        {
            "section": each.section,
            "name": each.name,
            "part": each.part,
            "entry": _text(each),
            "read_at": read_at,
            "origin": FILE,
            "is_correction": False,
        }
        for each in entries
    ]
    mark_changed(con, ["raw.tier_file"])
    _insert(con, "raw.tier_file", pa.Table.from_pylist(listed, SCHEMA))


def keep_known(con: duckdb.DuckDBPyConnection, instant: datetime) -> None:
    """Leave only the versions that were known at an instant.

    The oldest record of the file counts however early that is: nothing else says what the tier was.
    """
    con.execute(
        "create or replace temp table touched_entries as "
        "select distinct section, name, part from raw.tier_statements where entry is not null"
    )
    con.execute(
        "delete from raw.tier_records where stated_at > greatest(?, (select "
        "min(stated_at) from raw.tier_records where origin = 'file'))",
        [instant],
    )
    _make_touched(con)


def _make_touched(con: duckdb.DuckDBPyConnection) -> None:
    """Make the versions of the touched entries again from all statements."""
    rows = sorted(_rows(_statements(con)), key=repr)
    new = pa.Table.from_pylist(rows, SCHEMA)
    within = "(section, name, part) in (select (section, name, part) from touched_entries)"
    columns = ", ".join(f"{name}::varchar" if name == "entry" else name for name in SCHEMA.names)
    old = con.sql(f"select {columns} from raw.tier_file where {within}").fetchall()  # noqa: S608
    if sorted(old, key=repr) != sorted((tuple(row.values()) for row in rows), key=repr):
        mark_changed(con, ["raw.tier_file"])
        con.execute(f"delete from raw.tier_file where {within}")  # noqa: S608
        _insert(con, "raw.tier_file", new)
    con.execute("drop table temp.touched_entries")


def _statements(con: duckdb.DuckDBPyConnection) -> dict[EntryKey, list[TierStatement]]:
    """Return what was stated of each touched entry; a whole record without it ends it."""
    stated: defaultdict[EntryKey, list[TierStatement]] = defaultdict(list)
    for section, name, part, *statement in con.sql(STATEMENTS).fetchall():
        stated[section, name, part].append(TierStatement(*statement))
    wholes: defaultdict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for origin, *record in con.sql(
        "select origin, stated_at, segment_id from raw.tier_records where is_whole"
    ).fetchall():
        wholes[origin].append((record[0], record[1]))
    for statements in stated.values():
        listed = {each.segment_id for each in statements}
        statements += [
            TierStatement(at, segment_id, origin)
            for origin in {each.origin for each in statements}
            for at, segment_id in wholes[origin]
            if segment_id not in listed
        ]
    return stated


def _rows(stated: Mapping[EntryKey, Sequence[TierStatement]]) -> list[dict[str, Any]]:
    return [
        dict(zip(SCHEMA.names, (*key, *_values(version)), strict=True))
        for key, statements in stated.items()
        for version in tier_versions(statements)
    ]


def _values(version: TierVersion) -> tuple[Any, ...]:
    return (
        version.entry,
        version.read_at,
        version.origin,
        None if version.valid_from == SINCE_EVER else version.valid_from,
        None if version.valid_to == UNTIL_NOW else version.valid_to,
        version.is_correction,
    )


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    con.register("new_rows", rows)
    con.execute(f"insert into {table} by name from new_rows")
    con.unregister("new_rows")


def _text(entry: TierEntry) -> str:
    """Return the JSON of an entry, the same for the same content."""
    return json.dumps(entry.entry, ensure_ascii=False, sort_keys=True)


def _instant(value: Any) -> datetime | None:
    return datetime.fromisoformat(value).astimezone(UTC) if isinstance(value, str) else value

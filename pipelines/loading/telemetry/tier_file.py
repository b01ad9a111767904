"""The tier file in the warehouse, as it was when telemetry was last loaded."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.telemetry.config.tier import Tier
from warehouse.changes import mark_changed

# The warehouse has no use for them.
SECRETS = frozenset({"headers", "ca_file"})
WHERE_GIVEN = frozenset({"quantization", "service", "indices", "uuids", "match", "query"})
SCHEMA = pa.schema([("section", pa.string()), ("name", pa.string()), ("entry", pa.string())])


def record_tier(con: duckdb.DuckDBPyConnection, tier: Tier, read_at: datetime) -> None:
    """Replace the recorded tier."""
    rows = [
        {"section": section, "name": name, "entry": json.dumps(entry, default=_to_json)}
        for section, name, entry in _entries(tier)
    ]
    record_entries(con, rows, read_at)


def record_entries(
    con: duckdb.DuckDBPyConnection, rows: list[dict[str, str]], read_at: datetime
) -> None:
    """Replace the recorded tier by these entries: section, name, and JSON.

    The same entries stay as they were recorded first.
    """
    recorded = con.sql("select section, name, entry::varchar from raw.tier_file").fetchall()
    if sorted(recorded) == sorted((row["section"], row["name"], row["entry"]) for row in rows):
        return
    mark_changed(con, ["raw.tier_file"])
    con.register("entries", pa.Table.from_pylist(rows, SCHEMA))
    con.execute("delete from raw.tier_file")
    con.execute(
        "insert into raw.tier_file select section, name, entry::json, ? from entries", [read_at]
    )
    con.unregister("entries")


def _entries(tier: Tier) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for target in tier.targets:
        yield "target", target.name, _without_secrets(asdict(target))
    for source in tier.device_sources:
        yield "device_source", source.target, _without_secrets(asdict(source))
    for cost in tier.costs:
        yield "cost", cost.device_kind, asdict(cost)
    for peak in tier.peaks:
        yield "peak", peak.device_kind, asdict(peak)
    if tier.energy:
        yield "energy", "", asdict(tier.energy)
    if tier.slo:
        yield "slo", "", asdict(tier.slo)


def _without_secrets(entry: dict[str, Any]) -> dict[str, Any]:
    """Leave out names of variables and files, and keys that are not given."""
    return {
        key: value
        for key, value in entry.items()
        if key not in SECRETS and (value or key not in WHERE_GIVEN)
    }


def _to_json(value: object) -> str:
    if isinstance(value, Decimal):
        # As text: money must not pass through binary fractions.
        return str(value)
    raise TypeError(f"{value!r} of the tier file cannot be written as JSON.")

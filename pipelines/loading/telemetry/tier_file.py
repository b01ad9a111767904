"""The tier file on its way into the warehouse: what targets are, cost and can do, as it was when telemetry was last loaded."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.telemetry.config.tier import Tier

SCHEMA = pa.schema([("section", pa.string()), ("name", pa.string()), ("entry", pa.string())])


def record_tier(con: duckdb.DuckDBPyConnection, tier: Tier, read_at: datetime) -> None:
    """Put the tier in place of the one before."""
    record_entries(
        con, [dict(zip(SCHEMA.names, entry, strict=True)) for entry in _entries(tier)], read_at
    )


def record_entries(
    con: duckdb.DuckDBPyConnection, rows: list[dict[str, str]], read_at: datetime
) -> None:
    """Put these entries (section, name, and as JSON what it says) in place of the tier before."""
    con.register("entries", pa.Table.from_pylist(rows, SCHEMA))
    con.execute("delete from raw.tier_file")
    con.execute(
        "insert into raw.tier_file select section, name, entry::json, ? from entries", [read_at]
    )
    con.unregister("entries")


def _entries(tier: Tier) -> Iterator[tuple[str, str, str]]:
    for target in tier.targets:
        # Which variable holds a secret is nobody's business downstream.
        yield (
            "target",
            target.name,
            _as_json({name: value for name, value in asdict(target).items() if name != "headers"}),
        )
    for source in tier.device_sources:
        yield "device_source", source.target, _as_json(asdict(source))
    for cost in tier.costs:
        yield "cost", cost.device_kind, _as_json(asdict(cost))
    for peak in tier.peaks:
        yield "peak", peak.device_kind, _as_json(asdict(peak))
    for section, single in (("energy", tier.energy), ("slo", tier.slo)):
        if single:
            yield section, "", _as_json(asdict(single))


def _as_json(entry: dict[str, Any]) -> str:
    return json.dumps(entry, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        # As text: money must not pass through binary fractions.
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} of the tier file cannot be written as JSON.")

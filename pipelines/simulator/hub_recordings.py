"""Recorded days of the Hub's counters, in the form of its list."""

import gzip
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipelines.simulator.errors import JsonObject


def recorded_days(paths: Iterable[Path]) -> list[tuple[str, list[JsonObject]]]:
    """Return the rows of each recorded day, oldest first.

    The recordings have no `_id`, so it is made of the name.
    """
    days: list[tuple[str, list[JsonObject]]] = []
    for path in paths:
        raw = path.read_bytes()
        text = gzip.decompress(raw) if path.suffix == ".gz" else raw
        days += [recorded_day(json.loads(line)) for line in text.splitlines() if line.strip()]
    return sorted(days, key=lambda day: day[0])


def recorded_day(snapshot: dict[str, Any]) -> tuple[str, list[JsonObject]]:
    """Return the UTC day of a snapshot, and its rows as the Hub's list has them."""
    rows: list[JsonObject] = []
    for name, entry in snapshot["repos"].items():
        row: JsonObject = {
            "_id": hashlib.sha256(name.encode()).hexdigest()[:24],
            "id": name,
            "downloads": entry["downloads_30d"],
            "downloadsAllTime": entry["downloads_all_time"],
        }
        if entry.get("parameters"):
            row["safetensors"] = {"total": entry["parameters"]}
        rows.append(row)
    rows.sort(key=lambda row: (-int(str(row["downloads"] or 0)), str(row["id"])))
    return str(snapshot["snapshot_date"]), rows

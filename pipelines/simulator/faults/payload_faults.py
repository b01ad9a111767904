"""Faults in a JSON object before it is encoded: unknown keys, and manifests that do not fit."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from pipelines.simulator.errors import JsonObject

EXTRA = {"x_new_field": "added without notice"}


def extra_key(payload: JsonObject) -> JsonObject:
    """Add unknown keys to every row, to the meta block and at the top."""
    changed: JsonObject = {**payload, **EXTRA}
    data, meta = payload.get("data"), payload.get("meta")
    if isinstance(data, list):
        changed["data"] = [{**row, **EXTRA} for row in data]
    if isinstance(meta, dict):
        changed["meta"] = {**meta, **EXTRA}
    return changed


PAYLOAD_FAULTS: dict[str, Callable[[JsonObject], JsonObject]] = {"extra_key": extra_key}


def wrong_sha256(manifest: JsonObject) -> JsonObject:
    """Replace every hash of the manifest by zeros."""
    return _with_files(manifest, {"sha256": "0" * 64})


def wrong_bytes(manifest: JsonObject) -> JsonObject:
    """Set every size in the manifest to one byte."""
    return _with_files(manifest, {"bytes": 1})


def _with_files(manifest: JsonObject, change: Mapping[str, object]) -> JsonObject:
    files = manifest["files"]
    if not isinstance(files, dict):
        raise TypeError("a manifest's files are an object")
    return {**manifest, "files": {kind: {**entry, **change} for kind, entry in files.items()}}


MANIFEST_FAULTS: dict[str, Callable[[JsonObject], JsonObject]] = {
    "wrong_sha256": wrong_sha256,
    "wrong_bytes": wrong_bytes,
}


def previous_snapshot(snapshot_date: date) -> date:
    """Return the day before, whose manifest a stale cache serves in place of this one's."""
    return snapshot_date - timedelta(days=1)


SNAPSHOT_FAULTS: dict[str, Callable[[date], date]] = {"other_day_manifest": previous_snapshot}

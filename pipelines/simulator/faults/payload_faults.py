"""Faults in a JSON object before it is encoded.

Unknown keys, manifests that do not fit, and archives of prices that lost something.
"""

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


def lost_models(archive: JsonObject) -> JsonObject:
    """Leave out every second model of an archive of prices, as a job that failed half way does."""
    models = archive["models"]
    if not isinstance(models, dict):
        raise TypeError("an archive's models are an object")
    return {**archive, "models": dict(list(models.items())[::2])}


def malformed_prices(archive: JsonObject) -> JsonObject:
    """Give the first model a price that is no number."""
    models = archive["models"]
    if not isinstance(models, dict):
        raise TypeError("an archive's models are an object")
    name = next(iter(models))
    entry = {**models[name], "points": [[archive["as_of"], "cheap", 1.0]]}
    return {**archive, "models": {**models, name: entry}}


def older_archive(archive: JsonObject) -> JsonObject:
    """Date an archive a week back, as a stale cache does."""
    day = date.fromisoformat(str(archive["as_of"])) - timedelta(days=7)
    models = archive["models"]
    if not isinstance(models, dict):
        raise TypeError("an archive's models are an object")
    kept = {
        name: {**entry, "points": [point for point in entry["points"] if point[0] <= f"{day}"]}
        for name, entry in models.items()
        if entry["first_seen"] <= f"{day}"
    }
    return {**archive, "as_of": day.isoformat(), "models": kept}


ARCHIVE_FAULTS: dict[str, Callable[[JsonObject], JsonObject]] = {
    "lost_models": lost_models,
    "malformed_prices": malformed_prices,
    "older_archive": older_archive,
}

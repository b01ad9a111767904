"""Faults in a JSON object before it becomes bytes: unknown keys, and manifests that describe something else."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from pipelines.simulator.errors import Json

EXTRA = {"x_new_field": "added without notice"}


def extra_key(payload: Json) -> Json:
    """Unknown keys appear in every row, in the meta block and at the top."""
    spoiled: Json = {**payload, **EXTRA}
    data, meta = payload.get("data"), payload.get("meta")
    if isinstance(data, list):
        spoiled["data"] = [{**row, **EXTRA} for row in data]
    if isinstance(meta, dict):
        spoiled["meta"] = {**meta, **EXTRA}
    return spoiled


PAYLOAD_FAULTS: dict[str, Callable[[Json], Json]] = {"extra_key": extra_key}


def wrong_sha256(manifest: Json) -> Json:
    """Every hash of the manifest is that of something else."""
    return _with_files(manifest, {"sha256": "0" * 64})


def wrong_bytes(manifest: Json) -> Json:
    """Every size of the manifest is one byte."""
    return _with_files(manifest, {"bytes": 1})


def _with_files(manifest: Json, change: Mapping[str, object]) -> Json:
    files = manifest["files"]
    if not isinstance(files, dict):
        raise TypeError("a manifest's files are an object")
    return {**manifest, "files": {kind: {**entry, **change} for kind, entry in files.items()}}


MANIFEST_FAULTS: dict[str, Callable[[Json], Json]] = {
    "wrong_sha256": wrong_sha256,
    "wrong_bytes": wrong_bytes,
}


def previous_snapshot(snapshot_date: date) -> date:
    """The day whose manifest a cache hands out in place of this one's."""
    return snapshot_date - timedelta(days=1)


SNAPSHOT_FAULTS: dict[str, Callable[[date], date]] = {"other_day_manifest": previous_snapshot}

"""State of the distributed form: what waits, what was loaded, who has the lease, what is newest.

It reads Postgres and lists S3, and opens no lake; a host without DuckDB's extensions can run it.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import UTC
from typing import Any

from pipelines.archive import utc_now
from pipelines.lake.connection import lake_of
from pipelines.lake.lease import Holder, read_holder
from pipelines.lake.published import newest_pointer
from pipelines.lake.spool import list_waiting
from pipelines.services.addresses import PostgresAddress
from pipelines.services.object_store import ObjectStore
from pipelines.services.postgres import connect, reported
from pipelines.settings import Settings
from pipelines.sql import read_sql

COMMITS = read_sql(__file__, "commits")


def read_status(settings: Settings) -> dict[str, Any]:
    """Read what waits in the spool, the lake's numbers, the lease, and the newest generation.

    Each is None where its setting is not set. Raise BadSetting without TOKENTIDE_LAKE,
    ServiceFailed where a service fails.
    """
    catalog = lake_of(settings).catalog
    loaded, holder = _read_catalog(catalog)
    spool, published = settings.services.spool, settings.services.published
    newest = newest_pointer(ObjectStore(published)) if published else None
    return {
        "waiting": read_waiting(ObjectStore(spool)) if spool else None,
        "lake": loaded,
        "lease": asdict(holder) if holder else None,
        "published": asdict(newest) if newest else None,
    }


def read_waiting(store: ObjectStore) -> dict[str, Any]:
    """Return how many segments wait in S3, by kind, and since when the oldest does."""
    waiting = list_waiting(store)
    kinds = sorted({each.kind for each in waiting})
    closed = [each.closed_at for each in waiting if each.closed_at]
    return {
        "segments": len(waiting),
        "by_kind": {kind: sum(each.kind == kind for each in waiting) for kind in kinds},
        "oldest_at": min(closed, default=None),
    }


def describe_status(found: dict[str, Any]) -> Iterator[str]:
    """Yield lines for a person."""
    if waiting := found["waiting"]:
        yield f"waiting   {describe_waiting(waiting)}"
    lake = found["lake"]
    last = f"the last one at {lake['last_load_at']:%Y-%m-%d %H:%M} UTC" if lake["segments"] else ""
    yield (
        f"lake      {lake['segments']} segments, {lake['rows'] or 0} rows {last}".rstrip()
        + f"; {lake['unreadable']} were unreadable; {lake['files']} files"
    )
    yield f"builder   {describe_holder(found['lease'])}"
    newest = found["published"]
    name = f"{newest['number']} of epoch {newest['epoch']}" if newest else "none"
    yield f"newest    generation {name}"


def describe_waiting(waiting: dict[str, Any]) -> str:
    """Describe what waits in one line."""
    if not waiting["segments"]:
        return "no segment"
    kinds = ", ".join(f"{number} {kind}" for kind, number in waiting["by_kind"].items())
    oldest = waiting["oldest_at"]
    minutes = f"{(utc_now() - oldest).total_seconds() / 60:.0f} minutes" if oldest else "unknown"
    return f"{waiting['segments']} segments ({kinds}), the oldest for {minutes}"


def describe_holder(lease: dict[str, Any] | None) -> str:
    """Describe who has the lease, or had it last, in one line."""
    if lease is None:
        return "nobody had the lease yet"
    since = f"{lease['name']} (epoch {lease['epoch']}, {lease['taken_at']:%Y-%m-%d %H:%M} UTC)"
    if lease["is_held"]:
        return f"{since} has the lease"
    end = "gave it back" if lease["is_released"] else "ended without giving it back"
    return f"nobody has the lease; {since} {end}"


def _read_catalog(address: PostgresAddress) -> tuple[dict[str, Any], Holder | None]:
    with closing(connect(address)) as session, reported(address):
        cursor = session.execute(COMMITS)
        [row] = cursor.fetchall()
        counts = dict(zip((each.name for each in cursor.description or ()), row, strict=True))
        holder = read_holder(session)
    last = counts["last_load_at"]
    return {**counts, "last_load_at": last and last.replace(tzinfo=UTC)}, holder

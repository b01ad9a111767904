"""Files that answer from what was known at an instant, made once and kept for the next query.

    published/as-of/20260619T080000Z-3f9a0c11d2b4.duckdb   the instant, and a hash of all inputs

The raw tables are copied to a scratch file, so the warehouse is held only for as long as that
takes; the same SQL is built and audited there with dbt's variable `as_of`, and the result is
published as any other file. What comes later does not change what was known, so a file is used
until something that was known before its instant is loaded, or the SQL changes.
"""

import shutil
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import duckdb

from pipelines.archive import utc_now
from pipelines.database_files import new_database, remove_database
from pipelines.errors import BadSetting, NothingPublished
from pipelines.loading.telemetry.tier_file import keep_known
from pipelines.publish.generations import GenerationInfo, check_audited, write_marts
from pipelines.settings import Settings
from pipelines.sql import read_sql
from pipelines.transform.build import Progress, build, build_lock
from pipelines.transform.manifest import project_files
from warehouse.connection import open_warehouse, session

MAX_KEPT = 8
KNOWN, LOADED = (read_sql(__file__, name) for name in ("known_as_of", "telemetry_as_of"))
# No table reads samples; the facts that were made of them are in the schema ledger.
NOT_COPIED = ("telemetry_samples",)


def parse_instant(text: str) -> datetime:
    """Parse an instant as a person writes it.

    Without a zone it is UTC, and a day alone is its first instant.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadSetting(f"{text!r} is no instant; write it as 2026-06-19T08:00Z.") from error
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def published_as_of(
    settings: Settings, instant: datetime, progress: Progress | None = None
) -> Path:
    """Return the file that answers from what was known at `instant`.

    Build it where there is none yet. Raise NothingPublished where this home has no warehouse.
    """
    if settings.services.published and not settings.warehouse.exists():
        raise NothingPublished(
            f"{settings.home} fetches what is published, and past knowledge is in the builder's "
            "warehouse. Ask on the builder's host."
        )
    with build_lock(settings, "as-of.lock"):
        path = path_as_of(settings, instant)
        if not path.exists():
            _make(settings, instant, path, progress)
        # The least recently used go first.
        path.touch()
        for old in sorted(
            _folder(settings).glob("*.duckdb"), key=lambda found: found.stat().st_mtime_ns
        )[:-MAX_KEPT]:
            remove_database(old)
    return path


def path_as_of(settings: Settings, instant: datetime) -> Path:
    """Return the path of the file for `instant`, as the warehouse is now."""
    return _folder(settings) / f"{_name(instant)}-{_fingerprint(settings, instant)}.duckdb"


def newest_as_of(settings: Settings, instant: datetime) -> Path | None:
    """Return the file for `instant` that was used last, whatever was loaded since; None if none."""
    found = _folder(settings).glob(f"{_name(instant)}-*.duckdb")
    return max(found, key=lambda path: path.stat().st_mtime_ns, default=None)


def _name(instant: datetime) -> str:
    return f"{instant:%Y%m%dT%H%M%S}{_fraction(instant)}Z"


def _folder(settings: Settings) -> Path:
    return settings.published / "as-of"


def _fraction(instant: datetime) -> str:
    return f".{instant.microsecond:06}" if instant.microsecond else ""


def _fingerprint(settings: Settings, instant: datetime) -> str:
    with session(settings.warehouse) as con:
        [known] = con.execute(KNOWN, {"as_of": instant}).fetchall()
        [loaded] = con.execute(LOADED, {"as_of": instant}).fetchall()
    if not any(known[::2]) and not loaded[0]:
        raise NothingPublished(
            f"Nothing in this home was known at {instant.isoformat()}. Name a later instant."
        )
    parts = [
        repr((instant, known, loaded)).encode(),
        *(path.read_bytes() for path in project_files()),
    ]
    return sha256(b"\0".join(parts)).hexdigest()[:12]


def _make(settings: Settings, instant: datetime, path: Path, progress: Progress | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Under the usual name: DuckDB's views remember the name of their file.
    scratch = settings.home / "as-of" / settings.warehouse.name
    shutil.rmtree(scratch.parent, ignore_errors=True)
    try:
        copy_raw(settings.warehouse, scratch)
        with session(scratch) as con:
            keep_known(con, instant)
        build(settings, scratch, progress, instant)
        with (
            new_database(path.with_name(f".{path.name}.tmp"), path) as aside,
            closing(open_warehouse(scratch)) as con,
        ):
            check_audited(con)
            write_marts(con, aside, GenerationInfo(None, utc_now()))
    finally:
        shutil.rmtree(scratch.parent, ignore_errors=True)


def copy_raw(source: Path, target: Path) -> None:
    """Copy the raw tables and the ledger to a new warehouse, and nothing built from them."""
    with session(target):
        pass
    with session(source) as con:
        con.execute(f"attach '{str(target).replace(chr(39), chr(39) * 2)}' as copy")
        for schema, table in _raw_tables(con):
            con.execute(f"insert into copy.{schema}.{table} by name from {schema}.{table}")
        con.execute("detach copy")


def _raw_tables(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    tables = con.sql(
        "select schema_name, table_name from duckdb_tables() "
        "where database_name = current_database() and schema_name in ('raw', 'ledger') order by all"
    ).fetchall()
    return [(schema, table) for schema, table in tables if table not in NOT_COPIED]

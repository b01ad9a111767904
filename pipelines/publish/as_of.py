"""Files that answer from what was known at some instant, each made once and kept for the next question.

    published/as-of/20260619T080000Z-3f9a0c11d2b4.duckdb   the instant, and a fingerprint of all that the answer rests on

The raw tables are copied to a scratch file, so the warehouse is held only for as long as that takes; the same SQL is built and audited
there with dbt's variable `as_of`, and the result is published as any other file. What comes later does not change what was known, so
a file is used until something that speaks from before its instant is loaded, or the SQL changes.
"""

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import duckdb

from pipelines.archive import sync_folder, utc_now
from pipelines.errors import BadSetting, NothingPublished
from pipelines.publish.generations import GenerationInfo, must_be_audited, write
from pipelines.settings import Settings
from pipelines.transform.dbt import PROJECT, Progress, build, build_lock
from warehouse.connection import open_warehouse
from warehouse.migrate import migrate

KEPT = 8
# Samples are not read by any table; what they amount to is in the ledger.
NOT_COPIED = ("telemetry_samples",)


def parse_instant(text: str) -> datetime:
    """An instant as a person writes it; without a zone it is UTC, and a day alone is its first instant."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadSetting(f"{text!r} is no instant; write it as 2026-06-19T08:00Z.") from error
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def published_as_of(
    settings: Settings, instant: datetime, progress: Progress | None = None
) -> Path:
    """The file that answers from what was known at `instant`; it is built where there is none yet."""
    with build_lock(settings, "as-of.lock"):
        path = place_of(settings, instant)
        if not path.exists():
            _make(settings, instant, path, progress)
        # The least recently used go first.
        path.touch()
        for old in sorted(
            _folder(settings).glob("*.duckdb"), key=lambda found: found.stat().st_mtime_ns
        )[:-KEPT]:
            old.unlink()
    return path


def place_of(settings: Settings, instant: datetime) -> Path:
    """Where the file is, or will be, that answers from what is known at `instant` as the warehouse stands."""
    return (
        _folder(settings)
        / f"{instant:%Y%m%dT%H%M%S}{_fraction(instant)}Z-{_fingerprint(settings, instant)}.duckdb"
    )


def _folder(settings: Settings) -> Path:
    return settings.published / "as-of"


def _fraction(instant: datetime) -> str:
    return f".{instant.microsecond:06}" if instant.microsecond else ""


def _fingerprint(settings: Settings, instant: datetime) -> str:
    with closing(open_warehouse(settings.warehouse)) as con:
        migrate(con)
        [known] = con.execute(KNOWN, {"as_of": instant}).fetchall()
        [loaded] = con.execute(LOADED, {"as_of": instant}).fetchall()
    if not any(known[::2]) and not loaded[0]:
        raise NothingPublished(
            f"Nothing that this home holds speaks from {instant.isoformat()} or before."
        )
    parts = [repr((instant, known, loaded)).encode(), *(path.read_bytes() for path in _project())]
    return sha256(b"\0".join(parts)).hexdigest()[:12]


def _project() -> Iterator[Path]:
    """What decides, beside the data, what a build gives."""
    suffixes = (".sql", ".yml", ".csv", ".md")
    return (path for path in sorted(PROJECT.rglob("*")) if path.suffix in suffixes)


def _make(settings: Settings, instant: datetime, path: Path, progress: Progress | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Under the usual name: DuckDB's views remember the name of their file.
    scratch = settings.home / "as-of" / settings.warehouse.name
    shutil.rmtree(scratch.parent, ignore_errors=True)
    try:
        copy_raw(settings.warehouse, scratch)
        build(settings, scratch, progress, instant)
        aside = path.with_name(f".{path.name}.tmp")
        aside.unlink(missing_ok=True)
        with closing(open_warehouse(scratch)) as con:
            must_be_audited(con)
            write(con, aside, GenerationInfo(None, utc_now(), instant))
        aside.replace(path)
        sync_folder(path.parent)
    finally:
        shutil.rmtree(scratch.parent, ignore_errors=True)


def copy_raw(source: Path, target: Path) -> None:
    """Copy what was landed, and the ledger, to a new warehouse; nothing of what is built from them."""
    with closing(open_warehouse(target)) as con:
        migrate(con)
    with closing(open_warehouse(source)) as con:
        migrate(con)
        con.execute(f"attach '{str(target).replace(chr(39), chr(39) * 2)}' as copy")
        for schema, table in _landed_tables(con):
            con.execute(f"insert into copy.{schema}.{table} by name from {schema}.{table}")
        con.execute("detach copy")


def _landed_tables(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    tables = con.sql(
        "select schema_name, table_name from duckdb_tables() "
        "where database_name = current_database() and schema_name in ('raw', 'ledger') order by all"
    ).fetchall()
    return [(schema, table) for schema, table in tables if table not in NOT_COPIED]


# Everything that speaks from that instant or before, in an order that plays no part: how much there is, and a sum of hashes.
KNOWN = """
    with known as (
        select hash(answer_id, outcome) as mark, 'answers' as kind from raw.answers where fetched_at <= $as_of
        union all
        select hash(sha256, slice, grain, date, content_hash), 'boards' from raw.ranking_days where as_of <= $as_of
        union all
        select hash(sha256, app_id), 'others' from raw.apps where as_of <= $as_of
        union all
        select hash(sha256, board, model_permaslug, metric), 'others' from raw.benchmarks where as_of <= $as_of
        union all
        select hash(sha256, app_slug, model_permaslug, turn_range), 'others' from raw.session_costs where as_of <= $as_of
    )
    select
        count(*) filter (where kind = 'answers'), sum(mark) filter (where kind = 'answers'),
        count(*) filter (where kind = 'boards'), sum(mark) filter (where kind = 'boards'),
        count(*) filter (where kind = 'others'), sum(mark) filter (where kind = 'others')
    from known
"""
LOADED = """
    select
        (select count(*) from raw.telemetry_segments where first_at <= $as_of),
        (select sum(hash(segment_id, outcome)) from raw.telemetry_segments where first_at <= $as_of),
        (select sum(hash(section, name, entry::varchar)) from raw.tier_file)
"""

"""Finished generations of the marts, each one DuckDB file that readers may keep open for as long as they like.

    published/generation-000012.duckdb   a generation: complete, checkpointed, never changed again
    published/tokentide.duckdb           a link to the newest, replaced in one step

A reader either sees the generation before or the one after, never half of one. Old generations are removed; a reader that still has
one open keeps it, since the system frees a file only when nobody holds it any more.
"""

import os
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from pipelines.archive import sync_folder, utc_now
from pipelines.errors import AuditFailed, NothingPublished
from pipelines.settings import Settings
from warehouse.connection import open_warehouse

KEPT = 5
NEWEST = "tokentide.duckdb"
FILE = re.compile(r"generation-(\d{6})\.duckdb")


@dataclass(frozen=True)
class Generation:
    """One published file."""

    number: int
    path: Path


@dataclass(frozen=True)
class GenerationInfo:
    """What a file says of itself. One that answers from the past names that instant and has no number."""

    generation: int | None
    published_at: datetime
    asked_as_of: datetime | None = None


def publish(settings: Settings, now: datetime | None = None) -> Generation:
    """Copy the marts into a new generation and put it in place; AuditFailed where the last build did not pass."""
    settings.published.mkdir(parents=True, exist_ok=True)
    con = open_warehouse(settings.warehouse)
    try:
        must_be_audited(con)
        # Numbered and put in place under the warehouse's lock, so that two publishers cannot take the same number.
        number = max((generation.number for generation in generations(settings)), default=0) + 1
        aside = settings.published / f".generation-{number:06}.duckdb.tmp"
        aside.unlink(missing_ok=True)
        write(con, aside, GenerationInfo(number, now or utc_now()))
        return _put_in_place(settings, aside, number)
    finally:
        con.close()


def newest(settings: Settings) -> Path:
    """The newest generation's file; NothingPublished says how to make one."""
    link = settings.published / NEWEST
    if not link.exists():
        raise NothingPublished(
            f"Nothing is published in {settings.home} yet. Run `tokentide ingest market`, or `make up`."
        )
    return link.resolve()


def generations(settings: Settings) -> list[Generation]:
    """Every generation that is still there, oldest first."""
    found = (
        (FILE.fullmatch(path.name), path) for path in settings.published.glob("generation-*.duckdb")
    )
    return sorted(
        (Generation(int(match[1]), path) for match, path in found if match),
        key=lambda generation: generation.number,
    )


def must_be_audited(con: duckdb.DuckDBPyConnection) -> None:
    """Raise AuditFailed unless the last build, by whatever called dbt, came to its end with every check held."""
    known = con.sql(
        "select 1 from duckdb_tables() where schema_name = 'main' and table_name = 'last_build'"
    ).fetchall()
    [(outcome, wrong)] = (
        con.sql("select outcome, wrong_nodes from main.last_build").fetchall()
        if known
        else [("never ran", 0)]
    )
    if outcome != "passed":
        raise AuditFailed(
            f"The last build {outcome} ({wrong} nodes wrong), so nothing is published. Run `tokentide build` to see why."
        )


def write(con: duckdb.DuckDBPyConnection, path: Path, about: GenerationInfo) -> None:
    """Write the marts of an open warehouse, their comments, and what is to be said of them, to a new file."""
    con.execute(f"attach '{_quoted(path)}' as next")
    con.execute("create schema next.marts")
    tables = con.sql(
        "select table_name from duckdb_tables() where schema_name = 'marts' and database_name = current_database() order by all"
    ).fetchall()
    for (name,) in tables:
        con.execute(f'create table next.marts."{name}" as from marts."{name}"')
    for (statement,) in con.sql(COMMENTS).fetchall():
        con.execute(statement)
    con.execute(META, {**asdict(about), "version": version("tokentide")})
    con.execute(META_COMMENTS)
    # Made from within, so that the view speaks of its own file and not of the name that it has here.
    [(home,)] = con.sql("select current_database()").fetchall()
    con.execute("use next.main")
    con.execute("create view meta as select * from marts.meta")
    con.execute(f'use "{home}".main')
    con.execute("checkpoint next")
    con.execute("detach next")


def _put_in_place(settings: Settings, aside: Path, number: int) -> Generation:
    with aside.open("rb") as file:
        os.fsync(file.fileno())
    path = settings.published / f"generation-{number:06}.duckdb"
    aside.replace(path)
    link = settings.published / f".{NEWEST}.tmp"
    link.unlink(missing_ok=True)
    link.symlink_to(path.name)
    link.replace(settings.published / NEWEST)
    sync_folder(settings.published)
    for old in generations(settings)[:-KEPT]:
        old.path.unlink(missing_ok=True)
    return Generation(number, path)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


# One statement for each comment on a table or column of the marts, to be said again in the new file.
COMMENTS = """
    select format('comment on table next.marts.{:s} is ''{:s}''', '"' || table_name || '"', replace(comment, '''', ''''''))
    from duckdb_tables()
    where schema_name = 'marts' and database_name = current_database() and comment is not null
    union all
    select format(
        'comment on column next.marts.{:s} is ''{:s}''', '"' || table_name || '"."' || column_name || '"', replace(comment, '''', '''''')
    )
    from duckdb_columns()
    where schema_name = 'marts' and database_name = current_database() and comment is not null
"""

# One row: what this file is, how far its knowledge reaches, and how to cite it.
META = """
    create table next.marts.meta as
    with days as (
        select max(as_of) as as_of, min(date) as first_date, max(date) filter (where not is_missing) as last_date
        from marts.market_days
    ),
    origins as (
        select string_agg(distinct origin, ', ' order by origin) as origin from marts.market_days where origin is not null
    )
    select
        $generation::integer as generation,
        $published_at::timestamptz as published_at,
        days.as_of,
        $asked_as_of::timestamptz as asked_as_of,
        coalesce(origins.origin, 'none') as origin,
        case
            when origins.origin = 'simulated' then 'Simulated by Tokentide''s stand-in market. These are not real figures.'
            else format('Source: OpenRouter (openrouter.ai/rankings), as of {:s}. Licensed under CC BY 4.0.',
                        strftime(days.as_of, '%Y-%m-%dT%H:%M:%S.%gZ'))
        end as citation,
        days.first_date,
        days.last_date,
        $version::varchar as tokentide_version,
        version() as duckdb_version
    from days, origins
"""

META_COMMENTS = """
    comment on table next.marts.meta is 'One row: what this file is, how far its knowledge reaches, and how to cite it.';
    comment on column next.marts.meta.generation is 'Number of this published file, which grows; null in one that answers from the past.';
    comment on column next.marts.meta.published_at is 'UTC instant at which this file was made.';
    comment on column next.marts.meta.as_of is 'Latest UTC instant that a figure of the market speaks from.';
    comment on column next.marts.meta.asked_as_of is 'UTC instant from whose knowledge this file answers; null where it is that of now.';
    comment on column next.marts.meta.origin is 'Where the figures come from: data_api, export, simulated (not real), or several.';
    comment on column next.marts.meta.citation is 'The line to print wherever a figure of this file is shown.';
    comment on column next.marts.meta.first_date is 'First UTC day that some answer covered.';
    comment on column next.marts.meta.last_date is 'Last UTC day that has figures.';
    comment on column next.marts.meta.tokentide_version is 'Version of Tokentide that made this file.';
    comment on column next.marts.meta.duckdb_version is 'Version of DuckDB that wrote this file.';
"""

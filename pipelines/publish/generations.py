"""Finished generations of the marts, each one DuckDB file that readers may keep open.

    published/generation-000012.duckdb   a generation: complete, checkpointed, never changed again
    published/tokentide.duckdb           a link to the newest, replaced in one step

A reader sees either the generation before or the one after, never half of one. Old generations are
removed; a reader that still has one open keeps it, since the system frees a file only when nobody
holds it any more.
"""

import re
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from pipelines.archive import utc_now
from pipelines.database_files import new_database, remove_database
from pipelines.errors import AuditFailed, NothingPublished
from pipelines.files import sync_folder
from pipelines.settings import Settings
from pipelines.sql import read_sql
from warehouse.connection import open_warehouse

MAX_KEPT = 5
NEWEST = "tokentide.duckdb"
MARTS, META, COMMENTS = (read_sql(__file__, name) for name in ("marts", "meta", "comments"))
FILE = re.compile(r"generation-(\d{6})\.duckdb")


@dataclass(frozen=True)
class Generation:
    """One published file."""

    number: int
    path: Path


@dataclass(frozen=True)
class GenerationInfo:
    """The part of a file's `meta` that is known when it is published.

    A file that answers from the past has no number.
    """

    generation: int | None
    published_at: datetime


def publish(settings: Settings, now: datetime | None = None) -> Generation:
    """Copy the marts into a new generation and put it in place.

    Raise AuditFailed where the last build did not pass.
    """
    settings.published.mkdir(parents=True, exist_ok=True)
    with closing(open_warehouse(settings.warehouse)) as con:
        check_audited(con)
        # Numbered and put in place under the warehouse's lock, so that two publishers cannot take
        # the same number.
        number = max((generation.number for generation in generations(settings)), default=0) + 1
        path = settings.published / f"generation-{number:06}.duckdb"
        with new_database(settings.published / f".{path.name}.tmp", path) as aside:
            write_marts(con, aside, GenerationInfo(number, now or utc_now()))
        return _link_newest(settings, path, number)


def newest(settings: Settings) -> Path:
    """Return the newest generation's file. Raise NothingPublished, which says how to make one."""
    link = settings.published / NEWEST
    if not link.exists():
        raise NothingPublished(
            f"Nothing is published in {settings.home} yet. "
            "Run `tokentide ingest market`, or `make up`."
        )
    return link.resolve()


def generations(settings: Settings) -> list[Generation]:
    """Return every generation that is still there, oldest first."""
    found = (
        (FILE.fullmatch(path.name), path) for path in settings.published.glob("generation-*.duckdb")
    )
    return sorted(
        (Generation(int(match[1]), path) for match, path in found if match),
        key=lambda generation: generation.number,
    )


def check_audited(con: duckdb.DuckDBPyConnection) -> None:
    """Raise AuditFailed unless the last build, whoever called dbt, ended with every check held."""
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
            f"The last build {outcome} ({wrong} nodes wrong), so nothing is published. "
            "Run `tokentide build` to see why."
        )


def write_marts(con: duckdb.DuckDBPyConnection, path: Path, info: GenerationInfo) -> None:
    """Copy the marts of an open warehouse to a new file, with their comments."""
    con.execute(f"attach '{_quoted(path)}' as next")
    con.execute("create schema next.marts")
    for (name,) in con.sql(MARTS).fetchall():
        con.execute(f'create table next.marts."{name}" as from marts."{name}"')
    con.execute(META, {**asdict(info), "version": version("tokentide")})
    for (statement,) in con.sql(COMMENTS).fetchall():
        con.execute(statement)
    # Made from within, so that the view reads its own file and not the name that the file has here.
    [(home,)] = con.sql("select current_database()").fetchall()
    con.execute("use next.main")
    con.execute("create view meta as select * from marts.meta")
    con.execute(f'use "{home}".main')
    con.execute("checkpoint next")
    con.execute("detach next")


def _link_newest(settings: Settings, path: Path, number: int) -> Generation:
    link = settings.published / f".{NEWEST}.tmp"
    link.unlink(missing_ok=True)
    link.symlink_to(path.name)
    link.replace(settings.published / NEWEST)
    sync_folder(settings.published)
    for old in generations(settings)[:-MAX_KEPT]:
        remove_database(old.path)
    return Generation(number, path)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")

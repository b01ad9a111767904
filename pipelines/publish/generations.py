"""Finished generations of the marts, each one DuckDB file that readers may keep open.

    published/generation-000012.duckdb   a generation: complete, checkpointed, never changed again
    published/tokentide.duckdb           a link to the newest, replaced in one step

A reader sees either the generation before or the one after, never half of one. Old generations are
removed; a reader that still has one open keeps it, since the system frees a file only when nobody
holds it any more.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from pipelines.archive import utc_now
from pipelines.database_files import new_database, remove_database
from pipelines.errors import AuditFailed, NothingPublished
from pipelines.files import copy_by_kernel, make_private, move_durably, sync_folder
from pipelines.publish.verdict_history import JudgeSaved, judge_none, keep_history
from pipelines.settings import Settings
from pipelines.sql import read_sql
from warehouse.changes import slice_day
from warehouse.connection import session, transaction

MAX_KEPT = 5
NEWEST = "tokentide.duckdb"
META_TABLE = "meta"
MARTS, OTHERS, META, CONTENTS, COMMENTS, CHANGES, PUBLISHED = (
    read_sql(__file__, name)
    for name in ("marts", "other_marts", "meta", "contents", "comments", "changes", "published")
)
BY_MINUTE = "_minutely"
FIRST_MINUTE = (
    "select date_trunc('day', max(minute_at)) - to_days(getvariable('minute_days')) "
    'from marts."{}"'
)
CHANGED_SLICES = (
    "create or replace temp table changed_slices as select target, day from main.slices "
    "where relation = $relation and changed > $changed"
)
BLOCKS = "select used_blocks, free_blocks from pragma_database_size() where database_name = 'next'"
FILE = re.compile(r"generation-(\d{6})\.duckdb")


@dataclass(frozen=True)
class Generation:
    """One published file."""

    number: int
    path: Path


@dataclass(frozen=True)
class Change:
    """A table that is other than in the generation before, or only some of its slices.

    A slice is named by two columns, a target and an instant whose UTC day counts; those that
    changed have a higher number than `after`.
    """

    table: str
    slice: Sequence[str] | None = None
    after: int | None = None


@dataclass(frozen=True)
class GenerationInfo:
    """The part of a file's `meta` that is known when it is published.

    A file that answers from the past has no number.
    """

    generation: int | None
    published_at: datetime


def publish(
    settings: Settings, now: datetime | None = None, judge_saved: JudgeSaved = judge_none
) -> Generation:
    """Write the marts into a new generation and put it in place.

    It begins as a copy of the generation before, in which only tables that changed are replaced.
    `judge_saved` judges the claims that are kept in the home.

    Raise AuditFailed where the last build did not pass.
    """
    make_private(settings.published)
    with session(settings.warehouse) as con:
        check_audited(con)
        con.execute("set variable minute_days = $days", {"days": settings.published_minute_days})
        # Numbered and put in place under the warehouse's lock, so that two publishers cannot take
        # the same number.
        number = max((generation.number for generation in generations(settings)), default=0) + 1
        path = settings.published / f"generation-{number:06}.duckdb"
        info = GenerationInfo(number, now or utc_now())
        with new_database(settings.published / f".{path.name}.tmp", path) as aside:
            _write_next(con, settings, aside, info, judge_saved)
        return _link_newest(settings, path, number)


def _write_next(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    aside: Path,
    info: GenerationInfo,
    judge_saved: JudgeSaved,
) -> None:
    """Write a generation: a copy of the one before with what changed since, or all tables."""
    before = generations(settings)[-1:]
    if is_known := bool(before) and _is_known(con, before[0].number):
        copy_by_kernel(before[0].path, aside)
        rows = con.execute(CHANGES, {"generation": before[0].number}).fetchall()
        write_marts(con, aside, info, [Change(*row) for row in rows])
    if not is_known or _is_mostly_free(con, aside):
        remove_database(aside)
        write_marts(con, aside, info)
    last = before[0].path if before else None
    keep_history(con, aside, last, info.published_at, judge_saved)
    with transaction(con):
        con.execute("delete from main.published")
        con.execute(PUBLISHED, {"generation": info.generation})


def _is_known(con: duckdb.DuckDBPyConnection, generation: int) -> bool:
    """Tell whether the content of a generation's tables is on record."""
    query = "select count(*) from main.published where generation = ?"
    return con.execute(query, [generation]).fetchall() != [(0,)]


def _is_mostly_free(con: duckdb.DuckDBPyConnection, path: Path) -> bool:
    """Tell whether tables that were replaced left more room in a file than all tables take."""
    con.execute(f"attach '{_quoted(path)}' as next (read_only)")
    [(used, free)] = con.sql(BLOCKS).fetchall()
    con.execute("detach next")
    return bool(free > used)


def has_news(settings: Settings) -> bool:
    """Tell whether the marts are other than those of this home's newest generation."""
    before = generations(settings)[-1:]
    with session(settings.warehouse) as con:
        if not before or not _is_known(con, before[0].number):
            return True
        return bool(con.execute(CHANGES, {"generation": before[0].number}).fetchall())


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


def write_marts(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    info: GenerationInfo,
    changes: Sequence[Change] | None = None,
) -> None:
    """Copy the marts of an open warehouse to a file, with their comments.

    With `changes` the file holds an earlier state of them, in which these are other. Of tables by
    the minute only the last days are copied: as many as the variable `minute_days` says, if it is
    set.
    """
    con.execute(f"attach '{_quoted(path)}' as next")
    con.execute("create schema if not exists next.marts")
    for (name,) in con.sql(OTHERS).fetchall():
        con.execute(f'drop table next.marts."{name}"')
    if changes is None:
        changes = [Change(name) for (name,) in con.sql(MARTS).fetchall()]
    for change in changes:
        _copy(con, change)
    copied = {META_TABLE, *(change.table for change in changes)}
    con.execute(META, {**asdict(info), "version": version("tokentide")})
    con.execute(CONTENTS)
    for name, statement in con.sql(COMMENTS).fetchall():
        if name in copied:
            con.execute(statement)
    # Made from within, so that the view reads its own file and not the name that the file has here.
    [(home,)] = con.sql("select current_database()").fetchall()
    con.execute("use next.main")
    con.execute("create or replace view meta as select * from marts.meta")
    con.execute(f'use "{home}".main')
    con.execute("checkpoint next")
    con.execute("detach next")


def _copy(con: duckdb.DuckDBPyConnection, change: Change) -> None:
    """Copy a table, or its slices that changed, to the attached file."""
    name = f'marts."{change.table}"'
    recent = _recent(con, change.table)
    if not change.slice:
        rows = f"select table_row.* from {name} as table_row where {recent}"  # noqa: S608
        con.execute(f"create or replace table next.{name} as {rows}")
        return
    target, at = change.slice
    values = {"relation": name.replace("marts", '"marts"'), "changed": change.after}
    con.execute(CHANGED_SLICES, values)
    [(first, last)] = con.sql("select min(day), max(day) from changed_slices").fetchall()
    if first is None:
        return
    # The bounds let DuckDB skip what lies outside of all changed days.
    within = (
        f"table_row.\"{at}\" >= '{first}'::date and table_row.\"{at}\" < '{last}'::date + 1 "
        f'and exists (from changed_slices as slices where slices.target = table_row."{target}" '
        f"and slices.day = {slice_day(f'table_row.{at}')})"
    )
    con.execute(f"delete from next.{name} as table_row where {within} or not ({recent})")  # noqa: S608
    rows = f"select table_row.* from {name} as table_row where {within} and {recent}"  # noqa: S608
    con.execute(f"insert into next.{name} {rows}")


def _recent(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """Return the condition of rows that are published: of those by the minute, the last days."""
    if not table.endswith(BY_MINUTE):
        return "true"
    [(first,)] = con.sql(FIRST_MINUTE.format(table)).fetchall()
    return f"table_row.minute_at >= '{first.isoformat()}'::timestamptz" if first else "true"


def _link_newest(settings: Settings, path: Path, number: int) -> Generation:
    link = settings.published / f".{NEWEST}.tmp"
    link.unlink(missing_ok=True)
    link.symlink_to(path.name)
    link.replace(settings.published / NEWEST)
    sync_folder(settings.published)
    for old in generations(settings)[:-MAX_KEPT]:
        remove_database(old.path)
    return Generation(number, path)


def put_in_place(settings: Settings, aside: Path, number: int) -> Generation:
    """Put a finished generation that came from elsewhere in place as the newest one."""
    path = settings.published / f"generation-{number:06}.duckdb"
    move_durably(aside, path)
    return _link_newest(settings, path, number)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")

"""A connection to the lake: DuckDB with the lake attached, and a session with its Postgres."""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from pipelines.errors import BadSetting, ServiceFailed
from pipelines.lake.tables import ROW_TABLES, SEGMENTS, SEGMENTS_TABLE, create_tables, with_id
from pipelines.loading.telemetry.segment_files import SegmentKind
from pipelines.services.addresses import LakeAddress
from pipelines.services.object_store import hide
from pipelines.services.postgres import connect, reported
from pipelines.settings import Settings
from pipelines.sql import read_sql
from warehouse.connection import transaction
from warehouse.lake import NAME, MissingExtension, open_lake_database

if TYPE_CHECKING:
    import psycopg

TRY_LOCK = "select pg_try_advisory_lock(hashtextextended(%s, 0))"
UNLOCK = "select pg_advisory_unlock(hashtextextended(%s, 0))"
# Postgres' driver writes a parameter in another way than DuckDB, and a percent sign twice.
BETWEEN = re.sub(r"\$(\w+)", r"%(\1)s", read_sql(__file__, "committed_between").replace("%", "%%"))
LAST = "select coalesce(max(snapshot_id), 0) from tokentide_commits"
UNREADABLE_COMMIT = "{} unreadable {}"
COMMITTED = "select commit_name from tokentide_commits where commit_name = any(%s)"
CLAIM_MANY = (
    "select name from unnest(%s::text[]) as names (name) "
    "where pg_try_advisory_lock(hashtextextended(name, 0))"
)
UNCLAIM_MANY = "select pg_advisory_unlock(hashtextextended(unnest(%s::text[]), 0))"
MOVED = (
    "insert into tokentide_moved (commit_name, segment_id) select %s, unnest(%s::text[]) "
    "on conflict do nothing"
)
INSERTED = read_sql(__file__, "inserted_segments")

SegmentRow = tuple[str, str, SegmentKind, str, int, Any, Any, Any, str | None]
"""A segment: name, SHA-256, kind, outcome, rows, first, last instant, when loaded, reason."""


class Lake:
    """The open lake. Its methods raise ServiceFailed where Postgres or S3 fails."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        session: "psycopg.Connection[Any]",
        address: LakeAddress,
    ) -> None:
        self.con = con
        self.address = address
        self._session = session

    @contextmanager
    def claimed(self, name: str) -> Iterator[bool]:
        """Give whether a segment is ours to load while the `with` lasts: nobody else is at it."""
        with reported(self.address.catalog):
            [(is_ours,)] = self._session.execute(TRY_LOCK, [name]).fetchall()
        try:
            yield bool(is_ours)
        finally:
            # Without a session there is no lock either.
            with suppress(ServiceFailed), reported(self.address.catalog):
                if is_ours:
                    self._session.execute(UNLOCK, [name])

    @contextmanager
    def claimed_many(self, names: Sequence[str]) -> Iterator[set[str]]:
        """Give those of many segments that are ours while the `with` lasts: a few thousand."""
        with reported(self.address.catalog):
            rows = self._session.execute(CLAIM_MANY, [list(names)]).fetchall()
        ours = [name for (name,) in rows]
        try:
            yield set(ours)
        finally:
            with suppress(ServiceFailed), reported(self.address.catalog):
                self._session.execute(UNCLAIM_MANY, [ours])

    def has(self, commit: str) -> bool:
        """Tell whether something was committed under this name, or moved with others."""
        return bool(self.select_committed([commit]))

    def select_committed(self, names: Sequence[str]) -> set[str]:
        """Return the names under which something was committed."""
        with reported(self.address.catalog):
            rows = self._session.execute(COMMITTED, [list(names)]).fetchall()
        return {name for (name,) in rows}

    def digest_of(self, segment_id: str) -> str | None:
        """Return the SHA-256 of a loaded segment, or None if there is none of this name."""
        query = f"select sha256 from {SEGMENTS_TABLE} where segment_id = $id and outcome = 'loaded'"  # noqa: S608
        with self.failures():
            found = self.con.execute(query, {"id": segment_id}).fetchall()
        return found[0][0] if found else None

    def append(
        self, commit: str, record: Sequence[object], kind: SegmentKind, rows: pa.Table | None
    ) -> None:
        """Append rows of a segment and its record in one commit of this name.

        A name can be committed once. Raise ServiceFailed where it is there already.
        """
        with_name = None if rows is None else with_id(rows, str(record[0]))
        self._commit(commit, [record], kind, with_name)

    def append_moved(
        self, records: Sequence[Sequence[object]], kind: SegmentKind, rows: pa.Table
    ) -> None:
        """Append rows of many segments, each with its `segment_id`, and their records at once.

        Their names are known to `has` once that commit is there, and not before. Raise
        ServiceFailed where one of them was committed meanwhile: then nothing of it is there.
        """
        names = sorted(str(record[0]) for record in records)
        commit = f"moved {sha256(chr(10).join(names).encode()).hexdigest()}"
        with reported(self.address.catalog):
            self._session.execute(MOVED, [commit, names])
        self._commit(commit, records, kind, rows)

    def _commit(
        self,
        commit: str,
        records: Sequence[Sequence[object]],
        kind: SegmentKind,
        rows: pa.Table | None,
    ) -> None:
        listed = pa.Table.from_pylist(
            [dict(zip(SEGMENTS.names, record, strict=True)) for record in records], SEGMENTS
        )
        tables = {SEGMENTS_TABLE: listed}
        if rows is not None:
            tables[ROW_TABLES[kind].name] = rows
        with self.failures(), transaction(self.con):
            for table, new in tables.items():
                self.con.register("new_rows", new)
                self.con.execute(f"insert into {table} by name from new_rows")
                self.con.unregister("new_rows")
            self.con.execute(
                f"call {NAME}.set_commit_message('tokentide', $kind, extra_info => $commit)",
                {"kind": kind, "commit": commit},
            )

    def loaded_digests(self) -> dict[str, tuple[SegmentKind, str]]:
        """Return kind and SHA-256 of every loaded segment, by name."""
        query = f"select segment_id, kind, sha256 from {SEGMENTS_TABLE} where outcome = 'loaded'"  # noqa: S608
        with self.failures():
            found: list[tuple[str, SegmentKind, str]] = self.con.sql(query).fetchall()
        return {name: (kind, digest) for name, kind, digest in found}

    def snapshot(self) -> int:
        """Return the number of the newest snapshot with a segment, 0 where there is none."""
        return newest_load(self._session, self.address)

    def segments_between(self, first: int, last: int) -> list[SegmentRow]:
        """Return the segments that were committed in these snapshots, both included.

        The snapshots themselves may have expired.
        """
        with reported(self.address.catalog):
            known = self._session.execute(BETWEEN, {"first": first, "last": last}).fetchall()
        given = {
            "names": [name for name, _ in known],
            "unreadable": [is_unreadable for _, is_unreadable in known],
        }
        with self.failures():
            found: list[SegmentRow] = self.con.execute(INSERTED, given).fetchall()
        return found

    def rows(self, kind: SegmentKind, segment_id: str) -> pa.Table:
        """Return the rows of a segment as they were in its file."""
        table = ROW_TABLES[kind]
        columns = ", ".join(f'"{name}"' for name in table.schema.names)
        query = f"select {columns} from {table.name} where segment_id = $id"  # noqa: S608
        with self.failures():
            found = self.con.execute(query, {"id": segment_id}).to_arrow_table()
        return found.cast(table.schema)

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Raise an error of DuckDB as ServiceFailed, without secrets."""
        with lake_failures(self.address):
            yield


@contextmanager
def lake_failures(address: LakeAddress) -> Iterator[None]:
    """Raise an error of DuckDB as ServiceFailed, without secrets."""
    try:
        yield
    except duckdb.Error as error:
        access = address.data.access
        text = hide(str(error), address.catalog.password, access.secret, access.key_id)
        first_line = text.strip().splitlines()[0][:500]
        raise ServiceFailed(
            f"The lake in {address.data.url} failed ({first_line}). "
            "`tokentide doctor` says what is wrong."
        ) from None


@contextmanager
def open_lake(settings: Settings, *, is_new: bool = False) -> Iterator[Lake]:
    """Open the lake that TOKENTIDE_LAKE names; create what is missing of it if `is_new`.

    Raise BadSetting where it is not set or its packages are missing, ServiceFailed where it cannot
    be opened.
    """
    address = lake_of(settings)
    with closing(connect(address.catalog)) as session, reported(address.catalog):
        if not is_new and not _exists(session):
            raise ServiceFailed(
                f"{address.catalog.shown} has no lake yet, or one of an older version: "
                "`tokentide lake create`"
            )
    with closing(connect(address.catalog)) as session, closing(_open(address)) as con:
        lake = Lake(con, session, address)
        if is_new:
            with lake.failures():
                create_tables(con, address)
        yield lake


def lake_of(settings: Settings) -> LakeAddress:
    """Return the address of the lake; raise BadSetting where none is set."""
    if settings.services.lake is None:
        raise BadSetting("TOKENTIDE_LAKE is not set; docs/lake.md says how the lake is set up.")
    return settings.services.lake


def newest_load(session: "psycopg.Connection[Any]", address: LakeAddress) -> int:
    """Return the number of the newest snapshot with a segment, 0 where there is none."""
    with reported(address.catalog):
        [(number,)] = session.execute(LAST).fetchall()
    return int(number)


def _exists(session: "psycopg.Connection[Any]") -> bool:
    query = "select to_regclass('public.tokentide_moved') is not null"
    return bool(session.execute(query).fetchall() == [(True,)])


def _open(address: LakeAddress) -> duckdb.DuckDBPyConnection:
    catalog, access = address.catalog, address.data.access
    postgres: dict[str, str | int] = {
        "host": catalog.host,
        "port": catalog.port,
        "user": catalog.user,
        "database": catalog.database,
        **dict(catalog.options),
    }
    if catalog.password:
        postgres["password"] = catalog.password
    s3: dict[str, str | bool] = {
        "key_id": access.key_id,
        "secret": access.secret,
        "region": access.region,
        "use_ssl": access.is_secure,
    }
    if access.host:
        s3 |= {"endpoint": access.host, "url_style": "path"}
    try:
        with lake_failures(address):
            return open_lake_database(postgres, s3, address.data.url)
    except MissingExtension as error:
        raise BadSetting(str(error)) from error

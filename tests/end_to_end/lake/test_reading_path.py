"""Readers of the distributed form: they have whole generations in order, and nothing else.

A host that shows a generation may have all secrets of the lake in its environment, as a builder's
host has. People's SQL reads the fetched file alone.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pytest
from support.lake.dagster import wait_until
from support.lake.homes import embedded_home, lake_home, ship_and_load
from support.lake.parts import INHERITED, LakePart, LakeParts
from support.lake.services import KEY_ID, PASSWORD, SECRET
from support.security.hostile_sql import HOSTILE, HOSTILE_TO_LAKE
from support.telemetry_facts import stretch

from pipelines.errors import QueryFailed
from pipelines.ingest.market import load_archive
from pipelines.lake.building import build_from_lake
from pipelines.lake.connection import open_lake
from pipelines.lake.published import fetch
from pipelines.publish import query
from pipelines.publish.generations import MAX_KEPT, generations, newest
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter
from warehouse.connection import open_published

ROUNDS = 10
STATE = (
    "select (select generation from marts.meta), (select count(*) from marts.telemetry_log), "
    "(select sum(generation_tokens)::bigint from marts.served_tokens_minutely), "
    "(select sum(generation_tokens)::bigint from marts.served_tokens_hourly)"
)
Rows = tuple[object, ...]


@pytest.fixture
def builder(lake_settings: Settings, tmp_path: Path) -> Settings:
    """Return the builder's home, with answers and segments in the lake."""
    made = lake_home(embedded_home(tmp_path / "embedded"), lake_settings, tmp_path / "builder")
    with open_lake(made) as lake:
        ship_and_load(made, lake)
    load_archive(made)
    return made


@pytest.fixture
def reader(lake_settings: Settings, tmp_path: Path) -> Settings:
    """Return a host that fetches, in whose environment everything is set."""
    return replace(lake_settings, home=tmp_path / "reader")


def store_of(settings: Settings) -> ObjectStore:
    """Return the folder of generations in S3."""
    assert settings.services.published
    return ObjectStore(settings.services.published)


def in_the_bucket(settings: Settings) -> list[str]:
    """Return the names of all files of the lake, the spool and the generations."""
    services = settings.services
    assert services.lake
    assert services.spool
    folders = (services.lake.data, services.spool, services.published)
    return [f"{each.url}{key}" for each in folders if each for key in ObjectStore(each).list_keys()]


def hostile_statements(settings: Settings, folder: Path) -> list[str]:
    """Return all hostile statements, those to the lake last, with addresses that exist."""
    services = settings.services
    assert services.lake
    assert services.spool
    assert services.published
    catalog = services.lake.catalog
    places = {
        "secret": folder / "secret.csv",
        "folder": folder,
        "path": newest(settings),
        "catalog": f"host=127.0.0.1 port={catalog.port} dbname={catalog.database} user=lake "
        f"password={PASSWORD}",
        "name": catalog.database,
        "data": services.lake.data.url,
        "spool": services.spool.url,
        "published": services.published.url,
        "pointer": f"{services.published.url}pointers/00000001-000001.json",
        "endpoint": settings.variables["AWS_ENDPOINT_URL"],
        "extension": next(Path(sys.prefix).rglob("ducklake.duckdb_extension")),
        "key": KEY_ID,
        "secret_key": SECRET,
    }
    hidden = [f"select 1; {each}" for each in HOSTILE_TO_LAKE]
    behind = [f"{each}; select 1" for each in HOSTILE_TO_LAKE]
    return [each.format(**places) for each in (*HOSTILE, *hidden, *behind, *HOSTILE_TO_LAKE)]


@pytest.mark.long
def test_hostile_sql_reads_neither_lake_nor_catalog_nor_bucket(
    builder: Settings, reader: Settings, tmp_path: Path
) -> None:
    """The lake is open in the same process meanwhile, so its extensions are there."""
    build_from_lake(builder)
    assert fetch(reader, store_of(reader))
    (tmp_path / "secret.csv").write_text("a,b\nnobody-may-read-this,2\n")
    statements = hostile_statements(reader, tmp_path)
    before = in_the_bucket(reader)
    content = newest(reader).read_bytes()
    answered = []
    with open_lake(builder) as lake:
        snapshot = lake.snapshot()
        for statement in statements:
            try:
                with query.run(newest(reader), statement, 10) as result:
                    answered.append((statement, list(result.rows)[:3]))
            except QueryFailed as error:
                said = str(error).replace(statement, "")
                assert "nobody-may-read-this" not in said
                assert SECRET not in said
        assert lake.snapshot() == snapshot
    assert answered == []
    assert in_the_bucket(reader) == before
    assert newest(reader).read_bytes() == content


@pytest.mark.long
@pytest.mark.parametrize("is_builder", [False, True])
def test_the_verb_sql_reads_the_fetched_file_alone(
    builder: Settings, reader: Settings, tmp_path: Path, is_builder: bool
) -> None:
    """Also where lake and passwords are in its environment, as on the host of a builder."""
    build_from_lake(builder)
    assert fetch(reader, store_of(reader))
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    given = {
        key: value
        for key, value in reader.variables.items()
        if is_builder or not key.startswith(("TOKENTIDE_LAKE", "TOKENTIDE_SPOOL", "PG"))
    }
    home = builder if is_builder else reader
    given["TOKENTIDE_HOME"] = str(home.home)

    def ask(text: str) -> "subprocess.CompletedProcess[str]":
        inherited = {key: os.environ[key] for key in INHERITED if key in os.environ}
        return subprocess.run(
            [sys.executable, "-m", "pipelines", "sql", text, "--json"],
            env={**inherited, **given},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    answer = ask("select count(*) as n from served_tokens_minutely where target = 't'")
    assert answer.returncode == 0, answer.stderr
    places = hostile_statements(reader, tmp_path)[-len(HOSTILE_TO_LAKE) :]
    for statement in places[:: len(places) // 6]:
        refused = ask(statement)
        assert refused.returncode != 0, (statement, refused.stdout)
        assert refused.stdout == ""
        said = refused.stderr.replace(statement, "")
        assert not any(secret in said for secret in (PASSWORD, SECRET))


@dataclass
class Watcher:
    """Reads the newest generation again and again, in threads, until it is ended."""

    home: Settings
    seen: list[Rows] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def read(self) -> None:
        """Open the newest generation for each read, as `tokentide sql` does."""
        while not self.is_over.is_set():
            try:
                with query.run(newest(self.home), STATE, 30) as result:
                    self.seen += list(result.rows)
            except (QueryFailed, duckdb.Error) as error:
                self.failed.append(str(error))
            time.sleep(0.02)


@pytest.fixture
def fetching(reader: Settings, tmp_path: Path) -> Iterator[LakeParts]:
    """Let the reader's host fetch what is new."""
    given = {**reader.variables, "TOKENTIDE_HOME": str(reader.home)}
    part = LakePart(("lake", "fetch", "--follow", "--every", "0.1"), given)
    parts = LakeParts(tmp_path, {"fetch": part})
    parts.start("fetch")
    yield parts
    parts.end_all()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_readers_see_ten_generations_whole_and_in_order(
    builder: Settings, reader: Settings, fetching: LakeParts
) -> None:
    """No read fails, and none sees halves of two; one that stays open keeps its own."""
    states = [_publish(builder, 0)]
    wait_until(lambda: generations(reader))
    watcher = Watcher(reader)
    threads = [threading.Thread(target=watcher.read) for _ in range(3)]
    with closing(open_published(newest(reader))) as con:
        for thread in threads:
            thread.start()
        try:
            for number in range(1, ROUNDS):
                states.append(_publish(builder, number))
                wait_until(lambda state=states[-1]: state in watcher.seen or watcher.failed)
            assert con.sql(STATE).fetchall() == [states[0]]
        finally:
            watcher.is_over.set()
            for thread in threads:
                thread.join()
    fetching.check()
    assert watcher.failed == []
    assert set(watcher.seen) == set(states)
    assert len(set(states)) == ROUNDS
    assert len(generations(reader)) == MAX_KEPT


def _publish(builder: Settings, number: int) -> Rows:
    """Publish what another segment brings; return what a read of that generation has to see."""
    if number:
        SegmentWriter(builder.telemetry_spool).write(
            stretch((20_000 + 60 * number, 1000 + 7 * number))
        )
    built = build_from_lake(builder)
    assert built.is_new
    with closing(open_published(built.generation.path)) as con:
        [state] = con.sql(STATE).fetchall()
    return tuple(state)

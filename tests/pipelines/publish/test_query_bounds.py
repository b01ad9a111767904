"""Bounds of people's SQL: time, memory, and many queries at once."""

import io
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest
from support.published import published

from pipelines.errors import QueryFailed
from pipelines.publish import query
from pipelines.settings import Settings
from warehouse.connection import open_published


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published(Settings(tmp_path_factory.mktemp("home"))).path


def as_json(path: Path, sql: str) -> list[dict[str, object]]:
    out = io.StringIO()
    with query.run(path, sql) as result:
        query.write_json(result, out)
    found: list[dict[str, object]] = json.loads(out.getvalue())
    return found


# Bounds.

ENDLESS = "select count(*) from range(1000000000000) a, range(1000) b"


def test_a_query_that_takes_too_long_is_stopped(path: Path) -> None:
    """While it computes or while its rows are read; the message says what to do."""
    for sql in (ENDLESS, "from range(10000000000)"):
        started = time.monotonic()
        with (
            pytest.raises(QueryFailed, match=r"took longer than 0\.5 s and was stopped.*--timeout"),
            query.run(path, sql, 0.5) as result,
        ):
            list(result.rows)
        assert time.monotonic() - started < 5
    with pytest.raises(QueryFailed, match="was stopped"):
        query.frame(path, ENDLESS, 0.3)


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.003, 0.01, 0.02, 0.05])
@pytest.mark.parametrize("sql", [ENDLESS, "from range(10000000000)"])
def test_a_query_is_stopped_at_whatever_step_its_time_ends(
    path: Path, sql: str, seconds: float
) -> None:
    """A query is stopped before it begins, while planned, between steps or batches."""
    started = time.monotonic()
    with (
        pytest.raises(QueryFailed, match=r"took longer than .* and was stopped"),
        query.run(path, sql, seconds) as result,
    ):
        list(result.rows)
    assert time.monotonic() - started < 5


def test_a_query_that_needs_too_much_memory_fails(path: Path) -> None:
    """It cannot take the machine down, and it cannot spill to disk."""
    with (
        pytest.raises(QueryFailed, match="Out of Memory Error"),
        query.run(path, "select list(range) from range(400000000)", 60) as result,
    ):
        list(result.rows)


def test_time_that_was_not_used_up_is_not_held_against_the_next_query(path: Path) -> None:
    """The clock of one query never stops another."""
    assert as_json(path, "select 1 as a") == [{"a": 1}]
    with query.run(path, "select 2 as a", 0.05) as result:
        rows = list(result.rows)
    time.sleep(0.1)
    assert rows == [(2,)]
    assert as_json(path, "select 3 as a") == [{"a": 3}]


def test_several_connections_of_one_process_read_at_once(path: Path) -> None:
    """A dashboard serves several people.

    Each of their connections is as locked down as the first.
    """
    first, second = open_published(path), open_published(path)
    try:
        for con in (first, second):
            assert con.sql(
                "select current_setting('TimeZone'), count(*) from models"
            ).fetchall() == [("UTC", 2)]
            with pytest.raises(duckdb.Error):
                con.execute("set enable_external_access = true")
    finally:
        first.close()
        second.close()


def test_many_threads_ask_at_once(path: Path) -> None:
    """None gets in another's way, whichever came first."""
    found: list[object] = []

    def ask() -> None:
        for _ in range(10):
            try:
                found.append(
                    as_json(
                        path,
                        "select count(*) as n, "
                        "strftime(timestamptz '2026-01-01 00:00:00+00', '%Z') as zone "
                        "from models",
                    )
                )
            except (QueryFailed, duckdb.Error) as error:
                found.append(error)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[{"n": 2, "zone": "UTC"}]] * 60


CANCELLED = """
import os, signal, sys, threading, time
from pathlib import Path
from pipelines.publish import query
for _ in range(2):
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        with query.run_each(Path(sys.argv[1]), sys.argv[2], 60) as found:
            list(next(found.results).rows)
    except KeyboardInterrupt:
        print("cancelled")
with query.run(Path(sys.argv[1]), "select 7") as result:
    print(*result.rows)
"""


def test_ctrl_c_cancels_a_query_and_nothing_else(path: Path) -> None:
    """The process goes on at once, on a new connection."""
    done = subprocess.run(
        # A shell starts jobs in the background with Ctrl-C ignored, and processes inherit that.
        ["env", "--default-signal=INT", sys.executable, "-c", CANCELLED, str(path), ENDLESS],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout == "cancelled\ncancelled\n(7,)\n", done.stderr

"""Loading of answers: once, whole, in any order to the same rows, not stopped by a bad one."""

import json
import logging
import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import support.payloads as examples
from support.loading import (
    AS_OF,
    DAY,
    FIRST,
    all_raw_rows,
    fresh_warehouse,
    keep_answer,
    load_all,
    rankings_body,
    raw_rows,
)
from support.source_payloads import with_changes

from pipelines.archive import Archive
from pipelines.ingest.days import DayStatus, day_statuses
from pipelines.loading.answers import load_answers
from pipelines.settings import Settings
from warehouse.connection import open_warehouse
from warehouse.migrate import migrate

# Loads what is in the archive, and prints a line when it begins.
LOADER = """
import sys
from pathlib import Path
from pipelines.archive import Archive
from pipelines.loading.answers import load_answers
from warehouse.connection import open_warehouse
from warehouse.migrate import migrate
con = open_warehouse(Path(sys.argv[1]))
migrate(con)
print("loading", flush=True)
load_answers(con, Archive(Path(sys.argv[2])))
"""


EXAMPLES = {
    "app_rankings": examples.APPS,
    "task_classifications": examples.TASKS,
    "benchmarks": examples.BENCHMARKS,
    "session_costs": examples.SESSION_COSTS,
    "models": examples.MODELS,
    "endpoints": examples.ENDPOINTS,
    "providers": examples.PROVIDERS,
}
BODIES = {
    "rankings_daily": rankings_body(),
    **{source: json.dumps(payload).encode() for source, payload in EXAMPLES.items()},
}


# Once.


@pytest.mark.parametrize("source", BODIES)
def test_the_same_answer_twice_adds_nothing(
    con: duckdb.DuckDBPyConnection, archive: Archive, source: str
) -> None:
    """Asking again costs a request, never a row; that it was asked is in the log."""
    keep_answer(archive, BODIES[source], source=source)
    [(outcome, rows, reason)] = load_all(con, archive)
    assert (outcome, reason) == ("loaded", None)
    assert rows > 0
    before = all_raw_rows(con)
    keep_answer(archive, BODIES[source], AS_OF + DAY, source=source)
    assert load_all(con, archive) == [("unchanged", 0, None)]
    assert all_raw_rows(con) == before
    assert con.sql("select outcome from raw.answers order by fetched_at").fetchall() == [
        ("loaded",),
        ("unchanged",),
    ]


def test_what_is_loaded_is_not_loaded_again(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """Catching up with nothing new does nothing; with one more answer, it loads that one."""
    keep_answer(archive, rankings_body())
    assert (len(load_all(con, archive)), len(load_all(con, archive))) == (1, 0)
    keep_answer(archive, rankings_body(4, AS_OF + DAY), AS_OF + DAY)
    assert load_all(con, archive) == [("loaded", 204, None)]


def test_an_answer_that_a_crash_left_behind_is_loaded_by_the_next_run(
    archive: Archive, tmp_path: Path
) -> None:
    """Between keeping and loading anything may happen; the archive is what counts."""
    keep_answer(archive, rankings_body())
    for _ in range(2):
        with closing(open_warehouse(tmp_path / "warehouse.duckdb")) as con:
            migrate(con)
            load_answers(con, archive)
            assert con.sql("select count(*) from raw.ranking_days").fetchall() == [(3,)]
            assert con.sql("select count(*) from raw.ranking_rows").fetchall() == [(153,)]


@pytest.mark.parametrize(
    "first",
    [{"status": 503}, {"status": 404}, {"error": "the answer broke off after 5000 bytes"}],
    ids=str,
)
def test_bytes_that_first_came_as_a_failure_are_loaded_when_they_come_well(
    con: duckdb.DuckDBPyConnection, archive: Archive, first: dict[str, Any]
) -> None:
    """Only what was loaded is known; a failed answer with the very same bytes was not."""
    keep_answer(archive, rankings_body(), **first)
    keep_answer(archive, rankings_body(), AS_OF + DAY)
    assert [outcome for outcome, _, _ in load_all(con, archive)] == [
        "broken" if "error" in first else "refused",
        "loaded",
    ]
    assert len(raw_rows(con)["ranking_days"]) == 3


# Whole.


@pytest.mark.slow
@pytest.mark.long
def test_a_kill_while_loading_leaves_nothing_half(archive: Archive, tmp_path: Path) -> None:
    """At any moment, logged answers are whole and there is nothing else.

    The next run gets to the same rows.
    """
    for number in range(40):
        at = AS_OF + number * timedelta(hours=1)
        keep_answer(archive, rankings_body(3, at, {1: number}), at)
    path, pause = tmp_path / "warehouse.duckdb", random.Random(11)
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", LOADER, str(path), str(archive.folder)],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout
            assert process.stdout.readline() == "loading\n"
            time.sleep(pause.uniform(0.02, 0.25))
            process.send_signal(signal.SIGKILL)
        with closing(open_warehouse(path)) as con:
            assert (
                con.sql(
                    "select * from raw.ranking_days where sha256 not in (select sha256 from "
                    "raw.answers)"
                ).fetchall()
                == []
            )
            assert (
                con.sql(
                    "select sha256 from raw.ranking_days group by sha256 having count(*) <> 3"
                ).fetchall()
                == []
            )
            assert (
                con.sql(
                    "select content_hash from raw.ranking_rows group by content_hash having "
                    "count(*) <> 51"
                ).fetchall()
                == []
            )
            assert (
                con.sql("select count(*) from raw.answers").fetchall()
                == con.sql("select count(distinct sha256) from raw.ranking_days").fetchall()
            )
    with closing(open_warehouse(path)) as con, closing(fresh_warehouse()) as other:
        load_answers(con, archive)
        assert load_answers(other, archive) == 40
        assert raw_rows(con) == raw_rows(other)


class CtrlC(logging.Handler):
    """A log handler that presses Ctrl-C once anything is logged, with rows of an answer in."""

    def emit(self, record: logging.LogRecord) -> None:
        raise KeyboardInterrupt


def test_an_interrupted_load_is_undone(con: duckdb.DuckDBPyConnection, archive: Archive) -> None:
    """Earlier answers stay, the interrupted one is rolled back, and the next run loads it."""
    keep_answer(archive, rankings_body())
    load_all(con, archive)
    before = all_raw_rows(con)
    keep_answer(
        archive,
        json.dumps(with_changes("apps", brand_new=1)).encode(),
        AS_OF + DAY,
        source="app_rankings",
    )
    log, ctrl_c = logging.getLogger("pipelines.loading.recording"), CtrlC()
    log.addHandler(ctrl_c)
    try:
        with pytest.raises(KeyboardInterrupt):
            load_all(con, archive)
    finally:
        log.removeHandler(ctrl_c)
    assert all_raw_rows(con) == before
    assert con.sql("select count(*) from raw.answers").fetchall() == [(1,)]
    assert load_all(con, archive) == [("loaded", 2, None)]


UNUSABLE: dict[str, tuple[str, Any]] = {
    "more days than a column holds": (
        "session_costs",
        {
            **examples.SESSION_COSTS,
            "meta": {**examples.SESSION_COSTS["meta"], "window_days": 10**10},
        },
    ),
    "an instant before time": (
        "app_rankings",
        {**examples.APPS, "meta": {**examples.META, "as_of": "0001-01-01T00:00:00+14:00"}},
    ),
    "an instant after time": (
        "app_rankings",
        {**examples.APPS, "meta": {**examples.META, "as_of": "9999-12-31T23:59:59-14:00"}},
    ),
    "half a character": ("providers", with_changes("providers", name="\ud800")),
    "no such source": ("weather", {"data": []}),
    "another shape": ("models", {"data": {"models": []}}),
    "an error with status 200": (
        "rankings_daily",
        {"error": {"code": 500, "message": "Internal Server Error"}},
    ),
}


@pytest.mark.parametrize(("source", "payload"), UNUSABLE.values(), ids=UNUSABLE)
def test_an_answer_that_is_of_no_use_holds_up_no_other(
    con: duckdb.DuckDBPyConnection, archive: Archive, source: str, payload: object
) -> None:
    """The answer is quarantined with its reason, nothing of it is loaded, and later ones are."""
    wrong = keep_answer(archive, json.dumps(payload).encode(), source=source)
    keep_answer(archive, rankings_body(), AS_OF + DAY)
    (outcome, rows, reason), after = load_all(con, archive)
    assert (outcome, rows) == ("unreadable", 0)
    assert reason
    assert after == ("loaded", 153, None)
    assert con.sql("select sha256, source, reason from raw.quarantine").fetchall() == [
        (wrong.sha256, source, reason)
    ]
    assert con.sql("select count(*) from raw.ranking_days").fetchall() == [(3,)]


# What is said of the days.


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"error": {}}', "The answer has no data."),
        (rankings_body(3, AS_OF, None, frozenset({0, 1, 2})), "no rows at all"),
    ],
)
def test_useless_bytes_cost_their_days_each_time_they_come(
    tmp_path: Path, body: bytes, reason: str
) -> None:
    """A source that sends the same nonsense two days running has failed twice.

    The second time is not taken for "nothing new".
    """
    settings = Settings(tmp_path / "home")
    params = {"start_date": "2026-06-15", "end_date": "2026-06-17"}
    for number in (1, 2):
        keep_answer(
            Archive(settings.archive),
            body,
            AS_OF + number * DAY,
            params=params,
            run_id=f"run-{number}",
        )
        with closing(open_warehouse(settings.warehouse)) as con:
            migrate(con)
            load_answers(con, Archive(settings.archive))
            assert con.sql("select count(*) from raw.quarantine").fetchall() == [(1,)]
        with closing(open_warehouse(settings.warehouse)) as con:
            days = day_statuses(con, FIRST, FIRST + 2 * DAY, f"run-{number}")
        assert days == [DayStatus(FIRST + n * DAY, "failed", reason) for n in range(3)]

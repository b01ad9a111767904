"""From the archive into the raw tables: once, whole, in any order, to the same rows, and never stopped by one bad answer."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import payload_examples as examples
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from payload_examples import changed

from pipelines.archive import Answer, Archive
from pipelines.days import Day
from pipelines.ingest import judged
from pipelines.landing.catch_up import catch_up
from pipelines.landing.outcome import Landed
from pipelines.settings import Settings
from warehouse.connection import open_warehouse
from warehouse.migrate import migrate

FIRST = date(2026, 6, 15)
AS_OF = datetime(2026, 6, 18, 8, tzinfo=UTC)
DAY = timedelta(days=1)
Rows = dict[str, list[tuple[Any, ...]]]
# Lands what is in the archive, and says when it begins.
LANDER = """
import sys
from pathlib import Path
from pipelines.archive import Archive
from pipelines.landing.catch_up import catch_up
from warehouse.connection import open_warehouse
from warehouse.migrate import migrate
con = open_warehouse(Path(sys.argv[1]))
migrate(con)
print("landing", flush=True)
catch_up(con, Archive(Path(sys.argv[2])))
"""


def board(days: int = 3, as_of: datetime = AS_OF, restated: dict[int, int] | None = None, withdrawn: frozenset[int] = frozenset()) -> bytes:
    """A board of 50 models and `other` for each day but the withdrawn ones; a restated day's leader has more tokens."""
    rows = [
        {"date": (FIRST + day * DAY).isoformat(), "model_permaslug": model, "total_tokens": str(1000 * (day + 1) + 51 - rank)}
        for day in range(days)
        if day not in withdrawn
        for rank, model in enumerate([*(f"lab/model-{n}" for n in range(50)), "other"])
    ]
    for row in rows:
        day = (date.fromisoformat(str(row["date"])) - FIRST).days
        if row["model_permaslug"] == "lab/model-0":
            row["total_tokens"] = str(int(row["total_tokens"]) + (restated or {}).get(day, 0))
    end = FIRST + (days - 1) * DAY
    meta = {"as_of": as_of.isoformat(), "version": "v1", "start_date": FIRST.isoformat(), "end_date": end.isoformat()}
    return json.dumps({"data": rows, "meta": meta}).encode()


def kept(archive: Archive, body: bytes, at: datetime = AS_OF, source: str = "rankings_daily", **more: Any) -> Answer:
    values = {"status": 200, "run_id": "run-1", **more}
    return archive.keep(Answer(source, "http://h/x", at, bytes=0, sha256="", **values), body)


def landed(con: duckdb.DuckDBPyConnection, archive: Archive) -> list[tuple[str, int, str | None]]:
    """Catch up, and say what became of each answer."""
    found: list[Landed] = []
    catch_up(con, archive, lambda answer, result: found.append(result))
    return [(result.outcome, result.rows, result.reason) for result in found]


def content(con: duckdb.DuckDBPyConnection, *tables: str) -> Rows:
    return {table: con.sql(f"from raw.{table} order by all").fetchall() for table in tables or ("board_days", "board_rows")}


def everything(con: duckdb.DuckDBPyConnection) -> Rows:
    """Every raw table but the log of answers."""
    tables = con.sql("select table_name from duckdb_tables() where schema_name = 'raw' and table_name <> 'answers'").fetchall()
    return content(con, *(name for (name,) in tables))


def fresh() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    migrate(con)
    return con


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(fresh()) as con:
        yield con


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "home" / "raw")


EXAMPLES = {
    "app_rankings": examples.APPS,
    "task_classifications": examples.TASKS,
    "benchmarks": examples.BENCHMARKS,
    "session_costs": examples.SESSION_COSTS,
    "models": examples.MODELS,
    "endpoints": examples.ENDPOINTS,
    "providers": examples.PROVIDERS,
}
BODIES = {"rankings_daily": board(), **{source: json.dumps(payload).encode() for source, payload in EXAMPLES.items()}}


# Once.


@pytest.mark.parametrize("source", BODIES)
def test_the_same_answer_twice_adds_nothing(con: duckdb.DuckDBPyConnection, archive: Archive, source: str) -> None:
    """Asking again costs a request, never a row; that it was asked is in the log."""
    kept(archive, BODIES[source], source=source)
    [(outcome, rows, reason)] = landed(con, archive)
    assert (outcome, reason) == ("loaded", None)
    assert rows > 0
    before = everything(con)
    kept(archive, BODIES[source], AS_OF + DAY, source=source)
    assert landed(con, archive) == [("unchanged", 0, None)]
    assert everything(con) == before
    assert con.sql("select outcome from raw.answers order by fetched_at").fetchall() == [("loaded",), ("unchanged",)]


def test_what_is_landed_is_not_landed_again(con: duckdb.DuckDBPyConnection, archive: Archive) -> None:
    """Catching up with nothing new does nothing; with one more answer, it lands that one."""
    kept(archive, board())
    assert (len(landed(con, archive)), len(landed(con, archive))) == (1, 0)
    kept(archive, board(4, AS_OF + DAY), AS_OF + DAY)
    assert landed(con, archive) == [("loaded", 204, None)]


def test_an_answer_that_a_crash_left_behind_is_landed_by_the_next_run(archive: Archive, tmp_path: Path) -> None:
    """Between keeping and landing anything may happen; the archive is what counts."""
    kept(archive, board())
    for _ in range(2):
        with closing(open_warehouse(tmp_path / "warehouse.duckdb")) as con:
            migrate(con)
            catch_up(con, archive)
            assert con.sql("select count(*) from raw.board_days").fetchall() == [(3,)]
            assert con.sql("select count(*) from raw.board_rows").fetchall() == [(153,)]


@pytest.mark.parametrize("first", [{"status": 503}, {"status": 404}, {"error": "the answer broke off after 5000 bytes"}], ids=str)
def test_bytes_that_first_came_as_a_failure_are_landed_when_they_come_well(
    con: duckdb.DuckDBPyConnection, archive: Archive, first: dict[str, Any]
) -> None:
    """Only what was landed is known; a failed answer with the very same bytes was not."""
    kept(archive, board(), **first)
    kept(archive, board(), AS_OF + DAY)
    assert [outcome for outcome, _, _ in landed(con, archive)] == ["broken" if "error" in first else "refused", "loaded"]
    assert len(content(con)["board_days"]) == 3


# Whole.


@pytest.mark.slow
def test_a_kill_while_landing_leaves_nothing_half(archive: Archive, tmp_path: Path) -> None:
    """Whatever the moment, what is in the log is whole and nothing else is there; the next run gets to the same rows."""
    for number in range(40):
        at = AS_OF + number * timedelta(hours=1)
        kept(archive, board(3, at, {1: number}), at)
    path, pause = tmp_path / "warehouse.duckdb", random.Random(11)  # noqa: S311
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", LANDER, str(path), str(archive.folder)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            assert process.stdout.readline() == "landing\n"
            time.sleep(pause.uniform(0.02, 0.25))
            process.send_signal(signal.SIGKILL)
        with closing(open_warehouse(path)) as con:
            assert con.sql("select * from raw.board_days where sha256 not in (select sha256 from raw.answers)").fetchall() == []
            assert con.sql("select sha256 from raw.board_days group by sha256 having count(*) <> 3").fetchall() == []
            assert con.sql("select content_hash from raw.board_rows group by content_hash having count(*) <> 51").fetchall() == []
            assert (
                con.sql("select count(*) from raw.answers").fetchall()
                == con.sql("select count(distinct sha256) from raw.board_days").fetchall()
            )
    with closing(open_warehouse(path)) as con, closing(fresh()) as other:
        catch_up(con, archive)
        assert catch_up(other, archive) == 40
        assert content(con) == content(other)


def test_an_interrupted_landing_is_undone(con: duckdb.DuckDBPyConnection, archive: Archive) -> None:
    """What was landed before stays, what was under way is gone, and the next run lands it."""
    kept(archive, board())
    landed(con, archive)
    before = everything(con)
    wrong = kept(archive, b"{}", AS_OF + DAY)
    con.execute("alter table raw.answers rename to hidden")
    with pytest.raises(duckdb.CatalogException):
        landed(con, archive)
    con.execute("alter table raw.hidden rename to answers")
    assert everything(con) == before
    assert landed(con, archive) == [("unreadable", 0, "The answer has no data.")]
    assert con.sql("select sha256 from raw.quarantine").fetchall() == [(wrong.sha256,)]


UNUSABLE: dict[str, tuple[str, Any]] = {
    "more days than a column holds": (
        "session_costs",
        {**examples.SESSION_COSTS, "meta": {**examples.SESSION_COSTS["meta"], "window_days": 10**10}},
    ),
    "an instant before time": ("app_rankings", {**examples.APPS, "meta": {**examples.META, "as_of": "0001-01-01T00:00:00+14:00"}}),
    "an instant after time": ("app_rankings", {**examples.APPS, "meta": {**examples.META, "as_of": "9999-12-31T23:59:59-14:00"}}),
    "half a character": ("providers", changed("providers", name="\ud800")),
    "no such source": ("weather", {"data": []}),
    "another shape": ("models", {"data": {"models": []}}),
    "an error with status 200": ("rankings_daily", {"error": {"code": 500, "message": "Internal Server Error"}}),
}


@pytest.mark.parametrize(("source", "payload"), UNUSABLE.values(), ids=UNUSABLE)
def test_an_answer_that_is_of_no_use_holds_up_no_other(
    con: duckdb.DuckDBPyConnection, archive: Archive, source: str, payload: object
) -> None:
    """It is set aside with its reason, nothing of it is loaded, and what came after it is landed."""
    wrong = kept(archive, json.dumps(payload).encode(), source=source)
    kept(archive, board(), AS_OF + DAY)
    (outcome, rows, reason), after = landed(con, archive)
    assert (outcome, rows) == ("unreadable", 0)
    assert reason
    assert after == ("loaded", 153, None)
    assert con.sql("select sha256, source, reason from raw.quarantine").fetchall() == [(wrong.sha256, source, reason)]
    assert con.sql("select count(*) from raw.board_days").fetchall() == [(3,)]


# In any order.


@st.composite
def vintages(draw: st.DrawFn) -> list[tuple[datetime, bytes]]:
    """Boards of the same days as they were known at several instants: restated, withdrawn, returned, unchanged."""
    days, number = draw(st.integers(2, 3)), draw(st.integers(2, 4))
    cells = st.dictionaries(st.integers(0, days - 1), st.sampled_from([0, 1, 7]), max_size=2)
    absent = st.frozensets(st.integers(0, days - 1), max_size=1)
    instants = [AS_OF + n * timedelta(hours=6) for n in range(number)]
    return [(at, board(days, at, draw(cells), draw(absent))) for at in instants]


@hypothesis_settings(deadline=None, derandomize=True, max_examples=12)
@given(vintages=vintages(), data=st.data())
def test_the_order_of_landing_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, vintages: list[tuple[datetime, bytes]], data: st.DataObject
) -> None:
    """A set of vintages gives the same versions and the same rows whichever came first, and so does a rebuild from the archive."""
    home, found = tmp_path_factory.mktemp("home"), []
    for number, order in enumerate([vintages, data.draw(st.permutations(vintages))]):
        whole = Archive(home / f"whole-{number}")
        with closing(fresh()) as con, closing(fresh()) as rebuilt:
            for place, (at, body) in enumerate(order):
                one_by_one = Archive(home / f"{number}-{place}")
                kept(one_by_one, body, at)
                kept(whole, body, at)
                catch_up(con, one_by_one)
            catch_up(rebuilt, whole)
            found += [content(con), content(rebuilt)]
    assert found[0]["board_days"]
    assert found[1:] == found[:1] * 3


# Slices.


def test_a_slice_is_kept_apart_from_the_board(con: duckdb.DuckDBPyConnection, archive: Archive) -> None:
    """Even if the source sends the very same bytes for both: what was asked decides."""
    asked = {"start_date": "2026-06-15", "end_date": "2026-06-17"}
    for hour, more in enumerate([{}, {"modality": "text"}, {"context_bucket": "1K"}, {"modality": "text"}]):
        kept(archive, board(), AS_OF + hour * timedelta(hours=1), params=asked | more)
    outcomes = [("loaded", 153, None)] * 3
    assert landed(con, archive) == [*outcomes, ("unchanged", 0, None)]
    found = con.sql("select slice, grain, count(*), count(distinct content_hash) from raw.board_days group by all order by all").fetchall()
    assert found == [("all", "day", 3, 3), ("context_bucket=1K", "day", 3, 3), ("modality=text", "day", 3, 3)]
    assert con.sql("select count(*) from raw.board_rows").fetchall() == [(153,)]


def test_a_slice_may_be_short_and_the_board_may_not(con: duckdb.DuckDBPyConnection, archive: Archive) -> None:
    """Few models have audio; fifty have the whole platform."""
    payload = json.loads(board(1))
    payload["data"] = payload["data"][:3]
    for hour, params in enumerate([{"modality": "audio"}, {}]):
        kept(archive, json.dumps(payload).encode(), AS_OF + hour * timedelta(hours=1), params=params)
    assert landed(con, archive) == [("loaded", 3, None), ("quarantined", 0, "short day")]


def test_a_weekly_slice_covers_its_mondays(con: duckdb.DuckDBPyConnection, archive: Archive) -> None:
    """One board a week; a week without rows is recorded as such, the days between are not."""
    weeks = [date(2026, 6, 1), date(2026, 6, 15)]
    rows = [{"date": week.isoformat(), "model_permaslug": f"lab/{n}", "total_tokens": str(n)} for week in weeks for n in range(1, 12)]
    rows[-1]["total_tokens"] = "99"
    meta = {"as_of": "2026-06-22T08:00:00Z", "version": "v1", "start_date": "2026-06-01", "end_date": "2026-06-21"}
    params = {"category": "programming", "period": "week"}
    kept(archive, json.dumps({"data": rows, "meta": meta}).encode(), params=params)
    assert landed(con, archive) == [("loaded", 22, None)]
    found = con.sql("select slice, grain, date, row_count from raw.board_days order by date").fetchall()
    assert found == [("category=programming", "week", FIRST + n * DAY, rows) for n, rows in ((-14, 11), (-7, 0), (0, 11))]


# What is said of the days.


@pytest.mark.parametrize(
    ("body", "reason"), [(b'{"error": {}}', "The answer has no data."), (board(3, AS_OF, None, frozenset({0, 1, 2})), "no rows at all")]
)
def test_useless_bytes_cost_their_days_each_time_they_come(tmp_path: Path, body: bytes, reason: str) -> None:
    """A source that sends the same nonsense two days running has failed twice; the second time is not taken for "nothing new"."""
    settings = Settings(tmp_path / "home")
    params = {"start_date": "2026-06-15", "end_date": "2026-06-17"}
    for number in (1, 2):
        kept(Archive(settings.archive), body, AS_OF + number * DAY, params=params, run_id=f"run-{number}")
        with closing(open_warehouse(settings.warehouse)) as con:
            migrate(con)
            catch_up(con, Archive(settings.archive))
            assert con.sql("select count(*) from raw.quarantine").fetchall() == [(1,)]
        days = judged(settings, FIRST, FIRST + 2 * DAY, f"run-{number}", [])
        assert days == [Day(FIRST + n * DAY, "failed", reason) for n in range(3)]


def test_keeping_an_answer_changes_nothing_of_it(archive: Archive) -> None:
    """The helper of these tests keeps what it is given."""
    answer = kept(archive, b"{}", run_id="r")
    assert list(archive.answers()) == [replace(answer)]

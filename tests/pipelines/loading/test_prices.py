"""Loading of archives: what is new is kept, and the days that it changes are listed."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from support.loading import fresh_warehouse

from pipelines.archive import Answer, Archive
from pipelines.loading.answers import load_answers
from pipelines.sources.prices import genai_prices, openrouterlist

Points = list[list[Any]]
FIRST = date(2025, 1, 1)
DAYS = "select day from main.slices where relation = 'raw.price_points' and changed > ?"
PAST = """
    select series.model_id, points.date::varchar, points.prompt_usd_per_mtok
    from raw.price_series as series
    inner join raw.price_archives as archives using (sha256)
    inner join raw.price_points as points using (content_hash)
    qualify rank() over (partition by series.model_id order by archives.as_of desc) = 1
    order by all
"""


def keep(
    archive: Archive,
    as_of: date,
    models: Mapping[str, Points],
    gone: Mapping[str, str] | None = None,
) -> None:
    """Archive a history as of this day."""
    gone = gone or {}
    entries = {
        name: {
            "name": name,
            "present_now": name not in gone,
            "last_seen": gone.get(name, as_of.isoformat()),
            "points": points,
        }
        for name, points in models.items()
    }
    body = json.dumps({"as_of": as_of.isoformat(), "models": entries}).encode()
    at = datetime(as_of.year, as_of.month, as_of.day, 20, tzinfo=UTC)
    archive.keep(Answer(openrouterlist.SOURCE.name, "http://h/p", at, 200, 0, "", "run"), body)


def changed_days(con: duckdb.DuckDBPyConnection, archive: Archive) -> list[str]:
    """Load, and return the days that were listed as changed by it."""
    [(before,)] = con.sql("select coalesce(max(changed), 0) from main.slices").fetchall()
    load_answers(con, archive)
    return sorted(str(day) for (day,) in con.execute(DAYS, [before]).fetchall())


def test_a_day_more_changes_that_day_alone(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """The archive repeats all that it ever said; nothing of it is loaded again."""
    points: Points = [["2025-01-01", 1.0, 2.0]]
    keep(archive, date(2025, 1, 9), {"l/x": points, "l/y": points})
    assert len(changed_days(con, archive)) == 9
    keep(archive, date(2025, 1, 10), {"l/x": points, "l/y": [*points, ["2025-01-10", 3.0, 2.0]]})
    assert changed_days(con, archive) == ["2025-01-10"]
    series = con.sql("select model_id, count(*) from raw.price_series group by 1 order by 1")
    assert series.fetchall() == [("l/x", 1), ("l/y", 2)]
    # Two models of one history share it.
    assert con.sql("select count(*) from raw.price_points").fetchall() == [(3,)]


def test_a_corrected_price_changes_the_days_from_it(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """The former history stays, since it was known for a while."""
    keep(archive, date(2025, 1, 9), {"l/x": [["2025-01-01", 1.0, 2.0], ["2025-01-05", 3.0, 2.0]]})
    changed_days(con, archive)
    keep(archive, date(2025, 1, 10), {"l/x": [["2025-01-01", 1.0, 2.0], ["2025-01-07", 3.0, 2.0]]})
    assert changed_days(con, archive) == [f"2025-01-{day:02}" for day in range(5, 11)]
    assert con.sql("select count(distinct content_hash) from raw.price_points").fetchall() == [(2,)]


def test_a_model_that_leaves_keeps_its_past(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """With its last day as stated, or the last day on which the archive had it."""
    models: dict[str, Points] = {name: [["2025-01-01", 1.0, 2.0]] for name in ("l/x", "l/y")}
    keep(archive, date(2025, 1, 9), models)
    keep(archive, date(2025, 1, 10), {"l/x": models["l/x"]}, {"l/x": "2025-01-08"})
    load_answers(con, archive)
    found = con.sql(
        "select model_id, last_seen::varchar from raw.price_series where last_seen is not null"
    )
    assert sorted(found.fetchall()) == [("l/x", "2025-01-08"), ("l/y", "2025-01-09")]
    assert len(con.sql(PAST).fetchall()) == 2


def test_malformed_prices_leave_what_was_known(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """The model is quarantined; the others are loaded."""
    keep(archive, date(2025, 1, 9), {"l/x": [["2025-01-01", 1.0, 2.0]]})
    keep(
        archive,
        date(2025, 1, 10),
        {"l/x": [["2025-01-01", "cheap", 2.0]], "l/y": [["2025-01-10", 5.0, 5.0]]},
    )
    load_answers(con, archive)
    assert con.sql(PAST).fetchall() == [
        ("l/x", "2025-01-01", "1.0"),
        ("l/y", "2025-01-10", "5.0"),
    ]
    outcomes = con.sql("select outcome, reason from raw.answers order by fetched_at").fetchall()
    assert outcomes == [("loaded", None), ("partial", "malformed prices")]


def test_an_older_archive_changes_nothing(con: duckdb.DuckDBPyConnection, archive: Archive) -> None:
    """A stale cache would take days back."""
    keep(archive, date(2025, 1, 9), {"l/x": [["2025-01-01", 1.0, 2.0]]})
    load_answers(con, archive)
    body = json.dumps({"as_of": "2025-01-02", "models": {}}).encode()
    at = datetime(2025, 1, 10, tzinfo=UTC)
    archive.keep(Answer(openrouterlist.SOURCE.name, "http://h/p", at, 200, 0, "", "run"), body)
    load_answers(con, archive)
    assert con.sql("select count(*) from raw.price_archives").fetchall() == [(1,)]
    [(outcome,)] = con.sql(
        "select outcome from raw.answers order by fetched_at desc limit 1"
    ).fetchall()
    assert outcome == "quarantined"


def test_an_archive_without_a_past_is_remembered(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """Each day's list continues the history; a price that goes on is no new one."""
    for day, price in ((1, 1.0), (2, 1.0), (3, 4.0)):
        models = [{"id": "l/x", "prices": {"input_mtok": price, "output_mtok": 2}}]
        # A list that differs somewhere else, as it does every day.
        providers = [{"id": "other", "day": day}, {"id": "openrouter", "models": models}]
        at = datetime(2026, 1, day, 20, tzinfo=UTC)
        answer = Answer(genai_prices.SOURCE.name, "http://h/g", at, 200, 0, "", "run")
        archive.keep(answer, json.dumps(providers).encode())
    load_answers(con, archive)
    assert con.sql(PAST).fetchall() == [
        ("l/x", "2026-01-01", "1.0"),
        ("l/x", "2026-01-03", "4.0"),
    ]


@pytest.mark.slow
@given(
    prices=st.lists(
        st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.25]), min_size=1, max_size=6),
        min_size=1,
        max_size=3,
    ),
    loads=st.sets(st.integers(0, 5), min_size=1),
)
@hypothesis_settings(max_examples=15, deadline=None)
def test_histories_are_those_of_the_newest_archive(
    tmp_path_factory: pytest.TempPathFactory, prices: list[list[float]], loads: set[int]
) -> None:
    """The number of archives loaded in between, and of steps, makes no difference."""
    archive = Archive(tmp_path_factory.mktemp("home") / "raw")
    days = [FIRST + timedelta(days=number) for number in range(6)]

    def models(last: int) -> dict[str, Points]:
        return {
            f"l/{number}": [
                [days[day].isoformat(), price, price]
                for day, price in enumerate(series[: last + 1])
            ]
            for number, series in enumerate(prices)
        }

    con = fresh_warehouse()
    for last in range(6):
        keep(archive, days[last], models(last))
        if last in loads or last == 5:
            load_answers(con, archive)
    expected = sorted(
        (name, str(point[0]), str(point[1]))
        for name, points in models(5).items()
        for point in points
    )
    assert con.sql(PAST).fetchall() == expected
    con.close()

"""Odd rankings: undated rows, one instant for two figures, days without `other`."""

import json
import logging
from datetime import timedelta

import duckdb
import pytest
from support.loading import AS_OF, DAY, FIRST, keep_answer, load_all, rankings_body

from pipelines.archive import Archive


def undated(day: int) -> bytes:
    """Return rankings of which one day is written as an instant."""
    payload = json.loads(rankings_body(as_of=AS_OF + DAY))
    text = (FIRST + day * DAY).isoformat()
    for row in payload["data"]:
        row["date"] = f"{text}T00:00:00Z" if row["date"] == text else row["date"]
    return json.dumps(payload).encode()


def test_a_day_whose_dates_cannot_be_read_is_quarantined_not_missing(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """Nothing is known of the day's absence, so none is recorded; the other days are loaded."""
    keep_answer(archive, undated(1))
    [(outcome, rows, _)] = load_all(con, archive)
    assert (outcome, rows) == ("partial", 102)
    assert con.sql("select date from raw.ranking_days order by date").fetchall() == [
        (FIRST,),
        (FIRST + 2 * DAY,),
    ]
    found = con.sql(
        "select distinct date, reason from raw.quarantine where date is not null"
    ).fetchall()
    assert found == [(FIRST + DAY, "rows with unreadable dates")]


def test_a_known_day_is_not_withdrawn_by_rows_without_dates(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """The figures stay as they were, and no version says that they went away."""
    keep_answer(archive, rankings_body())
    keep_answer(archive, undated(1), at=AS_OF + DAY)
    load_all(con, archive)
    assert con.sql(
        "select count(*) from raw.ranking_days where content_hash is null"
    ).fetchall() == [(0,)]
    assert con.sql(
        "select count(*) from raw.quarantine where reason = 'a known day vanished'"
    ).fetchall() == [(0,)]


def test_other_figures_under_an_instant_that_was_used_before_are_a_later_version(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """Restated figures under a repeated instant count from when they were fetched."""
    keep_answer(archive, rankings_body())
    keep_answer(archive, rankings_body(restated={1: 500}), at=AS_OF + timedelta(hours=2))
    load_all(con, archive)
    day = FIRST + DAY
    found = con.execute(
        "select as_of from raw.ranking_days where date = ? order by as_of", [day]
    ).fetchall()
    assert found == [(AS_OF,), (AS_OF + timedelta(hours=2),)]
    untouched = con.execute(
        "select count(*) from raw.ranking_days where date = ? and as_of <> ?", [FIRST, AS_OF]
    ).fetchall()
    assert untouched == [(0,)]


def test_a_day_without_other_is_loaded_and_said(
    con: duckdb.DuckDBPyConnection, archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    """It passes with a warning that names the day."""
    payload = json.loads(rankings_body())
    payload["data"] = [
        row
        for row in payload["data"]
        if (row["date"], row["model_permaslug"]) != (FIRST.isoformat(), "other")
    ]
    keep_answer(archive, json.dumps(payload).encode())
    with caplog.at_level(logging.WARNING):
        assert load_all(con, archive) == [("loaded", 152, None)]
    assert f"{FIRST} came without `other`" in caplog.text


def test_one_row_that_is_no_object_costs_no_day_that_is_whole(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """It is a row without a date; the days that have their rows are loaded."""
    payload = json.loads(rankings_body())
    payload["data"].append("surprise")
    keep_answer(archive, json.dumps(payload).encode())
    [(outcome, rows, reason)] = load_all(con, archive)
    assert (outcome, rows) == ("partial", 153)
    assert "unreadable date" in str(reason)


@pytest.mark.parametrize(
    ("count", "reason"),
    [
        ("1e12", "unreadable count"),
        (" 123 ", "unreadable count"),
        ("9" * 20, "unreadable count"),
        ("12.5", "fractional count"),
        ("-1", "negative count"),
        ("-1.5", "negative count"),
        (None, "missing count"),
    ],
)
def test_each_kind_of_bad_count_is_called_by_its_name(
    con: duckdb.DuckDBPyConnection, archive: Archive, count: str | None, reason: str
) -> None:
    """A person who reads the reason knows what to look for."""
    payload = json.loads(rankings_body())
    payload["data"][0]["total_tokens"] = count
    keep_answer(archive, json.dumps(payload).encode())
    assert load_all(con, archive) == [("partial", 102, reason)]

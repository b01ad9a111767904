"""Vintages in any order give the same rows; slices stay apart from rankings; weeks are weeks."""

import json
from contextlib import closing
from datetime import date, datetime, timedelta

import duckdb
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from support.loading import (
    AS_OF,
    DAY,
    FIRST,
    fresh_warehouse,
    keep_answer,
    load_all,
    rankings_body,
    raw_rows,
)

from pipelines.archive import Archive
from pipelines.loading.answers import load_answers

# In any order.


@st.composite
def vintages(draw: st.DrawFn) -> list[tuple[datetime, bytes]]:
    """Rankings of the same days as known at several instants: restated, withdrawn, returned."""
    days, number = draw(st.integers(2, 3)), draw(st.integers(2, 4))
    cells = st.dictionaries(st.integers(0, days - 1), st.sampled_from([0, 1, 7]), max_size=2)
    absent = st.frozensets(st.integers(0, days - 1), max_size=1)
    instants = [AS_OF + n * timedelta(hours=6) for n in range(number)]
    return [(at, rankings_body(days, at, draw(cells), draw(absent))) for at in instants]


@pytest.mark.slow
@hypothesis_settings(deadline=None, derandomize=True, max_examples=8)
@given(vintages=vintages(), data=st.data())
def test_the_order_of_loading_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory,
    vintages: list[tuple[datetime, bytes]],
    data: st.DataObject,
) -> None:
    """Vintages give the same versions in any order, and so does a rebuild from the archive."""
    home, found = tmp_path_factory.mktemp("home"), []
    for number, order in enumerate([vintages, data.draw(st.permutations(vintages))]):
        whole = Archive(home / f"whole-{number}")
        with closing(fresh_warehouse()) as con, closing(fresh_warehouse()) as rebuilt:
            for at, body in order:
                keep_answer(whole, body, at)
                load_answers(con, whole)
            load_answers(rebuilt, whole)
            found += [raw_rows(con), raw_rows(rebuilt)]
    assert found[0]["ranking_days"]
    assert found[1:] == found[:1] * 3


# Slices.


def test_a_slice_is_kept_apart_from_the_rankings(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """The request decides, and the same bytes for the same filter are loaded once."""
    asked = {"start_date": "2026-06-15", "end_date": "2026-06-17"}
    for hour, more in enumerate(
        [{}, {"modality": "text"}, {"context_bucket": "1K"}, {"modality": "text"}]
    ):
        leader = len("".join(more))  # another one for each filter
        body = rankings_body(restated=dict.fromkeys(range(3), leader))
        keep_answer(archive, body, AS_OF + hour * timedelta(hours=1), params=asked | more)
    outcomes = [("loaded", 153, None)] * 3
    assert load_all(con, archive) == [*outcomes, ("unchanged", 0, None)]
    found = con.sql(
        "select slice, grain, count(*), count(distinct content_hash) from raw.ranking_days group "
        "by all order by all"
    ).fetchall()
    assert found == [
        ("all", "day", 3, 3),
        ("context_bucket=1K", "day", 3, 3),
        ("modality=text", "day", 3, 3),
    ]
    assert con.sql("select count(*) from raw.ranking_rows").fetchall() == [(459,)]


def test_a_slice_may_be_short_and_the_rankings_may_not(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """Few models have audio; fifty have the whole platform."""
    payload = json.loads(rankings_body(1))
    payload["data"] = payload["data"][:3]
    for hour, params in enumerate([{"modality": "audio"}, {}]):
        keep_answer(
            archive, json.dumps(payload).encode(), AS_OF + hour * timedelta(hours=1), params=params
        )
    assert load_all(con, archive) == [("loaded", 3, None), ("quarantined", 0, "short day")]


def test_a_weekly_slice_covers_its_mondays(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """One list a week; a week without rows is recorded as such, the days between are not."""
    weeks = [date(2026, 6, 1), date(2026, 6, 15)]
    rows = [
        {"date": week.isoformat(), "model_permaslug": f"lab/{n}", "total_tokens": str(n)}
        for week in weeks
        for n in range(1, 12)
    ]
    rows[-1]["total_tokens"] = "99"
    meta = {
        "as_of": "2026-06-22T08:00:00Z",
        "version": "v1",
        "start_date": "2026-06-01",
        "end_date": "2026-06-21",
    }
    params = {"category": "programming", "period": "week"}
    keep_answer(archive, json.dumps({"data": rows, "meta": meta}).encode(), params=params)
    assert load_all(con, archive) == [("loaded", 22, None)]
    found = con.sql(
        "select slice, grain, date, row_count from raw.ranking_days order by date"
    ).fetchall()
    assert found == [
        ("category=programming", "week", FIRST + n * DAY, rows)
        for n, rows in ((-14, 11), (-7, 0), (0, 11))
    ]

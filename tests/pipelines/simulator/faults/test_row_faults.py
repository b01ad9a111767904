"""Faults in rows: each changes its day, in the keyed response and in the export files."""

import csv
import hashlib
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.simulator.faults.row_faults import ROW_FAULTS, RowFault

PATH = "/datasets/rankings-daily"
RANKINGS = "/datasets/exports/rankings-daily"
WINDOW = {"start_date": "2026-11-17", "end_date": "2026-11-20"}
DAY = "2026-11-19"


def fetch_rows(market):
    return market.get(PATH, **WINDOW).json()["data"]


def rows_of_day(rows, day=DAY):
    return [row for row in rows if row["date"] == day]


def rows_of_other_days(rows, day=DAY):
    return [row for row in rows if row["date"] != day]


@pytest.mark.parametrize(
    ("kind", "written"),
    [("negative_count", "-{}"), ("fractional_count", "{}.5"), ("unreadable_count", "n/a")],
)
def test_one_count_is_not_a_whole_number(market, kind, written):
    """The first row of the day changes and nothing else."""
    clean = fetch_rows(market)
    market.set_faults({"kind": kind, "date": DAY})
    changed = fetch_rows(market)
    assert rows_of_day(changed)[0]["total_tokens"] == written.format(
        rows_of_day(clean)[0]["total_tokens"]
    )
    assert [row for row in changed if row != rows_of_day(changed)[0]] == [
        row for row in clean if row != rows_of_day(clean)[0]
    ]


def test_a_row_is_duplicated(market):
    """52 rows with 51 names."""
    market.set_faults({"kind": "duplicated_row", "date": DAY})
    rows = rows_of_day(fetch_rows(market))
    assert (len(rows), rows[0]) == (52, rows[1])


def test_a_day_of_zeros(market):
    """All rows are there, without tokens."""
    market.set_faults({"kind": "zero_day", "date": DAY})
    assert [row["total_tokens"] for row in rows_of_day(fetch_rows(market))] == ["0"] * 51


@pytest.mark.parametrize(("kind", "count"), [("short_day", 7), ("empty_day", 0), ("no_other", 50)])
def test_rows_of_a_day_are_missing(market, kind, count):
    """Other days keep their rows."""
    clean = fetch_rows(market)
    market.set_faults({"kind": kind, "date": DAY})
    changed = fetch_rows(market)
    assert rows_of_day(changed) == rows_of_day(clean)[:count]
    assert rows_of_other_days(changed) == rows_of_other_days(clean)


def test_a_day_repeats_the_day_before(market):
    """Also if the day before is outside the window."""
    clean = fetch_rows(market)
    before = [
        (row["model_permaslug"], row["total_tokens"]) for row in rows_of_day(clean, "2026-11-18")
    ]
    market.set_faults({"kind": "repeated_day", "date": DAY})
    assert [
        (row["model_permaslug"], row["total_tokens"]) for row in rows_of_day(fetch_rows(market))
    ] == before
    alone = market.get(PATH, start_date=DAY, end_date=DAY).json()["data"]
    assert [(row["model_permaslug"], row["total_tokens"]) for row in alone] == before


def test_the_current_day_is_published_too_early(market):
    """Rows of today follow the newest complete day."""
    market.set_faults({"kind": "future_day"})
    rows = fetch_rows(market)
    assert len(rows_of_day(rows, "2026-11-21")) == 51
    assert rows[-1]["date"] == "2026-11-21"


def test_a_past_day_is_restated_by_a_per_cent(market):
    """Far more than was ever observed."""
    clean = rows_of_day(fetch_rows(market))
    market.set_faults({"kind": "restated_day", "date": DAY})
    ratios = [
        int(new["total_tokens"]) / int(old["total_tokens"])
        for new, old in zip(rows_of_day(fetch_rows(market)), clean, strict=True)
    ]
    assert ratios == [pytest.approx(1.01)] * 51


def test_counts_become_numbers(market):
    """The same values in another type, on every day."""
    clean = fetch_rows(market)
    market.set_faults({"kind": "numeric_tokens"})
    assert [row["total_tokens"] for row in fetch_rows(market)] == [
        int(row["total_tokens"]) for row in clean
    ]


def test_without_a_date_the_newest_day_changes(market):
    """The newest day is the one that every run loads."""
    market.set_faults({"kind": "zero_day"})
    rows = fetch_rows(market)
    assert {row["total_tokens"] for row in rows_of_day(rows, "2026-11-20")} == {"0"}
    assert "0" not in {row["total_tokens"] for row in rows_of_other_days(rows, "2026-11-20")}


@pytest.mark.parametrize("kind", [*sorted(ROW_FAULTS), "extra_key"])
def test_faulty_export_files_fit_their_hashes(market, kind):
    """The manifest announces these very bytes, so only their content is wrong, and only once."""
    clean = market.keyless(f"{RANKINGS}/latest.csv").content
    market.set_faults({"kind": kind, "path": ".csv", "times": 1, "date": DAY})
    entry = market.keyless(f"{RANKINGS}/latest.manifest.json").json()["files"]["csv"]
    body = market.http.get(entry["url"]).content
    assert (len(body), hashlib.sha256(body).hexdigest()) == (entry["bytes"], entry["sha256"])
    # In CSV a number and a string look the same.
    assert (body == clean) == (kind == "numeric_tokens")
    assert market.http.get(entry["url"]).content == clean


def test_a_bad_count_reaches_the_csv(market):
    """It has no share; the other rows of its day still have theirs."""
    market.set_faults({"kind": "unreadable_count", "date": DAY})
    rows = rows_of_day(csv.DictReader(io.StringIO(market.keyless(f"{RANKINGS}/latest.csv").text)))
    assert (rows[0]["total_tokens"], rows[0]["share_of_daily_tokens"]) == ("n/a", "")
    assert float(rows[1]["share_of_daily_tokens"]) > 0


DAYS = ["2026-05-01", "2026-05-02", "2026-05-03"]
RANKED = st.lists(
    st.tuples(
        st.sampled_from(DAYS), st.sampled_from(["a/a", "b/b", "other"]), st.integers(0, 10**12)
    ),
    min_size=1,
    max_size=20,
).map(
    lambda rows: [
        {"date": day, "model_permaslug": slug, "total_tokens": str(tokens)}
        for day, slug, tokens in sorted(rows)
    ]
)
WHOLE_RESPONSE = {"numeric_tokens"}


@given(rows=RANKED, kind=st.sampled_from(sorted(set(ROW_FAULTS) - WHOLE_RESPONSE)))
def test_a_fault_leaves_the_other_days_alone(rows, kind):
    """Except the current day, which one of the kinds adds."""
    original = [dict(row) for row in rows]
    fault = RowFault(date(2026, 5, 2), date(2026, 5, 4), lambda day: [])
    changed = ROW_FAULTS[kind](rows, fault)
    assert rows == original
    kept = [row for row in changed if row["date"] not in ("2026-05-02", "2026-05-04")]
    assert kept == [row for row in original if row["date"] != "2026-05-02"]

"""Export files: windows, bytes, hashes, and agreement with the keyed data."""

import csv
import hashlib
import io
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.simulator.api.exports import csv_bytes, newest_snapshot_date, rank_rows

RANKINGS = "/datasets/exports/rankings-daily"


@pytest.mark.parametrize("kind", ["csv", "json"])
@pytest.mark.parametrize("name", ["latest", "2026-09-19", "2026-11-20"])
def test_a_file_fits_its_manifest(market, name, kind):
    """Size and hash are those of the bytes at the manifest's address."""
    manifest = market.keyless(f"{RANKINGS}/{name}.manifest.json").json()
    entry = manifest["files"][kind]
    body = market.http.get(entry["url"]).content
    assert entry["url"].endswith(f"/{manifest['snapshot_date']}.{kind}")
    assert (len(body), hashlib.sha256(body).hexdigest()) == (entry["bytes"], entry["sha256"])
    assert manifest["row_count"] == 1530


def test_the_csv_has_the_published_form(market):
    """ASCII, CRLF, unquoted; ranks from 1, none on `other`; shares of a day sum to one."""
    response = market.keyless(f"{RANKINGS}/2026-09-19.csv")
    text = response.content.decode("ascii")
    assert response.headers["content-type"].startswith("text/csv")
    assert text.startswith(
        "date,model_permaslug,rank,total_tokens,share_of_daily_tokens\r\n2026-08-20,"
    )
    assert text.count("\r\n") == text.count("\n") == 1531
    assert '"' not in text
    shares, ranks = defaultdict(Fraction), defaultdict(list)
    for row in csv.DictReader(io.StringIO(text)):
        shares[row["date"]] += Fraction(row["share_of_daily_tokens"])
        ranks[row["date"]].append(row["rank"])
    assert (min(shares), max(shares), len(shares)) == ("2026-08-20", "2026-09-18", 30)
    assert all(abs(share - 1) < Fraction(1, 10**9) for share in shares.values())
    assert all(listed == [*map(str, range(1, 51)), ""] for listed in ranks.values())


def test_the_json_twin_has_the_same_rows(market):
    """And in addition the columns and the methodology."""
    rows = list(csv.DictReader(io.StringIO(market.keyless(f"{RANKINGS}/latest.csv").text)))
    twin = market.keyless(f"{RANKINGS}/latest.json").json()
    assert {"columns", "row_count", "methodology", "source_pages", "retrieved_at"} <= set(twin)
    assert twin["row_count"] == len(rows) == len(twin["data"])
    assert [
        {key: "" if value is None else str(value) for key, value in row.items()}
        for row in twin["data"][:51]
    ] == rows[:51]


def test_files_agree_with_the_keyed_response(market):
    """Both hold the same rankings."""
    market.set_now("2026-11-21T02:00:00Z")
    exported = [
        (row["date"], row["model_permaslug"], row["total_tokens"])
        for row in market.keyless(f"{RANKINGS}/latest.json").json()["data"]
    ]
    assert exported == market.rankings()


def test_a_dated_file_never_changes(market):
    """Months later it still holds what was known on its day; a newer file restates its last day."""
    path = f"{RANKINGS}/2026-11-20.csv"
    then = market.keyless(path).content
    newer = market.keyless(f"{RANKINGS}/2026-11-21.csv").text
    market.set_now("2027-02-01T00:00:00Z")
    assert market.keyless(path).content == then
    newest = [line for line in then.decode().splitlines() if line.startswith("2026-11-19,")]
    restated = [line for line in newer.splitlines() if line.startswith("2026-11-19,")]
    assert newest != restated
    assert [line for line in then.decode().splitlines() if line.startswith("2026-11-18,")] == [
        line for line in newer.splitlines() if line.startswith("2026-11-18,")
    ]


DAYS = st.sampled_from(["2026-05-01", "2026-05-02"])
ROWS = st.lists(
    st.tuples(DAYS, st.sampled_from(["a/a", "b/b", "other"]), st.integers(0, 10**15)), max_size=30
)


@given(rows=ROWS)
def test_ranks_and_shares_of_any_rows(rows):
    """A day's shares sum to one unless it has no tokens; ranks count up and skip `other`."""
    ranked = rank_rows(
        [
            {"date": day, "model_permaslug": slug, "total_tokens": str(tokens)}
            for day, slug, tokens in rows
        ]
    )
    for day in {row["date"] for row in ranked}:
        of_day = [row for row in ranked if row["date"] == day]
        total = 1 if any(row["total_tokens"] for row in of_day) else 0
        assert sum(row["share_of_daily_tokens"] for row in of_day) == pytest.approx(total)
        ranks = [row["rank"] for row in of_day if row["model_permaslug"] != "other"]
        assert ranks == list(range(1, len(ranks) + 1))
        assert all(row["rank"] is None for row in of_day if row["model_permaslug"] == "other")


def test_a_bad_count_has_no_share():
    """The text stays, and the other rows share the rest."""
    rows = [
        {"date": "2026-05-01", "model_permaslug": slug, "total_tokens": count}
        for slug, count in (("a/a", "n/a"), ("b/b", "3"), ("c/c", "1.5"), ("other", "1"))
    ]
    assert [(row["total_tokens"], row["share_of_daily_tokens"]) for row in rank_rows(rows)] == [
        ("n/a", None),
        (3, 0.75),
        ("1.5", None),
        (1, 0.25),
    ]


def test_a_csv_without_rows_keeps_its_header():
    """The columns are known all the same."""
    assert csv_bytes([]) == b"date,model_permaslug,rank,total_tokens,share_of_daily_tokens\r\n"


@given(now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))
def test_the_newest_snapshot_is_of_today_or_yesterday(now):
    """It appears at 01:46 UTC."""
    newest = newest_snapshot_date(now.replace(tzinfo=UTC))
    is_published = (now.hour, now.minute) >= (1, 46)
    assert newest == now.date() - timedelta(days=0 if is_published else 1)
    assert isinstance(newest, date)

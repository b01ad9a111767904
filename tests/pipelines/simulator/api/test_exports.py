"""The keyless daily files: windows, bytes, hashes, tags."""

import csv
import hashlib
import io
from collections import defaultdict
from fractions import Fraction

import pytest

BOARD = "/datasets/exports/rankings-daily"
INDEX = "/datasets/exports/index.json"


def test_the_index_names_the_newest_snapshot(market):
    """It lists datasets and their newest manifests, and no dated files."""
    index = market.keyless(INDEX).json()
    assert (index["schema_version"], index["updated_at"]) == ("v1", "2026-11-21T01:46:00.000Z")
    newest = {entry["id"]: entry for entry in index["datasets"]}["rankings-daily"]
    assert newest["latest_snapshot_date"] == "2026-11-21"
    assert newest["latest_manifest_url"] == f"{market.base}{BOARD}/latest.manifest.json"


@pytest.mark.parametrize("kind", ["csv", "json"])
@pytest.mark.parametrize("name", ["latest", "2026-09-19", "2026-11-20"])
def test_a_file_is_what_its_manifest_says(market, name, kind):
    """Size and hash fit the bytes behind the address in the manifest."""
    manifest = market.keyless(f"{BOARD}/{name}.manifest.json").json()
    entry = manifest["files"][kind]
    body = market.http.get(entry["url"]).content
    assert entry["url"].endswith(f"/{manifest['snapshot_date']}.{kind}")
    assert (len(body), hashlib.sha256(body).hexdigest()) == (entry["bytes"], entry["sha256"])
    assert manifest["row_count"] == 1530


def test_the_csv_is_written_as_published(market):
    """ASCII, CRLF, unquoted; ranks from 1, none on `other`; shares of a day sum to one."""
    response = market.keyless(f"{BOARD}/2026-09-19.csv")
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
    """Same rows, plus what the columns are and how they came about."""
    rows = list(csv.DictReader(io.StringIO(market.keyless(f"{BOARD}/latest.csv").text)))
    twin = market.keyless(f"{BOARD}/latest.json").json()
    assert {"columns", "row_count", "methodology", "source_pages", "retrieved_at"} <= set(twin)
    assert twin["row_count"] == len(rows) == len(twin["data"])
    assert [
        {key: "" if value is None else str(value) for key, value in row.items()}
        for row in twin["data"][:51]
    ] == rows[:51]


def test_files_agree_with_the_keyed_answer(market):
    """Two doors, one board."""
    market.at("2026-11-21T02:00:00Z")
    exported = [
        (row["date"], row["model_permaslug"], row["total_tokens"])
        for row in market.keyless(f"{BOARD}/latest.json").json()["data"]
    ]
    assert exported == market.rows()


def test_a_dated_file_never_changes(market):
    """Fetched months later it still shows what was known on its day, while a newer file restates the day it ended with."""
    path = f"{BOARD}/2026-11-20.csv"
    then = market.keyless(path).content
    newer = market.keyless(f"{BOARD}/2026-11-21.csv").text
    market.at("2027-02-01T00:00:00Z")
    assert market.keyless(path).content == then
    newest = [line for line in then.decode().splitlines() if line.startswith("2026-11-19,")]
    restated = [line for line in newer.splitlines() if line.startswith("2026-11-19,")]
    assert newest != restated
    assert [line for line in then.decode().splitlines() if line.startswith("2026-11-18,")] == [
        line for line in newer.splitlines() if line.startswith("2026-11-18,")
    ]


@pytest.mark.parametrize(
    "name", ["2026-09-18.csv", "2026-11-22.csv", "2026-02-30.csv", "latest.txt", "readme.csv"]
)
def test_what_is_not_published_is_not_found(market, name):
    """Before the first file, after the newest, or no file at all."""
    response = market.keyless(f"{BOARD}/{name}")
    assert (response.status_code, response.json()) == (
        404,
        {"error": {"code": 404, "message": "Export not found"}},
    )


def test_a_snapshot_appears_in_the_night(market):
    """Until 01:46 UTC the newest one is yesterday's."""
    seen = []
    for now in ("2026-11-21T01:45:59Z", "2026-11-21T01:46:00Z"):
        market.at(now)
        seen.append(market.keyless(f"{BOARD}/latest.manifest.json").json()["snapshot_date"])
    assert seen == ["2026-11-20", "2026-11-21"]
    assert market.keyless(f"{BOARD}/2026-11-21.json").status_code == 200


@pytest.mark.parametrize(
    "path",
    [INDEX, f"{BOARD}/latest.manifest.json", f"{BOARD}/latest.csv", f"{BOARD}/2026-11-01.json"],
)
def test_an_unchanged_file_is_not_sent_again(market, path):
    """The tag of the last answer turns the next one into a 304 without a body."""
    first = market.keyless(path)
    assert first.headers["cache-control"] == "public, max-age=300"
    assert first.headers["access-control-allow-origin"] == "*"
    again = market.keyless(path, **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (
        304,
        b"",
        first.headers["etag"],
    )
    assert market.keyless(path, **{"If-None-Match": '"another"'}).status_code == 200


def test_every_file_carries_its_credit(market):
    """The licence asks for the line, so each answer brings it along."""
    for path in (INDEX, f"{BOARD}/latest.manifest.json", f"{BOARD}/latest.json"):
        answer = market.keyless(path).json()
        assert answer["attribution"].startswith(
            "Source: OpenRouter (openrouter.ai/rankings), as of 2026-11-21T01:46:00.000Z."
        )
        assert answer["license"]["name"] == "CC BY 4.0"
    assert (
        market.keyless(f"{BOARD}/latest.manifest.json").json()["retrieved_at"]
        == "2026-11-21T01:46:00.000Z"
    )

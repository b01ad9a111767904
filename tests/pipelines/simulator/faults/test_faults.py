"""Every fault does what its name says, where it was put, as often as it was told to."""

import csv
import hashlib
import io
import time

import httpx
import pytest

from pipelines.simulator.api.dispatch import FAULT_KINDS
from pipelines.simulator.faults.row_faults import ROW_FAULTS

PATH = "/datasets/rankings-daily"
BOARD = "/datasets/exports/rankings-daily"
WINDOW = {"start_date": "2026-11-17", "end_date": "2026-11-20"}
DAY = "2026-11-19"
TESTED_BELOW = {
    "negative_count", "fractional_count", "unreadable_count", "duplicated_row", "zero_day", "short_day", "empty_day", "repeated_day",
    "future_day", "restated_day", "no_other", "numeric_tokens", "extra_key", "truncated_json", "html", "forbidden_html", "wrong_sha256",
    "wrong_bytes", "other_day_manifest", "unauthorized", "forbidden", "not_found", "too_many_minute", "too_many_day", "retry_after_only",
    "server_error", "zod_error", "slow_body", "dropped_connection", "echo_key",
}  # fmt: skip


def test_every_kind_is_tested():
    """A new kind needs a test here."""
    assert FAULT_KINDS == TESTED_BELOW


def data(market):
    return market.get(PATH, **WINDOW).json()["data"]


def day_of(rows, day=DAY):
    return [row for row in rows if row["date"] == day]


def others(rows, day=DAY):
    return [row for row in rows if row["date"] != day]


@pytest.mark.parametrize(
    ("kind", "written"),
    [("negative_count", "-{}"), ("fractional_count", "{}.5"), ("unreadable_count", "n/a")],
)
def test_one_count_is_no_count(market, kind, written):
    """The first row of the day is spoiled and nothing else."""
    clean = data(market)
    market.break_with({"kind": kind, "date": DAY})
    spoiled = data(market)
    assert day_of(spoiled)[0]["total_tokens"] == written.format(day_of(clean)[0]["total_tokens"])
    assert [row for row in spoiled if row != day_of(spoiled)[0]] == [
        row for row in clean if row != day_of(clean)[0]
    ]


def test_a_row_comes_twice(market):
    """52 rows, 51 names."""
    market.break_with({"kind": "duplicated_row", "date": DAY})
    rows = day_of(data(market))
    assert (len(rows), rows[0]) == (52, rows[1])


def test_a_day_of_zeros(market):
    """All rows are there and all say nothing."""
    market.break_with({"kind": "zero_day", "date": DAY})
    assert [row["total_tokens"] for row in day_of(data(market))] == ["0"] * 51


@pytest.mark.parametrize(("kind", "count"), [("short_day", 7), ("empty_day", 0), ("no_other", 50)])
def test_rows_of_a_day_are_missing(market, kind, count):
    """Other days keep theirs."""
    clean = data(market)
    market.break_with({"kind": kind, "date": DAY})
    spoiled = data(market)
    assert day_of(spoiled) == day_of(clean)[:count]
    assert others(spoiled) == others(clean)


def test_a_day_repeats_the_one_before(market):
    """Also where the day before lies outside the window."""
    clean = data(market)
    before = [(row["model_permaslug"], row["total_tokens"]) for row in day_of(clean, "2026-11-18")]
    market.break_with({"kind": "repeated_day", "date": DAY})
    assert [(row["model_permaslug"], row["total_tokens"]) for row in day_of(data(market))] == before
    alone = market.get(PATH, start_date=DAY, end_date=DAY).json()["data"]
    assert [(row["model_permaslug"], row["total_tokens"]) for row in alone] == before


def test_today_is_published_too_early(market):
    """Rows dated today follow the newest complete day."""
    market.break_with({"kind": "future_day"})
    rows = data(market)
    assert len(day_of(rows, "2026-11-21")) == 51
    assert rows[-1]["date"] == "2026-11-21"


def test_a_past_day_is_restated_by_a_per_cent(market):
    """Far more than ever observed."""
    clean = day_of(data(market))
    market.break_with({"kind": "restated_day", "date": DAY})
    ratios = [
        int(new["total_tokens"]) / int(old["total_tokens"])
        for new, old in zip(day_of(data(market)), clean, strict=True)
    ]
    assert ratios == [pytest.approx(1.01)] * 51


def test_counts_turn_into_numbers(market):
    """Same values, other type, every day."""
    clean = data(market)
    market.break_with({"kind": "numeric_tokens"})
    assert [row["total_tokens"] for row in data(market)] == [
        int(row["total_tokens"]) for row in clean
    ]


def test_without_a_date_the_newest_day_is_spoiled(market):
    """Which is the one everybody loads."""
    market.break_with({"kind": "zero_day"})
    rows = data(market)
    assert {row["total_tokens"] for row in day_of(rows, "2026-11-20")} == {"0"}
    assert "0" not in {row["total_tokens"] for row in others(rows, "2026-11-20")}


@pytest.mark.parametrize(
    "path", [PATH, "/models", "/providers", "/classifications/task", f"{BOARD}/latest.json"]
)
def test_unknown_keys_appear(market, path):
    """At the top, in meta and in every row, wherever these exist."""
    market.break_with({"kind": "extra_key"})
    answer = market.get(path).json()
    assert "x_new_field" in answer
    assert "x_new_field" in answer.get("meta", {"x_new_field": "no meta here"})
    if isinstance(answer["data"], list):
        assert all("x_new_field" in row for row in answer["data"])


@pytest.mark.parametrize("kind", [*sorted(ROW_FAULTS), "extra_key"])
def test_export_files_are_spoiled_with_hashes_that_fit(market, kind):
    """The manifest announces the very bytes that come, so only their content is wrong; afterwards all is well again."""
    clean = market.keyless(f"{BOARD}/latest.csv").content
    market.break_with({"kind": kind, "path": ".csv", "times": 1, "date": DAY})
    entry = market.keyless(f"{BOARD}/latest.manifest.json").json()["files"]["csv"]
    body = market.http.get(entry["url"]).content
    assert (len(body), hashlib.sha256(body).hexdigest()) == (entry["bytes"], entry["sha256"])
    # In CSV a number and a string look the same.
    assert (body == clean) == (kind == "numeric_tokens")
    assert market.http.get(entry["url"]).content == clean


def test_a_spoiled_count_reaches_the_csv(market):
    """A count that is none has no share, and the rest of its day still has."""
    market.break_with({"kind": "unreadable_count", "date": DAY})
    rows = day_of(csv.DictReader(io.StringIO(market.keyless(f"{BOARD}/latest.csv").text)))
    assert (rows[0]["total_tokens"], rows[0]["share_of_daily_tokens"]) == ("n/a", "")
    assert float(rows[1]["share_of_daily_tokens"]) > 0


@pytest.mark.parametrize(("kind", "field"), [("wrong_sha256", "sha256"), ("wrong_bytes", "bytes")])
def test_the_manifest_lies(market, kind, field):
    """The files are right and do not fit it."""
    clean = market.keyless(f"{BOARD}/latest.manifest.json").json()
    market.break_with({"kind": kind})
    spoiled = market.keyless(f"{BOARD}/latest.manifest.json").json()
    for file in ("csv", "json"):
        assert spoiled["files"][file][field] != clean["files"][file][field]
        assert {**spoiled["files"][file], field: clean["files"][file][field]} == clean["files"][
            file
        ]


def test_the_manifest_of_another_day_comes(market):
    """A whole one, of the day before the one asked for."""
    market.break_with({"kind": "other_day_manifest"})
    for name, day in (("latest", "2026-11-20"), ("2026-11-10", "2026-11-09")):
        assert market.keyless(f"{BOARD}/{name}.manifest.json").json()["snapshot_date"] == day


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("html", 200, "<!DOCTYPE html>"),
        ("forbidden_html", 403, "<!DOCTYPE html>"),
        ("unauthorized", 401, "User not found."),
        ("forbidden", 403, "Only management keys"),
        ("not_found", 404, "Not Found"),
        ("too_many_minute", 429, "requests/minute"),
        ("too_many_day", 429, "datasets-per-account-rpd-v1"),
        ("retry_after_only", 429, "Rate limit"),
        ("server_error", 500, "Internal Server Error"),
        ("zod_error", 400, "ZodError"),
    ],
)
def test_the_whole_answer_is_replaced(market, kind, status, words):
    """On every route, keyed or not."""
    market.break_with({"kind": kind})
    for path in (PATH, "/models", f"{BOARD}/latest.csv"):
        response = market.get(path)
        assert response.status_code == status
        assert words in response.text


def test_quota_faults_say_when_to_come_back(market):
    """In milliseconds where the service does, in seconds where it only says that."""
    market.break_with(
        {"kind": "too_many_day", "times": 1}, {"kind": "retry_after_only", "seconds": 3}
    )
    assert market.get(PATH).headers["x-ratelimit-reset"] == "1795305600000"
    second = market.get(PATH)
    assert second.headers["retry-after"] == "3"
    assert not [name for name in second.headers if name.startswith("x-ratelimit")]


def test_a_refusal_may_repeat_the_key(market):
    """Whoever logs the body logs a secret."""
    market.break_with({"kind": "echo_key"})
    response = market.get(PATH)
    assert response.status_code == 401
    assert "a-key-for-tests" in response.json()["error"]["message"]


def test_a_cut_answer_is_complete_http(market):
    """The client learns of it only when it reads the JSON."""
    whole = market.get(PATH).content
    market.break_with({"kind": "truncated_json"})
    response = market.get(PATH)
    assert (response.status_code, response.content) == (200, whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        response.json()


def test_a_slow_body_drips_and_arrives(market):
    """Every byte, late; a client with less patience gives up."""
    whole = market.get(PATH).content
    market.break_with({"kind": "slow_body", "seconds": 0.4})
    begun = time.perf_counter()
    assert market.get(PATH).content == whole
    assert time.perf_counter() - begun >= 0.4
    market.break_with({"kind": "slow_body", "seconds": 8})
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{market.base}/models", timeout=0.1)


def test_a_dropped_connection_breaks_the_transfer(market):
    """Fewer bytes than announced, then nothing; the next request is served."""
    market.break_with({"kind": "dropped_connection", "times": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        market.get(PATH)
    assert market.get(PATH).status_code == 200


def test_a_fault_hits_only_its_path(market):
    """A part of the path is enough to aim."""
    market.break_with({"kind": "server_error", "path": "/models"})
    assert market.get("/models/count").status_code == 500
    assert market.get(PATH).status_code == 200


def test_a_fault_is_used_up(market):
    """Twice means twice; faults of a kind come one after the other."""
    market.break_with({"kind": "server_error", "times": 2}, {"kind": "not_found", "times": 1})
    assert [market.get("/models/count").status_code for _ in range(4)] == [500, 500, 404, 200]
    active = market.http.get(f"{market.base.removesuffix('/api/v1')}/_simulator/faults").json()
    assert active == {"faults": []}


def test_faults_of_different_tables_meet(market):
    """Rows can be wrong and late at once."""
    market.break_with(
        {"kind": "zero_day", "date": DAY},
        {"kind": "extra_key"},
        {"kind": "slow_body", "seconds": 0.01},
    )
    rows = data(market)
    assert {row["total_tokens"] for row in day_of(rows)} == {"0"}
    assert "x_new_field" in rows[0]


def test_an_invented_answer_says_so_even_when_broken(market):
    """No fault removes the mark."""
    for kind in sorted(FAULT_KINDS - {"dropped_connection"}):
        market.break_with({"kind": kind, "seconds": 0.01})
        assert market.get(PATH, **WINDOW).headers["x-tokentide-origin"] == "simulated", kind

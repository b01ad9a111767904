"""Playing back recorded answers."""

import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipelines.simulator.api.serve import build_app
from pipelines.simulator.errors import NoRecordings, UnknownMode
from pipelines.simulator.market_protocol import RankingsQuery
from pipelines.simulator.replay import ReplayMarket


def recorded(recordings: Path, name: str) -> dict:
    return json.loads(gzip.decompress((recordings / "openrouter" / name).read_bytes()))


@pytest.mark.parametrize("day", ["18", "19"])
def test_at_the_instant_of_a_recording_the_answer_is_the_recording(replay, recordings, day):
    """Row for row and word for word, the meta block included."""
    original = recorded(recordings, f"rankings-daily_window_2026-06-{day}.json.gz")
    replay.at(original["meta"]["as_of"])
    assert replay.get("/datasets/rankings-daily").json() == original


def record(folder: Path, name: str, as_of: str, days: dict[str, int]) -> None:
    """Write a recording of one model."""
    rows = [
        {"date": day, "model_permaslug": "lab/model", "total_tokens": str(tokens)}
        for day, tokens in days.items()
    ]
    meta = {"as_of": as_of, "version": "v1", "start_date": min(days), "end_date": max(days)}
    (folder / f"rankings-daily_{name}.json").write_text(json.dumps({"data": rows, "meta": meta}))


@pytest.mark.parametrize(
    ("now", "known"),
    [
        ("2026-05-02T07:00:00", [100]),
        ("2026-05-02T08:00:00", [100]),
        ("2026-05-03T08:00:00", [101, 200]),
        ("2026-05-09T08:00:00", [101, 202, 300]),
        ("2027-01-01T00:00:00", [101, 202, 300]),
    ],
)
def test_a_day_reads_as_it_was_known(tmp_path, now, known):
    """Each day comes from the newest recording of the time, or from the oldest where none is that old."""
    record(tmp_path, "a", "2026-05-02T08:00:00.000Z", {"2026-05-01": 100})
    record(tmp_path, "b", "2026-05-03T08:00:00.000Z", {"2026-05-01": 101, "2026-05-02": 200})
    record(tmp_path, "c", "2026-05-04T08:00:00.000Z", {"2026-05-02": 202, "2026-05-03": 300})
    window = RankingsQuery(date(2026, 5, 1), date(2026, 5, 31))
    rows = ReplayMarket(tmp_path).rankings(window, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert [row.total_tokens for row in rows] == known


def test_a_day_may_disappear_from_a_newer_recording(tmp_path):
    """A recording that covers a day and has no rows of it says that there are none."""
    record(
        tmp_path,
        "a",
        "2026-05-05T08:00:00.000Z",
        {"2026-05-01": 1, "2026-05-02": 2, "2026-05-03": 3},
    )
    record(tmp_path, "b", "2026-05-06T08:00:00.000Z", {"2026-05-01": 1, "2026-05-03": 3})
    rows = ReplayMarket(tmp_path).rankings(
        RankingsQuery(date(2026, 5, 1), date(2026, 5, 3)), datetime(2026, 5, 7, tzinfo=UTC)
    )
    assert [row.total_tokens for row in rows] == [1, 3]


def test_with_nothing_recorded_that_early_the_oldest_recording_serves(replay):
    """History was recorded long after it happened, and is still history."""
    rows = replay.rows(start_date="2025-01-01", end_date="2025-01-01")
    assert rows[0] == ("2025-01-01", "anthropic/claude-3.5-sonnet:beta", 11646035656)
    assert rows[-1] == ("2025-01-01", "other", 2241676199)
    assert sum(row[2] for row in rows) == 49151682771


def test_the_future_is_not_served_even_if_recorded(replay):
    """What lies after yesterday does not exist yet."""
    replay.at("2025-03-01T12:00:00Z")
    answer = replay.get(
        "/datasets/rankings-daily", start_date="2025-02-27", end_date="2025-03-10"
    ).json()
    assert answer["meta"]["end_date"] == "2025-02-28"
    assert {row["date"] for row in answer["data"]} == {"2025-02-27", "2025-02-28"}


def test_the_holes_of_the_source_stay(replay):
    """363 of 365 days."""
    assert (
        len({row[0] for row in replay.rows(start_date="2025-01-01", end_date="2025-12-31")}) == 363
    )


def test_the_recorded_catalogue_and_hosts_are_served(replay):
    """As many as were recorded, with those that draw among those that write."""
    assert len(replay.keyless("/models").json()["data"]) == 335
    assert replay.keyless("/models/count?output_modalities=image").json() == {"data": {"count": 5}}
    assert len(replay.keyless("/providers").json()["data"]) == 82


def test_the_recorded_speeds_belong_to_their_model(replay):
    """By id and by dated slug, and for nobody without a key."""
    for name in ("deepseek-v3.2", "deepseek-v3.2-20251201"):
        (endpoint,) = replay.get(f"/models/deepseek/{name}/endpoints").json()["data"]["endpoints"]
        assert (endpoint["latency_last_30m"]["p50"], endpoint["throughput_last_30m"]["p99"]) == (
            4753,
            19,
        )
    (endpoint,) = replay.keyless("/models/deepseek/deepseek-v3.2/endpoints").json()["data"][
        "endpoints"
    ]
    assert (endpoint["latency_last_30m"], endpoint["throughput_last_30m"]) == (None, None)


@pytest.mark.parametrize(
    "path",
    [
        "/datasets/app-rankings", "/datasets/session-cost", "/benchmarks", "/classifications/task", "/models/openai/gpt-5/endpoints",
        "/datasets/rankings-daily?modality=text", "/datasets/rankings-daily?period=week", "/datasets/rankings-daily?category=legal",
    ],
)  # fmt: skip
def test_what_was_not_recorded_is_not_found(replay, path):
    """Nothing is made up."""
    response = replay.get(path)
    assert (response.status_code, response.json()) == (
        404,
        {"error": {"code": 404, "message": "Not Found"}},
    )


def test_exports_can_be_played_back_too(replay):
    """The files are cut from the recordings, as known when they were published."""
    manifest = replay.keyless("/datasets/exports/rankings-daily/latest.manifest.json").json()
    assert (manifest["snapshot_date"], manifest["row_count"]) == ("2026-06-19", 1530)


def test_recorded_figures_do_not_call_themselves_simulated(replay, market):
    """Only invented ones do."""
    assert "x-tokentide-origin" not in replay.keyless("/models").headers
    assert market.keyless("/models").headers["x-tokentide-origin"] == "simulated"


def test_the_subfolder_may_be_named_directly(recordings):
    """Both the folder of all recordings and the one of this source will do."""
    assert (
        len(ReplayMarket(recordings / "openrouter").providers(datetime(2026, 6, 19, tzinfo=UTC)))
        == 82
    )


def test_an_empty_folder_is_refused(tmp_path):
    """The error names the folder and what should lie in it."""
    with pytest.raises(NoRecordings, match="rankings-daily_2025"):
        build_app("replay", recordings=tmp_path)


def test_a_mode_nobody_knows_is_refused():
    """Neither is replay without a folder served."""
    with pytest.raises(UnknownMode, match="replay or market"):
        build_app("real")
    with pytest.raises(UnknownMode, match="TOKENTIDE_RECORDINGS"):
        build_app("replay")

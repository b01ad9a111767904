"""Playing back recorded answers."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.standin.replay import NoRecordings, ReplayBoard
from pipelines.standin.serve import BadMode, build


def recorded(recordings: Path, name: str) -> dict:
    return json.loads(gzip.decompress((recordings / "openrouter" / name).read_bytes()))


@pytest.mark.parametrize("day", ["18", "19"])
def test_at_the_instant_of_a_recording_the_answer_is_the_recording(replay, recordings, day):
    """Row for row and word for word, the meta block included."""
    original = recorded(recordings, f"rankings-daily_window_2026-06-{day}.json.gz")
    replay.at(original["meta"]["as_of"])
    assert replay.get("/datasets/rankings-daily").json() == original


def test_a_day_reads_as_it_was_known(replay, recordings):
    """The newest day of one recording was restated in the next; each now sees its own figures."""
    window = {"start_date": "2026-06-18", "end_date": "2026-06-18"}
    before = replay.rows(**window)
    replay.at("2026-06-20T07:46:46.121Z")
    after = replay.rows(**window)
    names = [f"rankings-daily_window_2026-06-{day}.json.gz" for day in ("18", "19")]
    days = [[int(row["total_tokens"]) for row in recorded(recordings, name)["data"] if row["date"] == "2026-06-18"] for name in names]
    assert [[row[2] for row in rows] for rows in (before, after)] == days
    assert days[0] != days[1]


def test_with_nothing_recorded_that_early_the_oldest_recording_serves(replay):
    """History was recorded long after it happened, and is still history."""
    rows = replay.rows(start_date="2025-01-01", end_date="2025-01-01")
    assert rows[0] == ("2025-01-01", "anthropic/claude-3.5-sonnet:beta", 11646035656)
    assert rows[-1] == ("2025-01-01", "other", 2241676199)
    assert sum(row[2] for row in rows) == 49151682771


def test_the_future_is_not_served_even_if_recorded(replay):
    """What lies after yesterday does not exist yet."""
    replay.at("2025-03-01T12:00:00Z")
    answer = replay.get("/datasets/rankings-daily", start_date="2025-02-27", end_date="2025-03-10").json()
    assert answer["meta"]["end_date"] == "2025-02-28"
    assert {row["date"] for row in answer["data"]} == {"2025-02-27", "2025-02-28"}


def test_the_holes_of_the_source_stay(replay):
    """363 of 365 days."""
    assert len({row[0] for row in replay.rows(start_date="2025-01-01", end_date="2025-12-31")}) == 363


def test_the_recorded_catalogue_and_hosts_are_served(replay):
    """As many as were recorded, with those that draw among those that write."""
    assert len(replay.keyless("/models").json()["data"]) == 335
    assert replay.keyless("/models/count?output_modalities=image").json() == {"data": {"count": 5}}
    assert len(replay.keyless("/providers").json()["data"]) == 82


def test_the_recorded_speeds_belong_to_their_model(replay):
    """By id and by dated slug, and for nobody without a key."""
    for name in ("deepseek-v3.2", "deepseek-v3.2-20251201"):
        (endpoint,) = replay.get(f"/models/deepseek/{name}/endpoints").json()["data"]["endpoints"]
        assert (endpoint["latency_last_30m"]["p50"], endpoint["throughput_last_30m"]["p99"]) == (4753, 19)
    (endpoint,) = replay.keyless("/models/deepseek/deepseek-v3.2/endpoints").json()["data"]["endpoints"]
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
    assert (response.status_code, response.json()) == (404, {"error": {"code": 404, "message": "Not Found"}})


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
    assert len(ReplayBoard(recordings / "openrouter").providers(datetime(2026, 6, 19, tzinfo=UTC))) == 82


def test_an_empty_folder_is_refused(tmp_path):
    """The error names the folder and what should lie in it."""
    with pytest.raises(NoRecordings, match="rankings-daily_2025"):
        build("replay", recordings=tmp_path)


def test_a_mode_nobody_knows_is_refused():
    """Neither is replay without a folder served."""
    with pytest.raises(BadMode, match="replay or market"):
        build("real")
    with pytest.raises(BadMode, match="TOKENTIDE_RECORDINGS"):
        build("replay")

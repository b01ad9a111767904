"""Replay of recorded responses."""

import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipelines.simulator.errors import NotFound
from pipelines.simulator.market_protocol import AppsQuery, RankingsQuery
from pipelines.simulator.replay import ReplayMarket


def load_recording(recordings: Path, name: str) -> dict:
    return json.loads(gzip.decompress((recordings / "openrouter" / name).read_bytes()))


@pytest.mark.parametrize("day", ["18", "19"])
def test_at_its_instant_a_recording_is_served_unchanged(replay, recordings, day):
    """Row for row, the meta block included."""
    original = load_recording(recordings, f"rankings-daily_window_2026-06-{day}.json.gz")
    replay.set_now(original["meta"]["as_of"])
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
def test_a_day_has_the_figures_known_at_now(tmp_path, now, known):
    """Each day comes from the newest recording before now, else from the oldest one."""
    record(tmp_path, "a", "2026-05-02T08:00:00.000Z", {"2026-05-01": 100})
    record(tmp_path, "b", "2026-05-03T08:00:00.000Z", {"2026-05-01": 101, "2026-05-02": 200})
    record(tmp_path, "c", "2026-05-04T08:00:00.000Z", {"2026-05-02": 202, "2026-05-03": 300})
    window = RankingsQuery(date(2026, 5, 1), date(2026, 5, 31))
    rows = ReplayMarket(tmp_path).rankings(window, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert [row.total_tokens for row in rows] == known


def test_a_day_may_disappear_from_a_newer_recording(tmp_path):
    """A recording that covers a day without rows means that there are none."""
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


def test_before_all_recordings_the_oldest_one_is_served(replay):
    """Old days were recorded long after they happened."""
    rows = replay.rankings(start_date="2025-01-01", end_date="2025-01-01")
    assert rows[0] == ("2025-01-01", "anthropic/claude-3.5-sonnet:beta", 11646035656)
    assert rows[-1] == ("2025-01-01", "other", 2241676199)
    assert sum(row[2] for row in rows) == 49151682771


def test_the_future_is_not_served_even_if_recorded(replay):
    """Days after yesterday do not exist yet."""
    replay.set_now("2025-03-01T12:00:00Z")
    content = replay.get(
        "/datasets/rankings-daily", start_date="2025-02-27", end_date="2025-03-10"
    ).json()
    assert content["meta"]["end_date"] == "2025-02-28"
    assert {row["date"] for row in content["data"]} == {"2025-02-27", "2025-02-28"}


def test_the_missing_days_of_the_source_stay_missing(replay):
    """363 of 365 days."""
    assert (
        len({row[0] for row in replay.rankings(start_date="2025-01-01", end_date="2025-12-31")})
        == 363
    )


def test_the_recorded_catalogue_and_hosts_are_served(replay):
    """As many as were recorded, image models included."""
    assert len(replay.keyless("/models").json()["data"]) == 335
    assert replay.keyless("/models/count?output_modalities=image").json() == {"data": {"count": 5}}
    assert len(replay.keyless("/providers").json()["data"]) == 82


def test_the_recorded_speeds_belong_to_their_model(replay):
    """By id and by dated slug, and only with a key."""
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
        "/datasets/app-rankings",
        "/datasets/session-cost",
        "/benchmarks",
        "/classifications/task",
        "/models/openai/gpt-5/endpoints",
        "/datasets/rankings-daily?modality=text",
        "/datasets/rankings-daily?period=week",
        "/datasets/rankings-daily?category=legal",
    ],
)
def test_what_was_not_recorded_is_not_found(replay, path):
    """Nothing is generated."""
    response = replay.get(path)
    assert (response.status_code, response.json()) == (
        404,
        {"error": {"code": 404, "message": "Not Found"}},
    )


def test_exports_are_built_from_the_recordings(replay):
    """With the figures known when the snapshot was published."""
    manifest = replay.keyless("/datasets/exports/rankings-daily/latest.manifest.json").json()
    assert (manifest["snapshot_date"], manifest["row_count"]) == ("2026-06-19", 1530)


def test_the_subfolder_may_be_named_directly(recordings):
    """Both the folder of all recordings and that of this source are accepted."""
    assert (
        len(ReplayMarket(recordings / "openrouter").providers(datetime(2026, 6, 19, tzinfo=UTC)))
        == 82
    )


def write_models(folder: Path, day: str, *ids: str) -> None:
    """Write a recorded catalogue."""
    entries = [
        {
            "id": name,
            "canonical_slug": f"{name}-dated",
            "name": "Lab: Model",
            "created": 1,
            "description": "",
            "architecture": {"output_modalities": ["text"]},
            "context_length": 8000,
            "top_provider": None,
            "pricing": {"prompt": "0"},
            "supported_parameters": [],
        }
        for name in ids
    ]
    (folder / f"models_{day}.json").write_text(json.dumps({"data": entries}))


def test_the_newest_catalogue_before_now_is_served(tmp_path):
    """Before all recordings it is the oldest one."""
    write_models(tmp_path, "2026-05-02", "lab/a")
    write_models(tmp_path, "2026-05-04", "lab/a", "lab/b")
    market = ReplayMarket(tmp_path)
    sizes = [len(market.models(datetime(2026, 5, day, tzinfo=UTC))) for day in (1, 2, 3, 4, 30)]
    assert sizes == [1, 1, 1, 2, 2]


def test_a_recorded_speed_names_the_lab_as_host(tmp_path):
    """The recording does not say which host it was."""
    write_models(tmp_path, "2026-05-02", "lab/model")
    (tmp_path / "endpoint_stats_model.json").write_text('{"uptime_last_30m": 99}')
    now = datetime(2026, 5, 3, tzinfo=UTC)
    market = ReplayMarket(tmp_path)
    for name in ("lab/model", "lab/model-dated"):
        (endpoint,) = market.endpoints(name, now)["endpoints"]
        assert (endpoint["provider_name"], endpoint["tag"]) == ("Lab", "lab")
        assert endpoint["uptime_last_30m"] == 99
    with pytest.raises(NotFound):
        market.endpoints("lab/another", now)


@pytest.mark.parametrize("name", ["apps", "session_costs", "benchmarks", "tasks"])
def test_unrecorded_data_sets_are_not_found(tmp_path, name):
    """Usage has never been recorded."""
    write_models(tmp_path, "2026-05-02", "lab/a")
    market, now = ReplayMarket(tmp_path), datetime(2026, 5, 3, tzinfo=UTC)
    query = AppsQuery(date(2026, 5, 1), date(2026, 5, 2), "popular", None, None, 10, 0)
    with pytest.raises(NotFound):
        getattr(market, name)(*([query] if name == "apps" else []), now)

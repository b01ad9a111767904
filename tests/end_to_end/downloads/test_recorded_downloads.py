"""Thirteen recorded days of the Hub's counters through the pipeline: three stalls, no sum lost."""

import gzip
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from support.simulator import sql

from pipelines.archive import Answer, Archive
from pipelines.ingest.market import load_archive
from pipelines.settings import Settings
from pipelines.simulator.hub_recordings import recorded_day
from pipelines.transform.build import build

pytestmark = pytest.mark.slow

STALLS = [date(2026, 8, 5), date(2026, 8, 7), date(2026, 8, 13)]
STALLED = "select date, booked_on from marts.download_days where is_stall order by date"
ZEROS = """
    select distinct split_part(model_id, '/', 1)
    from marts.download_quarantine
    where reason = 'not counted'
"""


def snapshots(recordings: Path) -> list[dict[str, Any]]:
    """Return the recorded days, oldest first."""
    [path] = (recordings / "huggingface").glob("repos_daily_*.jsonl.gz")
    lines = gzip.decompress(path.read_bytes()).splitlines()
    return sorted((json.loads(line) for line in lines), key=lambda day: day["snapshot_date"])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, recordings: Path) -> Settings:
    """Build a home of the recorded days, each as the answer that the Hub gave then."""
    settings = Settings(home=tmp_path_factory.mktemp("recorded") / "home")
    archive = Archive(settings.archive)
    for snapshot in snapshots(recordings):
        _, rows = recorded_day(snapshot)
        answer = Answer(
            *("hub_models", "https://huggingface.co/api/models"),
            *(datetime.fromisoformat(snapshot["fetched_at"]), 200, 0, "", "run"),
            context={"pipeline_tag": "text-generation"},
        )
        archive.keep(answer, json.dumps(rows).encode())
    assert load_archive(settings) == 13
    build(settings)
    return settings


def test_the_three_stalls_are_found_and_no_other(home: Settings) -> None:
    found = sql(home, STALLED)
    assert [day for day, _ in found] == STALLS
    assert [(booked - day).days for day, booked in found] == [1, 1, 1]


def test_nothing_that_was_counted_is_lost(home: Settings, recordings: Path) -> None:
    """The downloads of each model are the growth of its all-time count, to the last one."""
    counts: dict[str, list[int]] = {}
    for snapshot in snapshots(recordings):
        for name, entry in snapshot["repos"].items():
            if entry["downloads_all_time"]:
                counts.setdefault(name, []).append(entry["downloads_all_time"])
    expected = {name: found[-1] - found[0] for name, found in counts.items()}
    query = "select model_id, sum(downloads)::bigint from marts.model_downloads_daily group by all"
    found = {name: total for name, total in sql(home, query) if total is not None}
    assert {name: found.get(name, 0) for name in expected} == expected


def test_a_stall_is_no_day_without_downloads(home: Settings) -> None:
    """A stalled day has half of what was booked the day after; the two do not differ much."""
    days = dict(sql(home, "select date, downloads from marts.download_days"))
    assert days[date(2026, 8, 7)] == pytest.approx(days[date(2026, 8, 8)], rel=0.25)
    assert min(days[day] for day in STALLS) > 150_000


def test_zeros_are_not_counted(home: Settings) -> None:
    """They are no downloads of zero, and each of them says so."""
    assert {name for (name,) in sql(home, ZEROS)} == {"Aleph-Alpha", "croissantllm", "speakleash"}
    query = """
        select count(*) from marts.model_downloads_daily
        where model_id = 'Aleph-Alpha/Pharia-1-LLM-7B-control' and downloads is not null
    """
    assert sql(home, query) == [(0,)]


def test_shares_of_a_week_have_their_bounds(home: Settings) -> None:
    """A French lab leads the European ones, however the unknown accounts are shared out."""
    query = """
        select member, share_low > 0.8, share_low <= share and share <= share_high
        from marts.downloads_weekly
        where attribution = 'publisher' and dimension = 'country' and rank = 1
    """
    assert set(sql(home, query)) == {("FR", True, True)}


def test_the_claim_is_not_judged_by_european_labs_alone(home: Settings) -> None:
    query = "select distinct verdict from marts.claims where claim_id = 'downloads'"
    assert sql(home, query) == [("unverifiable",)]


def test_files_or_a_name_state_a_size_unless_they_contradict(home: Settings) -> None:
    """Of some repositories the list counts a thousandth of the parameters; none is small."""
    query = (
        "select parameters_source, count(*) from marts.hub_models "
        "where size_band <> 'unknown' group by all"
    )
    assert dict(sql(home, query)).keys() == {"files", "name"}
    query = (
        "select model_id, size_band from marts.hub_models where model_id in "
        "('CYFRAGOVPL/PLLuM-12B-chat-2512', 'mistralai/Ministral-3-3B-Base-2512')"
    )
    assert dict(sql(home, query)) == {
        "CYFRAGOVPL/PLLuM-12B-chat-2512": "unknown",
        "mistralai/Ministral-3-3B-Base-2512": "4-10B",
    }
    assert sql(home, "select count(*) from marts.hub_models where parameters < 1e7") == [(0,)]

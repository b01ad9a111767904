"""Ingestion of downloads: lists are requested in pages, files of past counts taken along."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from support.simulator import FAST_RETRIES, SimulatedMarket, sql, unmarked_market

from pipelines.errors import BadSetting
from pipelines.ingest.downloads import HistoryOptions, extract_downloads, missing_bases
from pipelines.settings import Settings
from warehouse.connection import session


def test_all_pages_of_both_lists_are_loaded(settings: Settings, simulator: SimulatedMarket) -> None:
    whole = extract_downloads(settings, retry_policy=FAST_RETRIES, max_bases=0)
    simulator.set_faults({"kind": "short_pages"})
    paged = extract_downloads(settings, retry_policy=FAST_RETRIES, max_bases=0)
    assert not whole.failures + paged.failures
    assert paged.answers > whole.answers == 2
    assert paged.models == whole.models > 200
    assert not any(request["had_key"] for request in simulator.requests())


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("other_host_page", "was not asked"),
        ("same_page", "had already"),
        ("zeroed_counters", "every figure is zero"),
        ("missing_counters", "all-time count"),
        ("server_error", "failed at the source"),
    ],
)
def test_a_list_that_fails_is_listed(
    settings: Settings, simulator: SimulatedMarket, fault: str, words: str
) -> None:
    simulator.set_faults({"kind": "short_pages"}, {"kind": fault, "path": "/api/models"})
    extract = extract_downloads(settings, retry_policy=FAST_RETRIES)
    assert any(words in failure.reason for failure in extract.failures)


def test_past_counts_come_with_the_list(tmp_path: Path) -> None:
    path = tmp_path / "counts.parquet"
    pl.DataFrame({"day": [date(2025, 1, 1)], "org": ["qwen"], "n": [5]}).write_parquet(path)
    options = HistoryOptions((str(path),), "date=day,author=org,downloads=n")
    with unmarked_market(datetime(2026, 6, 20, 8, tzinfo=UTC)) as market:
        settings = Settings(home=tmp_path / "home", hub_url=market.archive_url)
        extract = extract_downloads(settings, options, retry_policy=FAST_RETRIES)
    assert not extract.failures
    assert (extract.history_rows, extract.days) == (1, 1)


def test_real_counts_and_a_simulated_hub_never_mix(settings: Settings, tmp_path: Path) -> None:
    extract_downloads(settings, retry_policy=FAST_RETRIES)
    path = tmp_path / "counts.parquet"
    pl.DataFrame({"date": [date(2025, 1, 1)], "author": ["a"], "downloads": [5]}).write_parquet(
        path
    )
    extract = extract_downloads(settings, HistoryOptions((str(path),)), retry_policy=FAST_RETRIES)
    assert "holds simulated answers" in extract.failures[0].reason
    assert extract.history_rows == 0


def test_a_file_that_cannot_be_had_holds_back_nothing(
    settings: Settings, simulator: SimulatedMarket, tmp_path: Path
) -> None:
    names = (str(tmp_path / "none.parquet"), f"{simulator.archive_url}/none.parquet")
    extract = extract_downloads(settings, HistoryOptions(names), retry_policy=FAST_RETRIES)
    assert [failure.what for failure in extract.failures] == [f"history {name}" for name in names]
    assert extract.models > 200


def test_a_wrong_mapping_is_said_first() -> None:
    with pytest.raises(BadSetting, match="--columns"):
        HistoryOptions(columns="day").check()


ASKED = (
    "select lower(context ->> 'model'), status, outcome from raw.answers "
    "where source = 'hub_repositories' order by fetched_at"
)


def test_bases_that_no_list_has_are_asked_for(
    settings: Settings, simulator: SimulatedMarket
) -> None:
    """Step by step to the root; one that the Hub does not know is asked for once a month."""
    extract = extract_downloads(settings, retry_policy=FAST_RETRIES)
    assert not extract.failures
    assert (extract.bases, extract.unknown_bases) == (2, 1)
    assert set(sql(settings, ASKED)) == {
        ("nobody/deleted", 401, "refused"),
        ("community/quiet-tuned", 200, "loaded"),
        ("community/quiet-draft", 200, "loaded"),
    }
    again = extract_downloads(settings, retry_policy=FAST_RETRIES)
    assert len(sql(settings, ASKED)) == 3
    assert (again.bases, again.unknown_bases) == (2, 1)
    assert not any("/api/models/" in request["path"] for request in simulator.requests()[-2:])


@pytest.mark.parametrize(("most", "asked"), [(0, 0), (1, 1), (2, 2), (3, 3), (50, 3)])
def test_a_run_asks_for_a_number_of_bases_at_most(
    settings: Settings, most: int, asked: int
) -> None:
    extract_downloads(settings, retry_policy=FAST_RETRIES, max_bases=most)
    assert len(sql(settings, ASKED)) == asked


def test_the_rest_is_asked_for_by_the_next_run(settings: Settings) -> None:
    """A base of a base only becomes known by an answer, and is reached all the same."""
    for _ in range(3):
        extract_downloads(settings, retry_policy=FAST_RETRIES, max_bases=1)
    assert len(sql(settings, ASKED)) == 3


def test_a_base_that_fails_is_listed_and_asked_for_later(
    settings: Settings, simulator: SimulatedMarket
) -> None:
    """Not by the same run, nor within hours; the lists are there."""
    simulator.set_faults({"kind": "forbidden", "path": "/api/models/community"})
    extract = extract_downloads(settings, retry_policy=FAST_RETRIES)
    assert [failure.what for failure in extract.failures] == ["base community/quiet-tuned"]
    assert extract.models > 200
    simulator.set_faults()
    with session(settings.warehouse) as con:
        assert missing_bases(con) == []
        con.execute("update raw.answers set fetched_at = fetched_at - interval 13 hours")
        assert missing_bases(con) == ["community/quiet-tuned"]


def test_a_hub_that_fails_is_asked_for_no_base(
    settings: Settings, simulator: SimulatedMarket
) -> None:
    simulator.set_faults({"kind": "server_error", "path": "/api/models"})
    extract_downloads(settings, retry_policy=FAST_RETRIES)
    assert sql(settings, ASKED) == []

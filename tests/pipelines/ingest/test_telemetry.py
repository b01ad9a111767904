"""Ingest of telemetry up to the warehouse: segments, backfill, and errors with a way out."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.telemetry_facts import scrape

from pipelines.errors import BadSetting
from pipelines.ingest.telemetry import find_target, load, take_history, take_pages
from pipelines.settings import Settings
from pipelines.telemetry.backfill.prometheus import PrometheusRange
from pipelines.telemetry.collector.segments import SegmentWriter, closed_segments
from pipelines.telemetry.config.tier import parse_tier
from warehouse.connection import open_warehouse

TIER = """
[[target]]
name = "t"
url = "http://h:1/metrics"
engine = "vllm"
"""
PAGE = "vllm:generation_tokens_total {}\n"
AT = datetime(2026, 8, 22, 7, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return a home with a tier file."""
    (tmp_path / "tier.toml").write_text(TIER)
    return Settings(home=tmp_path / "home", tier=tmp_path / "tier.toml")


def growth(settings: Settings) -> float:
    with closing(open_warehouse(settings.warehouse)) as con:
        [(total,)] = con.sql("select sum(growth) from ledger.counter_minutes").fetchall()
    return float(total)


def test_loading_reports_each_segment(settings: Settings) -> None:
    """The warehouse is made and migrated where there is none."""
    path = SegmentWriter(settings.telemetry_spool).write([scrape(0, 100), scrape(10, 140)])
    assert path
    reported: list[str] = []
    loaded = load(settings, reported.append)
    assert (loaded.segments, loaded.samples, reported) == (1, 4, [path.name])
    assert growth(settings) == 40


def test_without_a_tier_file_segments_are_loaded_all_the_same(settings: Settings) -> None:
    """The tier stays as it was recorded."""
    load(settings)
    settings.tier.unlink()
    SegmentWriter(settings.telemetry_spool).write([scrape(0, 100), scrape(10, 140)])
    assert load(settings).segments == 1
    with closing(open_warehouse(settings.warehouse)) as con:
        assert con.sql("select name from raw.tier_file").fetchall() == [("t",)]


def test_archived_pages_are_stored_and_loaded(settings: Settings, tmp_path: Path) -> None:
    """They wait in their own spool until the next load."""
    pages = tmp_path / "pages"
    pages.mkdir()
    for number, seconds in enumerate((1787382610, 1787382620)):
        (pages / f"{seconds}.txt").write_text(PAGE.format(100 + 30 * number))
    assert take_pages(settings, pages, "t") == 2
    assert len(closed_segments(settings.pages_spool)) == 1
    assert load(settings).segments == 1
    assert growth(settings) == 30


@pytest.mark.parametrize(
    ("folder", "target", "message"),
    [
        ("nowhere", "t", "is not a folder"),
        ("empty", "t", r"holds no \*\.txt pages"),
        ("empty", "other", "no target 'other', only t"),
    ],
)
def test_pages_that_cannot_be_stored_are_reported(
    settings: Settings, tmp_path: Path, folder: str, target: str, message: str
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadSetting, match=message):
        take_pages(settings, tmp_path / folder, target)


def test_backfill_needs_the_tier_file(settings: Settings, tmp_path: Path) -> None:
    """It has the engine of the target, without which pages have no meaning."""
    settings.tier.unlink()
    history = PrometheusRange("http://127.0.0.1:1", "", AT, AT)
    with pytest.raises(BadSetting, match=r"Copy tier\.toml\.example"):
        take_pages(settings, tmp_path, "t")
    with pytest.raises(BadSetting, match=r"Copy tier\.toml\.example"):
        take_history(settings, history, "t")


def test_a_target_is_found_by_its_name() -> None:
    """Otherwise all names are listed."""
    tier = parse_tier(TIER + TIER.replace('"t"', '"u"'))
    assert find_target(tier, "u").name == "u"
    with pytest.raises(BadSetting, match="only t, u"):
        find_target(tier, "T")

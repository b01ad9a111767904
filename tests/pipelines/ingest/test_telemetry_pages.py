"""Archived pages up to the ledger: names, spellings, devices and outcomes as the field has them."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import BadSetting
from pipelines.ingest.telemetry import load, take_pages
from pipelines.settings import Settings
from warehouse.connection import open_warehouse

AT = datetime(2026, 11, 27, 10, tzinfo=UTC)
TIER = """
[[target]]
name = "t"
url = "http://h:1/metrics"
engine = "{engine}"
devices = 2
"""
PICK = '\n[[device_source]]\ntarget = "t"\nkind = "tokentide"\nindices = [0, 1]\n'
EIGHT = "vllm:generation_tokens_total 0\n" + "".join(
    f'tokentide:power_watts{{engine="{each}",provenance="measured"}} {300 if each < 2 else 100}\n'
    for each in range(8)
)
RAY = 'ray_vllm_{}_tokens_total{{model_name="Qwen/Qwen3-8B",ReplicaId="r1"}} {}\n'


def loaded(folder: Path, tier: str, pages: list[str], query: str) -> list[tuple[Any, ...]]:
    """Load pages of every 15 seconds and return what the ledger says."""
    (folder / "tier.toml").write_text(tier)
    settings = Settings(home=folder / "home", tier=folder / "tier.toml")
    archive = folder / "pages"
    archive.mkdir()
    for number, page in enumerate(pages):
        name = f"{AT + timedelta(seconds=15 * number):%Y-%m-%d_%H-%M-%S}.txt"
        (archive / name).write_text(page)
    take_pages(settings, archive, "t")
    load(settings)
    with closing(open_warehouse(settings.warehouse)) as con:
        return con.sql(query).fetchall()


def test_two_of_eight_devices_draw_600_watts(tmp_path: Path) -> None:
    query = "select device, mean_value from ledger.gauge_minutes order by all"
    rows = loaded(tmp_path, TIER.format(engine="tokentide") + PICK, [EIGHT], query)
    assert rows == [("0", 300.0), ("1", 300.0)]


def test_eight_devices_of_a_target_with_two_have_no_power(tmp_path: Path) -> None:
    """The hour says why."""
    query = (
        "select outcome, scrapes, withheld, (select count(*) from ledger.gauge_minutes) "
        "from ledger.scrape_outcome_hours"
    )
    [row] = loaded(tmp_path, TIER.format(engine="tokentide"), [EIGHT] * 4, query)
    assert row[:2] == ("up", 4)
    assert row[2].startswith("8 devices on the page, and the target has 2")
    assert row[3] == 0


def test_rays_spelling_is_counted(tmp_path: Path) -> None:
    pages = [
        RAY.format("generation", 100 * number) + RAY.format("prompt", 1000 * number)
        for number in range(20)
    ]
    query = (
        "select metric, model_name, sum(growth) from ledger.counter_minutes "
        "group by all order by all"
    )
    assert loaded(tmp_path, TIER.format(engine="vllm"), pages, query) == [
        ("generation_tokens", "Qwen/Qwen3-8B", 1900.0),
        ("prompt_tokens", "Qwen/Qwen3-8B", 19000.0),
    ]


def test_a_page_of_another_engine_is_a_gap_that_names_it(tmp_path: Path) -> None:
    pages = ["vllm:prompt_tokens_total 1\n", "sglang:prompt_tokens_total 1\nx 1\n"]
    query = (
        "select outcome, nearest_engine, scrapes, read_samples, known_samples, unknown_families "
        "from ledger.scrape_outcome_hours order by outcome"
    )
    assert loaded(tmp_path, TIER.format(engine="vllm"), pages, query) == [
        ("no_known_metrics", "sglang", 1, 2.0, None, 2),
        ("up", "", 1, 1.0, 1.0, 0),
    ]


def test_a_name_without_an_instant_is_refused_before_anything_is_kept(tmp_path: Path) -> None:
    (tmp_path / "tier.toml").write_text(TIER.format(engine="vllm"))
    settings = Settings(home=tmp_path / "home", tier=tmp_path / "tier.toml")
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "2026-11-27_10-00-00.txt").write_text("vllm:prompt_tokens_total 1\n")
    (pages / "last.txt").write_text("vllm:prompt_tokens_total 1\n")
    with pytest.raises(BadSetting, match=r"1 of 2 pages .*last\.txt"):
        take_pages(settings, pages, "t")
    assert not list(settings.pages_spool.glob("*.parquet"))
    assert take_pages(settings, pages, "t", use_file_time=True) == 2

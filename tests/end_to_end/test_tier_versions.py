"""Past hours keep the costs of their time: targets that left, prices that changed, corrections."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.telemetry_facts import START, TOKENS, scrape

from pipelines.ingest.rebuild import rebuild
from pipelines.ingest.telemetry import ingest_telemetry, load
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter
from pipelines.telemetry.config.tier import parse_tier
from pipelines.telemetry.config.tier_records import TierRecord, tier_entries, write_record
from pipelines.telemetry.metrics.vocabulary import Series
from pipelines.transform.build import build
from pipelines.transform.graph import Table, read_graph
from pipelines.transform.manifest import read_manifest

# Real processes and many builds: a busy machine takes its time.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

PROMPTS = Series("prompt_tokens", "counter", model_name="m")
HOUR = timedelta(hours=1)
TARGET = """
[[target]]
name = "{}"
url = "http://h:1"
engine = "vllm"
device_kind = "K"
scrape_seconds = 1200
"""
TERMS = """
[[cost]]
device_kind = "K"
opex_usd_per_hour = {}
idle_watts = 100
rated_watts = 500
[energy]
usd_per_kwh = 0
"""
PRICED = (
    "select count(*) from marts.local_efficiency_hourly "
    "where usd_per_mtok is not null and target = 'gone'"
)
RATES = (
    "select hour_at, usd_per_second from marts.local_efficiency_hourly where target = 'kept' "
    "order by hour_at"
)


def record(hours: float, targets: Sequence[str], usd: int, **more: Any) -> TierRecord:
    """Return what the tier file said this many hours after START."""
    text = "".join(map(TARGET.format, targets)) + TERMS.format(usd)
    at = START + hours * HOUR
    return replace(TierRecord(at, "file", tier_entries(parse_tier(text)), is_whole=True), **more)


# Two targets; a price that doubles; one of them leaves; a correction of a week.
RECORDS = (
    record(0.1, ["kept", "gone"], usd=36),
    record(100.25, ["kept", "gone"], usd=72),
    record(272.9, ["kept"], usd=72),
)
CORRECTION = record(
    280, ["kept"], usd=72, origin="correction", is_whole=False, holds_from=START + 50 * HOUR
)


def home_with(folder: Path, records: Sequence[TierRecord]) -> Settings:
    """Publish two targets that serve a token a second for 273 hours."""
    settings = Settings(folder, tier=folder / "none.toml")
    writer = SegmentWriter(settings.telemetry_spool)
    writer.write(
        [
            scrape(1200.0 * step, {TOKENS: 1200.0 * step, PROMPTS: 9.0 * step}, target=target)
            for target in ("kept", "gone")
            for step in range(273 * 3)
        ]
    )
    for each in records:
        write_record(settings.tier_spool, each)
    ingest_telemetry(settings)
    return settings


def say(settings: Settings, said: TierRecord) -> None:
    write_record(settings.tier_spool, said)
    ingest_telemetry(settings)


def rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with closing(duckdb.connect(settings.warehouse, read_only=True)) as con:
        return con.sql(query).fetchall()


def usd_per_hour(settings: Settings) -> list[int]:
    return [round(usd * 3600) for _, usd in rows(settings, RATES)]


def made_by(settings: Settings, said: TierRecord) -> set[str]:
    """Return the tables that a build makes after this record."""
    write_record(settings.tier_spool, said)
    load(settings)
    results = build(settings).results
    return {each.node.name for each in results if each.status == "success"}


def tables(settings: Settings) -> dict[str, object]:
    """Return the rows of every mart of the tier and of both, floats to ten digits."""
    nodes = read_graph(read_manifest(settings.home))
    made = [node for node in nodes if isinstance(node, Table) and not node.is_view]
    with closing(duckdb.connect(settings.warehouse, read_only=True)) as con:
        return {
            node.name: digest(con, node)
            for node in made
            if node.schema in ("marts", "intermediate")
        }


def digest(con: duckdb.DuckDBPyConnection, table: Table) -> object:
    listed = ", ".join(
        f"format('{{:.9e}}', \"{name}\")" if kind == "DOUBLE" else f'"{name}"'
        for name, kind, *_ in con.sql(f"describe {table.relation}").fetchall()
        if name not in ("loaded_at", "segment_id", "built_at")
    )
    return con.sql(f"select count(*), sum(hash({listed})) from {table.relation}").fetchall()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return a home that learned one thing after the other."""
    settings = home_with(tmp_path_factory.mktemp("tier") / "home", RECORDS[:1])
    assert rows(settings, PRICED) == [(273,)]
    assert set(usd_per_hour(settings)) == {36}
    for each in RECORDS[1:]:
        say(settings, each)
    return settings


def test_a_removed_target_keeps_its_priced_hours(home: Settings) -> None:
    """It is gone, not missing, and its hours stay as they were."""
    assert rows(home, PRICED) == [(273,)]
    assert rows(
        home,
        "select valid_to from marts.tier_file where section = 'target' and name = 'gone'",
    ) == [(START + 272.9 * HOUR,)]
    assert rows(
        home,
        "select target, gone_at is not null from staging.stg_telemetry__targets order by target",
    ) == [("gone", True), ("kept", False)]


def test_a_price_counts_from_the_hour_after_its_change(home: Settings) -> None:
    """The hour within which it changed has the price that held when it began."""
    assert usd_per_hour(home) == [36] * 101 + [72] * 172
    [(usd,)] = rows(
        home,
        "select fixed_usd_per_second * 3600 from marts.local_cost_daily "
        "where target = 'kept' and date = '2026-08-26'",
    )
    # 22 August 07:00 and 101 hours are 26 August 12:00.
    assert usd == Decimal("54")


@pytest.mark.long
def test_a_correction_changes_the_past_and_says_so(
    home: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """All at once in another order, built whole, and by a rebuild, come out the same."""
    say(home, CORRECTION)
    assert usd_per_hour(home) == [36] * 50 + [72] * 223
    assert rows(
        home,
        "select origin, is_correction, valid_from, valid_to from marts.tier_file "
        "where section = 'cost' order by version",
    ) == [
        ("file", False, None, START + 50 * HOUR),
        ("correction", True, START + 50 * HOUR, START + 100.25 * HOUR),
        ("file", False, START + 100.25 * HOUR, None),
    ]
    incremental = tables(home)
    build(home, is_whole=True)
    assert tables(home) == incremental
    other = home_with(tmp_path_factory.mktemp("other") / "home", [CORRECTION, *reversed(RECORDS)])
    assert tables(other) == incremental
    rebuild(home)
    assert tables(home) == incremental


def test_a_change_of_now_leaves_the_hours_of_the_past_alone(home: Settings) -> None:
    """No table of hours or days is made again; one that changes a past day is."""
    build(home)
    hourly = {"device_energy_hourly", "local_efficiency_hourly", "served_goodput_hourly"}
    now = made_by(home, record(400, ["kept", "new"], usd=99))
    assert "target_terms_daily" in now
    assert now.isdisjoint({*hourly, "local_cost_daily"})
    assert made_by(home, record(200.5, ["kept"], usd=1)) >= {*hourly, "local_cost_daily"}

"""Telemetry in Dagster: a closed segment starts one run; old samples are dropped at night."""

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import DagsterInstance

from pipelines.assets.published import PUBLISHED
from pipelines.assets.telemetry import TELEMETRY
from pipelines.definitions import define
from pipelines.ingest.following import LOCK
from pipelines.ingest.telemetry import ingest_telemetry
from pipelines.locks import file_lock
from pipelines.schedules import telemetry_arrived
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import Scrape, SegmentWriter
from pipelines.telemetry.metrics.normalise import up_series
from pipelines.telemetry.metrics.vocabulary import Series
from warehouse.connection import open_warehouse

TOKENS = Series("generation_tokens", "counter", model_name="tiny")
GROWTH = "select sum(growth) from ledger.counter_minutes where metric = 'generation_tokens'"
SAMPLES = "select count(*) from raw.telemetry_samples where metric = 'generation_tokens'"


def scrape(seconds: float, tokens: float) -> Scrape:
    up = up_series("up", samples="1", problems="0")
    return Scrape("t", "vllm", round(seconds * 1e6), None, (TOKENS, up), (tokens, 1.0), "tiny")


def tick(settings: Settings, cursor: str | None = None) -> object:
    """Let the sensor look once."""
    context = dg.build_sensor_context(resources={"settings": settings}, cursor=cursor)
    return telemetry_arrived(context)


def load_in_dagster(settings: Settings, instance: DagsterInstance) -> dg.ExecuteInProcessResult:
    job = define(settings).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey(TELEMETRY)])


def query(settings: Settings, text: str) -> list[tuple[Any, ...]]:
    with closing(open_warehouse(settings.warehouse)) as con:
        return con.sql(text).fetchall()


def test_without_segments_no_run_starts(tmp_path: Path) -> None:
    assert isinstance(tick(Settings(home=tmp_path)), dg.SkipReason)


@pytest.mark.slow
def test_a_closed_segment_starts_one_run_that_loads_it(tmp_path: Path) -> None:
    """Its counts are in the metadata of the run."""
    settings = Settings(home=tmp_path, tier=tmp_path / "none.toml")
    now = time.time()
    SegmentWriter(settings.telemetry_spool).write([scrape(now - 20, 100), scrape(now - 10, 140)])
    first, second = tick(settings), tick(settings)
    assert isinstance(first, dg.RunRequest)
    assert first == second, "Dagster starts a run key once."
    with DagsterInstance.ephemeral() as instance:
        result = load_in_dagster(settings, instance)
    assert result.success
    [materialization] = result.asset_materializations_for_node(TELEMETRY)
    counts = {name: entry.value for name, entry in materialization.metadata.items()}
    expected = {"segments": 1, "samples": 4, "requests": 0, "unreadable": 0}
    assert {name: counts[name] for name in expected} == expected
    assert isinstance(tick(settings), dg.SkipReason)
    assert query(settings, GROWTH) == [(40.0,)]


@pytest.mark.slow
def test_what_another_process_published_is_noted(tmp_path: Path) -> None:
    """While a process follows telemetry no run starts, and Dagster knows each newest generation."""
    settings = Settings(home=tmp_path, tier=tmp_path / "none.toml")
    SegmentWriter(settings.telemetry_spool).write([scrape(10, 100), scrape(20, 140)])
    with file_lock(tmp_path / LOCK, blocking=False):
        assert isinstance(tick(settings), dg.SkipReason), "Nothing is published yet."
        number = ingest_telemetry(settings).generation.number
        noted = tick(settings)
        assert isinstance(noted, dg.SensorResult)
        assert [event.asset_key.path for event in noted.asset_events] == [[TELEMETRY], [PUBLISHED]]
        assert noted.cursor == str(number)
        assert isinstance(tick(settings, noted.cursor), dg.SkipReason)


@pytest.mark.slow
def test_an_unreadable_segment_starts_no_second_run(tmp_path: Path) -> None:
    """It stays where it is, and so does the run key. The run itself succeeds."""
    settings = Settings(home=tmp_path, tier=tmp_path / "none.toml")
    settings.telemetry_spool.mkdir(parents=True)
    bad = settings.telemetry_spool / "20260101T000000000000Z-bad-000001.parquet"
    bad.write_bytes(b"PAR1 half")
    before = tick(settings)
    with DagsterInstance.ephemeral() as instance:
        assert load_in_dagster(settings, instance).success
    assert bad.exists()
    assert tick(settings) == before


@pytest.mark.slow
def test_old_samples_are_dropped_at_night_and_facts_stay(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, tier=tmp_path / "none.toml", telemetry_days=1)
    long_ago = time.time() - 5 * 86400
    scrapes = [scrape(long_ago + 10 * step, 100 + step) for step in range(5)]
    SegmentWriter(settings.telemetry_spool).write(scrapes)
    with DagsterInstance.ephemeral() as instance:
        load_in_dagster(settings, instance)
        job = define(settings).resolve_job_def("telemetry_forgotten")
        assert job.execute_in_process(instance=instance).success
    assert (query(settings, SAMPLES), query(settings, GROWTH)) == ([(1,)], [(4.0,)])

"""Telemetry in Dagster: a closed segment starts a run once, the run loads it, and old samples are forgotten at night."""

import time

import dagster as dg
from dagster import DagsterInstance

from pipelines.assets.telemetry import TELEMETRY
from pipelines.definitions import define
from pipelines.schedules import telemetry_arrived
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import Scrape, SegmentWriter
from pipelines.telemetry.metrics.normalise import up_series
from pipelines.telemetry.metrics.vocabulary import Series
from warehouse.connection import open_warehouse

TOKENS = Series("generation_tokens", "counter", model_name="tiny")


def scrape(seconds: float, tokens: float) -> Scrape:
    said = up_series("up", samples="1", problems="0")
    return Scrape(
        "t", "vllm", round(seconds * 1e6), None, (TOKENS, said), (tokens, 1.0), "tiny", ""
    )


def tick(settings: Settings) -> dg.SensorResult | dg.RunRequest | dg.SkipReason:
    context = dg.build_sensor_context(resources={"settings": settings})
    found: dg.RunRequest | dg.SkipReason = telemetry_arrived(context)
    return found


def test_without_segments_nothing_runs(tmp_path):
    assert isinstance(tick(Settings(home=tmp_path)), dg.SkipReason)


def test_a_closed_segment_starts_a_run_once_and_is_loaded(tmp_path):
    settings = Settings(home=tmp_path, tier=tmp_path / "none.toml")
    now = time.time()
    SegmentWriter(settings.telemetry_spool).write([scrape(now - 20, 100), scrape(now - 10, 140)])
    first, second = tick(settings), tick(settings)
    assert isinstance(first, dg.RunRequest)
    assert first == second, "the same run key: Dagster starts it once"
    definitions = define(settings)
    job = definitions.resolve_implicit_global_asset_job_def()
    with DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey(TELEMETRY)])
    assert result.success
    assert isinstance(tick(settings), dg.SkipReason)
    con = open_warehouse(settings.warehouse)
    assert con.sql(
        "select sum(growth) from ledger.counter_minutes where metric = 'generation_tokens'"
    ).fetchall() == [(40.0,)]
    con.close()


def test_old_samples_are_forgotten_at_night_and_facts_stay(tmp_path):
    settings = Settings(home=tmp_path, tier=tmp_path / "none.toml", telemetry_days=1)
    long_ago = time.time() - 5 * 86400
    SegmentWriter(settings.telemetry_spool).write(
        [scrape(long_ago + 10 * step, 100 + step) for step in range(5)]
    )
    definitions = define(settings)
    with DagsterInstance.ephemeral() as instance:
        definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey(TELEMETRY)]
        )
        assert (
            definitions.resolve_job_def("telemetry_forgotten")
            .execute_in_process(instance=instance)
            .success
        )
    con = open_warehouse(settings.warehouse)
    kept = con.sql(
        "select count(*) from raw.telemetry_samples where metric = 'generation_tokens'"
    ).fetchall()
    grown = con.sql(
        "select sum(growth) from ledger.counter_minutes where metric = 'generation_tokens'"
    ).fetchall()
    con.close()
    assert (kept, grown) == ([(1,)], [(4.0,)])

"""Dagster's definitions: one graph from source to published, schedules, the warehouse's pool."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

import pipelines
from pipelines.assets.dbt import FILLED_BY, UNIQUE_ID
from pipelines.assets.rankings import REASONS, UTC_DAYS, rankings
from pipelines.schedules import JOBS, SCHEDULES, every_day, every_week
from pipelines.transform.dbt_process import PROJECT
from pipelines.transform.manifest import read_manifest

CRONS = {
    "market_daily": ("market_daily", "0 8 * * *"),
    "rankings_late": ("rankings_late", "40 9-23 * * *"),
    "catalogue_hourly": ("catalogue_hourly", "17 * * * *"),
    "endpoints_half_hourly": ("endpoints_half_hourly", "5,35 * * * *"),
    "prices_twice_daily": ("prices_twice_daily", "40 6,18 * * *"),
    "references_daily": ("references_daily", "40 5 * * *"),
    "quality_daily": ("quality_daily", "20 6 * * *"),
    "downloads_daily": ("downloads_daily", "10 7 * * *"),
    "freshness_hourly": ("freshness_hourly", "50 * * * *"),
    "rankings_weekly_full": ("rankings_weekly_full", "30 9 * * 1"),
    "tidy_daily": ("tidy_daily", "10 3 * * *"),
    "telemetry_forgotten": ("telemetry_forgotten", "40 3 * * *"),
    "whole_nightly": ("whole_nightly", "10 4 * * *"),
}
SNAPSHOTS = {
    "raw_references",
    *("raw_catalogue", "raw_endpoints", "raw_usage", "raw_slices"),
    *("raw_prices", "raw_models_dev", "raw_arena", "raw_epoch", "raw_downloads"),
}
RAW = {"raw_rankings", "raw_answers", *SNAPSHOTS}

ASKING = {"rankings", *SNAPSHOTS}


def names(keys: Iterable[dg.AssetKey]) -> set[str]:
    return {key.to_user_string() for key in keys}


def test_everything_loads(definitions: dg.Definitions) -> None:
    """Dagster finds nothing amiss, and every job can be resolved."""
    dg.Definitions.validate_loadable(definitions)
    assert {job.name for job in JOBS} == {
        definitions.resolve_job_def(job.name).name for job in JOBS
    }


def test_every_job_says_what_it_does(definitions: dg.Definitions) -> None:
    for job in JOBS:
        assert (definitions.resolve_job_def(job.name).description or "").endswith("."), job.name


def test_every_schedule_is_on_in_utc(definitions: dg.Definitions) -> None:
    """Schedules run at the documented times, in UTC, and are switched on."""
    schedules = [definitions.resolve_schedule_def(schedule.name) for schedule in SCHEDULES]
    assert {
        schedule.name: (schedule.job_name, schedule.cron_schedule) for schedule in schedules
    } == CRONS
    assert {schedule.execution_timezone for schedule in schedules} == {"UTC"}
    assert {schedule.default_status for schedule in schedules} == {dg.DefaultScheduleStatus.RUNNING}


def test_at_eight_the_day_that_just_ended_is_asked_for(definitions: dg.Definitions) -> None:
    """Yesterday's partition, not today's."""
    [request] = asked_at(every_day, datetime(2026, 6, 20, 8, tzinfo=UTC), definitions)
    assert request.partition_key == "2026-06-19"


def test_weekly_everything_is_asked_for_in_one_run(definitions: dg.Definitions) -> None:
    """A range of partitions, from the first day that the source has."""
    [request] = asked_at(every_week, datetime(2026, 6, 22, 9, 30, tzinfo=UTC), definitions)
    assert request.tags["dagster/asset_partition_range_start"] == "2025-01-01"
    assert request.tags["dagster/asset_partition_range_end"] == "2026-06-21"


def asked_at(
    schedule: dg.ScheduleDefinition, instant: datetime, definitions: dg.Definitions
) -> Sequence[dg.RunRequest]:
    context = dg.build_schedule_context(
        scheduled_execution_time=instant, repository_def=definitions.get_repository_def()
    )
    return schedule.evaluate_tick(context).run_requests or []


def steps_of(definitions: dg.Definitions) -> set[dg.OpDefinition]:
    """Every step of every job."""
    steps = {step for job in JOBS for step in definitions.resolve_job_def(job.name).graph.node_defs}
    return {step for step in steps if isinstance(step, dg.OpDefinition)}


def test_whatever_opens_the_warehouse_is_in_the_pool(definitions: dg.Definitions) -> None:
    """The freshness check is not, since it reads what is published."""
    steps = steps_of(definitions)
    assert {step.name for step in steps if step.pool is None} == {"published_yesterday_is_in"}
    assert {step.name for step in steps if step.pool == "warehouse"} == {
        *ASKING,
        "raw_telemetry",
        "tables",
        "published",
    }


def test_a_run_is_repeated_whole(definitions: dg.Definitions) -> None:
    """Only what a run has audited itself may it publish, so no retry starts at publishing."""
    for job in JOBS:
        resolved = definitions.resolve_job_def(job.name)
        if "published" in names(resolved.asset_layer.selected_asset_keys):
            assert resolved.run_tags["dagster/retry_strategy"] == "ALL_STEPS"


def test_steps_that_ask_are_tried_again(definitions: dg.Definitions) -> None:
    """With growing pauses and jitter; building is not, since it would find the same."""
    policies = {step.name: step.retry_policy for step in steps_of(definitions) if step.retry_policy}
    assert set(policies) == ASKING
    assert {(policy.backoff, policy.jitter) for policy in policies.values()} == {
        (dg.Backoff.EXPONENTIAL, dg.Jitter.PLUS_MINUS)
    }


def test_a_backfill_is_one_run(definitions: dg.Definitions) -> None:
    """A backfill of any length; its first day is the first that the source has."""
    assert rankings.backfill_policy == dg.BackfillPolicy.single_run()
    assert (
        definitions.resolve_job_def("market_daily").backfill_policy
        == dg.BackfillPolicy.single_run()
    )
    assert UTC_DAYS.get_first_partition_key() == "2025-01-01"
    assert UTC_DAYS.timezone == "UTC"


def test_the_graph_is_one(definitions: dg.Definitions) -> None:
    """Every table depends on the assets that fill its sources, and published on all of them."""
    graph = definitions.resolve_asset_graph()
    published = dg.AssetKey("published")
    upstream = names(graph.get_ancestor_asset_keys(published))
    assert upstream >= RAW - {"raw_rankings"}
    assert not {name for name in upstream if name.startswith("raw/")}
    assert names(graph.get(published).parent_keys) == {
        path.stem for path in (PROJECT / "marts").rglob("*.sql")
    }


def test_at_night_everything_is_built_and_published(definitions: dg.Definitions) -> None:
    """Seeds too, which read neither half; nothing is requested."""
    everything = names(definitions.resolve_asset_graph().get_all_asset_keys())
    built = definitions.resolve_job_def("whole_nightly").asset_layer.selected_asset_keys
    assert names(built) == everything - RAW - {"raw_telemetry"}


def test_nothing_waits_for_a_day_that_failed(definitions: dg.Definitions) -> None:
    """A faulty day leaves raw_rankings unmaterialized, so nothing may depend on it."""
    assert not definitions.resolve_asset_graph().get(dg.AssetKey("raw_rankings")).child_keys


def test_every_source_has_its_asset(definitions: dg.Definitions, parsed_home: Path) -> None:
    """A raw table that dbt reads and nobody fills would be read before it is there."""
    sources = read_manifest(parsed_home)["sources"].values()
    assert {source["name"] for source in sources} == set(FILLED_BY)


def test_every_dbt_test_is_a_check(definitions: dg.Definitions, parsed_home: Path) -> None:
    """Also those of several tables."""
    manifest = read_manifest(parsed_home)
    nodes = {name: node["name"] for name, node in manifest["nodes"].items()}
    tests = {name for name in nodes if name.startswith("test.")}
    graph = definitions.resolve_asset_graph()
    checks = {str(graph.get(key).metadata.get(UNIQUE_ID)) for key in graph.asset_check_keys}
    assert tests <= checks
    assert {
        "shares_of_a_day_sum_to_one",
        "restatements_are_small",
        "known_days_do_not_vanish",
        "every_row_has_its_answer",
    } <= {nodes[test] for test in tests}


def test_the_reasons_are_those_of_loading() -> None:
    """A reason that loading words again would turn no check red but the last."""
    said = (
        Path(pipelines.__file__).parent / "loading" / "sql" / "rankings_problems.sql"
    ).read_text()
    assert {reason for reasons in REASONS.values() for reason in reasons} <= set(
        re.findall(r"'([^']+)'", said)
    )


@pytest.mark.parametrize("name", ["settings", "retry_policy", "now"])
def test_resources_show_no_secret(definitions: dg.Definitions, name: str) -> None:
    """There is nothing to configure that could hold one."""
    fields = (
        definitions.get_repository_def().get_top_level_resources()[name].config_schema.config_type
    )
    assert "key" not in str(getattr(fields, "fields", {})).lower()

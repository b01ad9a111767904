"""Whole runs against the simulated market: published days, red checks, and no key anywhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from support.simulator import FAST_RETRIES, KEY, simulated_market

from pipelines.assets.published import newest_expected, published, yesterday_is_in
from pipelines.definitions import define
from pipelines.publish import query
from pipelines.publish.generations import generations, newest
from pipelines.schedules import while_late
from pipelines.settings import Settings
from warehouse.changes import mark_changed
from warehouse.connection import open_warehouse

NOW = datetime(2026, 6, 20, 11, tzinfo=UTC)
# The last of the days that were asked for is the one that should be in at this instant.
THEN = datetime(2026, 6, 13, 11, tzinfo=UTC)
SILENT = {"telemetry": {"enabled": False}}
pytestmark = pytest.mark.slow


@dataclass
class Market:
    """Definitions of one home, an instance with its state in files, a run of three old days."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    settings: Settings
    result: dg.ExecuteInProcessResult

    def check_yesterday(self, now: datetime) -> bool:
        """Return True if the check passes at this instant, run alone as the hourly job does."""
        job = define(self.settings, FAST_RETRIES, lambda: now).resolve_job_def("freshness_hourly")
        [check] = job.execute_in_process(instance=self.instance).get_asset_check_evaluations()
        return check.passed

    def ask_while_late(self, now: datetime) -> Any:
        """Return what the schedule for late days wants to run at this instant."""
        repository, resources = self.definitions.get_repository_def(), {"settings": self.settings}
        return while_late.evaluate_tick(
            dg.build_schedule_context(
                scheduled_execution_time=now, repository_def=repository, resources=resources
            )
        )


@pytest.fixture(scope="module")
def market(parsed_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """Run a backfill of three days, one of them faulty, while the source repeats our key."""
    state = tmp_path_factory.mktemp("instance")
    with (
        simulated_market() as simulator,
        dg.DagsterInstance.local_temp(str(state), overrides=SILENT) as instance,
    ):
        simulator.set_faults(
            {"kind": "short_day", "path": "rankings", "date": "2026-06-11"},
            {"kind": "echo_key", "path": "session-cost"},
        )
        settings = Settings(home=parsed_home, openrouter_url=simulator.url, openrouter_key=KEY)
        definitions = define(settings, FAST_RETRIES, lambda: NOW)
        window = {
            "dagster/asset_partition_range_start": "2026-06-10",
            "dagster/asset_partition_range_end": "2026-06-12",
        }
        result = definitions.resolve_job_def("market_daily").execute_in_process(
            instance=instance, tags=window, raise_on_error=False
        )
        yield Market(definitions, instance, settings, result)


def red(result: dg.ExecuteInProcessResult) -> set[str]:
    return {check.check_name for check in result.get_asset_check_evaluations() if not check.passed}


@pytest.mark.long
def test_the_other_days_are_published(market: Market) -> None:
    """A faulty day holds nothing back: the run is green and the days around it are published."""
    assert market.result.success
    found = query.frame(
        newest(market.settings),
        "select date::varchar as date from market_days where not is_missing and date >= "
        "'2026-06-10'",
    )
    assert sorted(found["date"]) == ["2026-06-10", "2026-06-12"]


def test_the_faulty_day_alone_is_not_materialized(market: Market) -> None:
    """It stays a hole in the partitions until it comes."""
    shown = {
        event.partition
        for event in market.result.all_events
        if event.is_step_materialization and event.asset_key == dg.AssetKey("raw_rankings")
    }
    assert {day for day in shown if day and day >= "2026-06-10"} == {"2026-06-10", "2026-06-12"}
    assert red(market.result) >= {"every_asked_day_got_through", "no_day_is_short"}


def test_a_request_that_fails_turns_its_check_red(market: Market) -> None:
    """Session costs were refused; apps, tasks and benchmarks are there, and the run went on."""
    [check] = [
        check
        for check in market.result.get_asset_check_evaluations()
        if check.asset_key.path == ["raw_usage"]
    ]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert "session costs: " in str(check.metadata["reasons"].value)


def test_every_audit_is_a_check(market: Market) -> None:
    """dbt's tests are reported one by one, and they held."""
    checks = {
        check.check_name: check.passed for check in market.result.get_asset_check_evaluations()
    }
    assert checks["shares_of_a_day_sum_to_one"]
    assert checks["a_day_is_the_sum_of_its_models"]


def test_what_was_published_is_reported(market: Market) -> None:
    """Generation, file and days."""
    reported = market.result.asset_materializations_for_node("published")[0].metadata
    assert reported["generation"].value == 1
    assert reported["days"].value == "2026-06-06 to 2026-06-12"
    assert Path(str(reported["path"].value)).exists()


def test_a_backfill_of_old_days_does_not_make_today_green(market: Market) -> None:
    """Freshness is that of yesterday's partition, and only its own figures make it green."""
    assert "yesterday_is_in" in red(market.result)
    assert not market.check_yesterday(NOW)
    assert market.check_yesterday(THEN)


def test_yesterday_is_asked_for_again_while_it_is_late(market: Market) -> None:
    """And not once it is in."""
    assert [request.partition_key for request in market.ask_while_late(NOW).run_requests] == [
        "2026-06-19"
    ]
    assert market.ask_while_late(THEN).skip_message == "2026-06-12 is in."


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-06-20T09:59:59", date(2026, 6, 18)),
        ("2026-06-20T10:00:00", date(2026, 6, 19)),
        ("2026-06-21T00:00:00", date(2026, 6, 19)),
    ],
)
def test_a_day_is_expected_two_hours_after_it_is_asked_for(now: str, day: date) -> None:
    """Until then the day before is the newest that should be in."""
    assert newest_expected(datetime.fromisoformat(now).replace(tzinfo=UTC)) == day


def test_nothing_published_is_not_fresh(tmp_path: Path) -> None:
    """A home in which nothing ran yet is red, not an error."""
    check = yesterday_is_in(settings=Settings(home=tmp_path), now=lambda: NOW)
    assert isinstance(check, dg.AssetCheckResult)
    assert not check.passed


def test_the_key_is_nowhere(market: Market, parsed_home: Path) -> None:
    """Search Dagster's state, dbt's and ours for the key, which the source repeated."""
    said = [
        str(record)
        for run in market.instance.get_runs()
        for record in market.instance.all_logs(run.run_id)
    ]
    assert said
    assert not [record for record in said if KEY in record]
    folders = (parsed_home, Path(market.instance.storage_directory()).parent)
    found = [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    ]
    assert len(found) > 40
    assert not [path for path in found if KEY.encode() in path.read_bytes()]


def test_rows_that_are_wrong_stop_publishing(market: Market) -> None:
    """A failed test shows the rows, the step fails, and the last generation stays."""
    settings = market.settings
    before = generations(settings)
    with open_warehouse(settings.warehouse) as con:
        con.execute(LOSE_A_LEADER)
        mark_changed(con, ["raw.ranking_rows"])
    selection = [dg.AssetKey("market_days"), *published.keys]
    job = market.definitions.resolve_job_def("catalogue_hourly")
    result = job.execute_in_process(
        instance=market.instance, asset_selection=selection, raise_on_error=False
    )
    assert not result.success
    assert generations(settings) == before
    [check] = [
        check
        for check in result.get_asset_check_evaluations()
        if check.check_name == "a_day_names_fifty_models"
    ]
    assert (check.passed, check.blocking) == (False, True)
    assert check.metadata["rows"].value
    # Nor does a person get it out by publishing alone.
    assert not job.execute_in_process(
        instance=market.instance, asset_selection=list(published.keys), raise_on_error=False
    ).success
    assert generations(settings) == before


LOSE_A_LEADER = """
    delete from raw.ranking_rows where total_tokens = (
        select max(total_tokens)
        from raw.ranking_rows inner join raw.ranking_days using (content_hash)
        where slice = 'all' and model_permaslug <> 'other'
    )
"""

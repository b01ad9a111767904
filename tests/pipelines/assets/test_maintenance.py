"""Dagster's own state does not grow without end."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from pipelines.assets.maintenance import tidy
from pipelines.settings import Settings
from pipelines.supervision.product import make_environment

RUNS_A_DAY = 1


@dg.asset
def models(context: dg.AssetExecutionContext) -> None:
    """Stands for an asset that says much."""
    print("x" * 20_000)
    for number in range(20):
        context.log.info("Line %d of a run that has much to say.", number)


@dg.asset_check(asset=models)
def is_whole() -> dg.AssetCheckResult:
    """Stands for a check."""
    return dg.AssetCheckResult(passed=True, metadata={"why": "y" * 2000})


DEFINITIONS = dg.Definitions(
    assets=[models],
    asset_checks=[is_whole],
    jobs=[dg.define_asset_job("catalogue_hourly"), dg.define_asset_job("market_daily")],
)


def run(instance: dg.DagsterInstance, job: str) -> str:
    """Run a job of this name and return the run's id."""
    done = DEFINITIONS.resolve_job_def(job).execute_in_process(instance=instance)
    assert done.success
    return done.run_id


def date_back(instance: dg.DagsterInstance, runs: list[str], at: datetime) -> None:
    """Let runs have been made at this instant."""
    with closing(sqlite3.connect(state(instance) / "history" / "runs.db")) as con, con:
        con.executemany(
            "update runs set create_timestamp = ? where run_id = ?",
            [(f"{at:%Y-%m-%d %H:%M:%S.%f}", run_id) for run_id in runs],
        )


def state(instance: dg.DagsterInstance) -> Path:
    """Return the folder of an instance."""
    return Path(instance.root_directory)


def size(folder: Path) -> int:
    """Return the bytes of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def rows(instance: dg.DagsterInstance, table: str) -> int:
    """Return the number of rows of a table of the index of events."""
    with closing(sqlite3.connect(state(instance) / "history" / "runs" / "index.db")) as con:
        return int(con.execute(f"select count(*) from {table}").fetchone()[0])


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    settings = Settings(home=tmp_path)
    make_environment(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster)) as ours:
        yield ours


def test_records_of_hourly_runs_go_after_some_days_and_others_later() -> None:
    """Younger records stay."""
    with dg.DagsterInstance.ephemeral() as instance:
        run(instance, "catalogue_hourly")
        run(instance, "market_daily")
        now = datetime.now(UTC)
        assert tidy(instance, now + timedelta(days=2), days=3) == 0
        assert tidy(instance, now + timedelta(days=4), days=3) == 1
        assert [run.job_name for run in instance.get_runs()] == ["market_daily"]
        assert tidy(instance, now + timedelta(days=29), days=3) == 0
        assert tidy(instance, now + timedelta(days=31), days=3) == 1


def test_only_the_newest_hourly_runs_stay() -> None:
    """A run every five minutes would take gigabytes in three days."""
    with dg.DagsterInstance.ephemeral() as instance:
        runs = [run(instance, "catalogue_hourly") for _ in range(4)]
        daily = [run(instance, "market_daily") for _ in range(3)]
        assert tidy(instance, datetime.now(UTC), max_of_job=2) == 2
        assert {each.run_id for each in instance.get_runs()} == {*runs[2:], *daily}


def test_a_removed_run_leaves_nothing_but_the_newest_results(instance: dg.DagsterInstance) -> None:
    """Its events, its output and its checks go; pages still show how each check went last."""
    old = [run(instance, "catalogue_hourly") for _ in range(2)]
    assert tidy(instance, datetime.now(UTC) + timedelta(days=4)) == 2
    left = [path for path in state(instance).rglob("*") if any(each in str(path) for each in old)]
    assert left == []
    assert rows(instance, "event_logs") == 0
    assert rows(instance, "asset_check_executions") == 1
    assert instance.get_latest_materialization_event(dg.AssetKey("models")) is not None


def test_what_earlier_versions_left_is_removed(instance: dg.DagsterInstance) -> None:
    """Files of runs that are gone, once no run can be starting with them."""
    gone = run(instance, "catalogue_hourly")
    instance.delete_run(gone)
    shard = state(instance) / "history" / "runs" / f"{gone}.db"
    assert shard.exists()
    tidy(instance, datetime.now(UTC))
    assert shard.exists()
    long_ago = time.time() - 7200
    os.utime(shard, (long_ago, long_ago))
    tidy(instance, datetime.now(UTC))
    assert not shard.exists()


@pytest.mark.slow
@pytest.mark.parametrize("days", [12, pytest.param(30, marks=pytest.mark.long)])
def test_a_month_of_runs_takes_the_room_of_some_days(
    instance: dg.DagsterInstance, days: int
) -> None:
    """Tidied each night, the state is as large after a month as after a week."""
    today, sizes = datetime.now(UTC), []
    for day in range(days):
        now = today + timedelta(days=day)
        runs = [run(instance, "catalogue_hourly") for _ in range(RUNS_A_DAY)]
        date_back(instance, runs, now)
        tidy(instance, now + timedelta(hours=20), days=2)
        sizes.append(size(state(instance)))
    assert len(instance.get_runs()) == 3 * RUNS_A_DAY - RUNS_A_DAY
    assert sizes[-1] < 1.05 * sizes[6]

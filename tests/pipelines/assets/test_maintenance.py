"""Dagster's own state does not grow without end."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from pipelines.assets.maintenance import tidy


@dg.job
def catalogue_hourly() -> None:
    """Stands for the job of that name."""


@dg.job
def market_daily() -> None:
    """Stands for the job of that name."""


def test_records_of_hourly_runs_go_after_a_week_and_no_others() -> None:
    """Younger records stay, and so do daily runs of any age."""
    with dg.DagsterInstance.ephemeral() as instance:
        assert catalogue_hourly.execute_in_process(instance=instance).success
        assert market_daily.execute_in_process(instance=instance).success
        now = datetime.now(UTC)
        assert tidy(instance, now + timedelta(days=6)) == 0
        assert tidy(instance, now + timedelta(days=8)) == 1
        assert [run.job_name for run in instance.get_runs()] == ["market_daily"]

"""Runs of a killed process are closed, and no others."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.settings import Settings
from pipelines.supervision.left_runs import end_left_runs
from pipelines.supervision.product import make_environment


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    settings = Settings(home=tmp_path)
    make_environment(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster)) as ours:
        yield ours


@dg.job
def nothing() -> None:
    """Do nothing."""


def test_what_was_running_has_failed_and_nothing_else(
    instance: dg.DagsterInstance,
) -> None:
    """Dagster launches one that has not started, or gives it up, by itself."""
    statuses = [
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.SUCCESS,
    ]
    runs = [instance.create_run_for_job(nothing, status=status) for status in statuses]
    assert end_left_runs(instance) == 3
    found = [instance.get_run_by_id(run.run_id) for run in runs]
    assert [run.status.value for run in found if run] == [
        *["FAILURE"] * 3,
        "NOT_STARTED",
        "SUCCESS",
    ]
    assert end_left_runs(instance) == 0

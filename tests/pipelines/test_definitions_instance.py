"""The instance that `tokentide up` starts: valid configuration, loadable definitions."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.settings import Settings
from pipelines.supervision.product import make_environment


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    settings = Settings(home=tmp_path)
    make_environment(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster)) as ours:
        yield ours


def test_one_run_at_a_time_holds_a_pool(instance: dg.DagsterInstance) -> None:
    """A whole run, not a step, so that nothing is built between its audit and its publishing.

    The next one waits in the queue.
    """
    pools = instance.get_concurrency_config().pool_config
    assert (pools.default_pool_limit, str(pools.pool_granularity)) == (1, "PoolGranularity.RUN")
    assert type(instance.run_coordinator).__name__ == "QueuedRunCoordinator"


def test_runs_are_retried_and_watched(instance: dg.DagsterInstance) -> None:
    """A run that a restart left behind is given up after half an hour: it holds the pool."""
    assert (instance.run_retries_enabled, instance.run_retries_max_retries) == (True, 2)
    assert (instance.run_monitoring_enabled, instance.run_monitoring_max_runtime_seconds) == (
        True,
        1800,
    )


def test_state_is_under_the_home_and_nobody_is_notified(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """SQLite files in var/dagster, and no telemetry."""
    assert not instance.telemetry_enabled
    assert type(instance.event_log_storage).__name__ == "SqliteEventLogStorage"
    assert Path(instance.storage_directory()).parent == tmp_path / "dagster"


@pytest.mark.slow
def test_dagster_finds_the_definitions(definitions: dg.Definitions, parsed_home: Path) -> None:
    """Load them as `dagster dev` does: by the module's name, in a separate process."""
    command = [
        sys.executable,
        "-m",
        "dagster",
        "definitions",
        "validate",
        "-m",
        "pipelines.definitions",
    ]
    environment = make_environment(Settings(home=parsed_home))
    done = subprocess.run(
        command, env=environment, cwd=parsed_home, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr

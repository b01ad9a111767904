"""The instance that `tokentide up` starts: valid configuration, loadable definitions."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
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


ASSETS = """{ assetNodes {
    assetKey { path } groupName description kinds owners { ... on TeamAssetOwner { team } }
    assetChecksOrError { ... on AssetChecks { checks { name description } } }
} }"""


@contextmanager
def webserver(settings: Settings) -> Iterator[str]:
    """Serve Dagster's page for a home on loopback; yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    module = ["-m", "dagster_webserver", "-m", "pipelines.definitions"]
    process = subprocess.Popen(
        [sys.executable, *module, "-h", "127.0.0.1", "-p", str(port)],
        env=make_environment(settings),
        cwd=settings.home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def ask(url: str, query: str) -> list[dict[str, Any]]:
    """Return what the page itself gets, as soon as somebody listens."""
    deadline = time.monotonic() + 120
    while True:
        try:
            answer = httpx.post(f"{url}/graphql", json={"query": query}, timeout=60)
        except httpx.ConnectError:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        else:
            found: list[dict[str, Any]] = answer.json()["data"]["assetNodes"]
            return found


@pytest.mark.slow
@pytest.mark.long
def test_the_page_shows_parts_and_claims(definitions: dg.Definitions, parsed_home: Path) -> None:
    """Over HTTP: groups, owners, kinds, sentences of claims, checks with their descriptions."""
    with webserver(Settings(home=parsed_home)) as url:
        nodes = {"/".join(each["assetKey"]["path"]): each for each in ask(url, ASSETS)}
    claim, days = nodes["claim/five_weeks"], nodes["market_days"]
    assert claim["description"].startswith("“Chinese AI tops the US five weeks straight.”")
    assert (claim["groupName"], claim["owners"]) == ("claims", [{"team": "analysis"}])
    assert (days["groupName"], set(days["kinds"])) == ("market_marts", {"dbt", "duckdb", "table"})
    checks = {each["name"]: each["description"] for each in days["assetChecksOrError"]["checks"]}
    assert checks["key_is_unique"].startswith("No two rows have the same date")
    assert all(checks.values())

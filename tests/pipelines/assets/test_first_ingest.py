"""An ingest of the command in Dagster: what was built, what is missing, which checks have run."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest
from support.simulator import KEY, simulated_market

from pipelines.assets.first_ingest import report_ingest
from pipelines.assets.published import MARTS
from pipelines.definitions import define
from pipelines.ingest.market import ingest_market
from pipelines.settings import Settings
from pipelines.sources.client.http import RetryPolicy
from pipelines.supervision.product import make_environment

# The source has no 2025-06-15.
FIRST, LAST = date(2025, 6, 12), date(2025, 6, 18)
NOW = datetime(2026, 6, 20, 11, tzinfo=UTC)
pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """Yield Dagster's instance after an ingest in which session costs were refused."""
    with simulated_market() as simulator:
        home = tmp_path_factory.mktemp("first") / "home"
        settings = Settings(home=home, openrouter_url=simulator.url, openrouter_key=KEY)
        simulator.set_faults({"kind": "not_found", "path": "session-cost"})
        policy = RetryPolicy(attempts=2, first_pause=0.01)
        ingested = ingest_market(settings, FIRST, LAST, retry_policy=policy)
        make_environment(settings)
        report_ingest(settings, ingested, NOW)
        with dg.DagsterInstance.from_config(str(settings.dagster)) as instance:
            yield instance


def checks_of(instance: dg.DagsterInstance, asset: str, *names: str) -> dict[str, bool | None]:
    """Return whether the newest evaluation of each check passed; None where there is none."""
    storage = instance.event_log_storage
    found = {}
    for name in names:
        key = dg.AssetCheckKey(dg.AssetKey(asset), name)
        records = storage.get_asset_check_execution_history(key, limit=1)
        event = records[0].event if records else None
        evaluation = event.dagster_event and event.dagster_event.event_specific_data
        found[name] = getattr(evaluation, "passed", None)
    return found


def test_a_day_that_the_source_lacks_is_missing(instance: dg.DagsterInstance) -> None:
    """The others are materialized, and every one of them was asked for."""
    shown = instance.get_materialized_partitions(dg.AssetKey("raw_rankings"))
    days = {f"2025-06-{day}" for day in range(12, 19)}
    assert shown == days - {"2025-06-15"}
    assert instance.get_materialized_partitions(dg.AssetKey("raw_answers")) == days


def test_all_that_was_built_is_materialized(instance: dg.DagsterInstance) -> None:
    """Lists, tables and the generation; what was not requested is not."""
    for name in ("raw_catalogue", "raw_endpoints", "raw_usage", *MARTS, "published"):
        assert instance.get_latest_materialization_event(dg.AssetKey(name)), name
    for name in ("raw_slices", "raw_telemetry"):
        assert not instance.get_latest_materialization_event(dg.AssetKey(name)), name


def test_every_check_has_run(instance: dg.DagsterInstance) -> None:
    """With its own result: a refused request is red, the day of a backfill is not yesterday."""
    answered = "every_request_was_answered"
    assert checks_of(instance, "raw_catalogue", answered) == {answered: True}
    assert checks_of(instance, "raw_usage", answered) == {answered: False}
    assert checks_of(instance, "raw_rankings", "every_asked_day_got_through") == {
        "every_asked_day_got_through": True
    }
    assert checks_of(instance, "published", "yesterday_is_in") == {"yesterday_is_in": False}


def test_dagster_knows_each_reported_check(instance: dg.DagsterInstance) -> None:
    """Every check of a table that was built has a result under the name that Dagster shows."""
    home = Settings(home=instance_home(instance))
    tables = next(
        asset
        for asset in define(home).resolve_asset_graph().assets_defs
        if "market_days" in {key.path[-1] for key in asset.keys}
    )
    checks = [(check.asset_key.path[-1], check.name) for check in tables.check_specs]
    assert len(checks) > 50
    missing = [pair for pair in checks if checks_of(instance, *pair) == {pair[1]: None}]
    assert missing == []


def instance_home(instance: dg.DagsterInstance) -> Path:
    """Return the home that an instance belongs to."""
    return Path(instance.root_directory).parent

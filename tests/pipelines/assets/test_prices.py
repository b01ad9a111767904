"""The assets of prices that others keep, as Dagster runs them."""

from pathlib import Path

import dagster as dg
from support.simulator import FAST_RETRIES, SimulatedMarket

from pipelines.assets.prices import raw_models_dev, raw_prices
from pipelines.settings import Settings


def test_an_archive_that_fails_turns_the_check_red(
    settings: Settings, simulator: SimulatedMarket, tmp_path: Path
) -> None:
    """The other archives are loaded, and the step goes on."""
    simulator.set_faults({"kind": "server_error", "path": "genai"})
    resources = {"settings": settings, "retry_policy": FAST_RETRIES}
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        result = dg.materialize(
            [raw_prices, raw_models_dev], instance=instance, resources=resources
        )
    assert result.success
    checks = result.get_asset_check_evaluations()
    passed = {check.asset_key.to_user_string(): check.passed for check in checks}
    assert passed == {"raw_prices": False, "raw_models_dev": True}
    [event] = result.asset_materializations_for_node("raw_prices")
    assert event.metadata["answers"].value == 2

"""The assets of quality, as Dagster runs them."""

from pathlib import Path

import dagster as dg
import pytest
from support.simulator import FAST_RETRIES, SimulatedMarket

from pipelines.assets.quality import raw_arena, raw_epoch
from pipelines.settings import Settings


@pytest.mark.parametrize(("broken", "passed"), [("full", False), ("nothing", True)])
def test_a_file_that_fails_turns_the_check_red(
    settings: Settings, simulator: SimulatedMarket, tmp_path: Path, broken: str, passed: bool
) -> None:
    """The other files are loaded, and the step goes on."""
    simulator.set_faults({"kind": "server_error", "path": f"{broken}-00000"})
    resources = {"settings": settings, "retry_policy": FAST_RETRIES}
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        assets = [raw_arena, raw_epoch]
        result = dg.materialize(assets, instance=instance, resources=resources)
    assert result.success
    checks = {
        each.asset_key.to_user_string(): each for each in result.get_asset_check_evaluations()
    }
    assert checks["raw_arena"].passed is passed
    assert checks["raw_epoch"].passed

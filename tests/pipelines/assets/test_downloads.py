"""The asset of downloads, as Dagster runs it."""

from pathlib import Path

import dagster as dg
from support.simulator import FAST_RETRIES, SimulatedMarket

from pipelines.assets.downloads import raw_downloads
from pipelines.settings import Settings


def test_a_list_that_fails_turns_the_check_red(
    settings: Settings, simulator: SimulatedMarket, tmp_path: Path
) -> None:
    """The pages before it are loaded, and the step goes on."""
    simulator.set_faults({"kind": "short_pages"}, {"kind": "same_page"})
    resources = {"settings": settings, "retry_policy": FAST_RETRIES}
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        result = dg.materialize([raw_downloads], instance=instance, resources=resources)
    assert result.success
    [check] = result.get_asset_check_evaluations()
    assert not check.passed
    [event] = result.asset_materializations_for_node("raw_downloads")
    assert event.metadata["answers"].value >= 2


def test_bases_are_asked_for_by_the_same_step(
    settings: Settings, simulator: SimulatedMarket, tmp_path: Path
) -> None:
    resources = {"settings": settings, "retry_policy": FAST_RETRIES}
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        result = dg.materialize([raw_downloads], instance=instance, resources=resources)
    [check] = result.get_asset_check_evaluations()
    assert check.passed
    [event] = result.asset_materializations_for_node("raw_downloads")
    # Two lists and two repositories; one more name is of none.
    assert event.metadata["answers"].value == 4
    assert sum("/api/models/" in request["path"] for request in simulator.requests()) >= 3

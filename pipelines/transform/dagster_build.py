"""dbt started by Dagster, through dagster-dbt: its events become materializations and checks."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliInvocation, DbtCliResource
from packaging.version import Version

from pipelines.settings import Settings
from pipelines.transform.dbt import BUILD, PROJECT, RESULTS, build_lock, dbt_variables
from pipelines.transform.manifest import dagster_target
from warehouse.connection import open_warehouse


class InstalledDbt(DbtCliResource):
    """The dbt that is installed in this environment."""

    @cached_property
    def _cli_version(self) -> Version:
        # `dbt --version` takes seconds and asks a package index for the newest version; ours is
        # known without it.
        return Version(version("dbt-core"))


def installed_dbt() -> InstalledDbt:
    """Return dbt on our project, from the folder of the Python that runs this."""
    folder = os.fspath(PROJECT)
    executable = Path(sys.executable).with_name("dbt")
    return InstalledDbt(
        project_dir=folder, profiles_dir=folder, dbt_executable=os.fspath(executable)
    )


def build_events(
    context: dg.AssetExecutionContext, dbt: InstalledDbt, settings: Settings
) -> DbtCliInvocation:
    """Start a build and audit of the home's warehouse; its `stream` yields Dagster's events."""
    target = dagster_target(settings)
    # dbt does not wait for a command that holds the warehouse at this moment, so this does.
    open_warehouse(settings.warehouse).close()
    # Results that are there afterwards are then those of this build.
    (target / RESULTS).unlink(missing_ok=True)
    with build_lock(settings), _environment(**dbt_variables(settings.warehouse)):
        return dbt.cli(
            BUILD, context=context.op_execution_context, target_path=target, raise_on_error=False
        )


def results_of(building: DbtCliInvocation, settings: Settings) -> list[dict[str, Any]]:
    """Return dbt's results of a build that ended. Raise where it ended without any."""
    if not (dagster_target(settings) / RESULTS).exists():
        raise building.get_error() or dg.Failure("dbt ended without results.")
    results: list[dict[str, Any]] = building.get_artifact(RESULTS)["results"]
    return results


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Set variables while dbt is started: its profile reads them from our environment."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ.update({name: value} if value is not None else {})

"""The dbt project as assets and its tests as checks. A failed test stops what follows, publishing above all."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, DbtProject, dbt_assets
from packaging.version import Version

from pipelines.assets.extraction import POOL
from pipelines.assets.rankings import ANSWERS
from pipelines.assets.snapshots import CATALOGUE, ENDPOINTS, SLICES, USAGE
from pipelines.assets.telemetry import TELEMETRY
from pipelines.settings import Settings
from pipelines.transform.dbt import (
    ARGUMENTS,
    PROJECT,
    build_lock,
    dbt_variables,
    must_have_passed,
)
from pipelines.transform.manifest import read_manifest, target_of
from warehouse.connection import open_warehouse

# The tables of the sources `raw` and `ledger`, and the assets that fill them.
FILLED_BY = {
    "answers": [ANSWERS],
    "ranking_days": [ANSWERS, SLICES],
    "ranking_rows": [ANSWERS, SLICES],
    "quarantine": [ANSWERS],
    "notes": [ANSWERS],
    "models": [CATALOGUE],
    "providers": [CATALOGUE],
    "endpoints": [ENDPOINTS],
    "apps": [USAGE],
    "tasks": [USAGE],
    "task_models": [USAGE],
    "benchmarks": [USAGE],
    "session_costs": [USAGE],
    "request_events": [TELEMETRY],
    "telemetry_segments": [TELEMETRY],
    "tier_file": [TELEMETRY],
    "scrapes": [TELEMETRY],
    "counter_minutes": [TELEMETRY],
    "histogram_hours": [TELEMETRY],
    "gauge_minutes": [TELEMETRY],
    "energy_hours": [TELEMETRY],
    "coverage_minutes": [TELEMETRY],
    "stack_versions": [TELEMETRY],
}
GROUPS = ("seeds", "staging", "intermediate", "claims", "marts")
SHOWN = 5
RESULTS: Final = "run_results.json"

Event = (
    dg.Output[Any]
    | dg.AssetMaterialization
    | dg.AssetObservation
    | dg.AssetCheckResult
    | dg.AssetCheckEvaluation
)


class InstalledDbt(DbtCliResource):
    """The dbt that is installed here."""

    @cached_property
    def _cli_version(self) -> Version:
        # `dbt --version` takes seconds and asks a package index which version is the newest; we know ours and ask nobody.
        return Version(version("dbt-core"))


class RawTableTranslator(DagsterDbtTranslator):
    """Names as dbt has them; the folder is the group; a raw table stands for the assets that fill it."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The top folder."""
        return Path(dbt_resource_props["original_file_path"]).parts[0]

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """As usual, but with our raw assets in place of dbt's sources."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        return spec.replace_attributes(
            deps=sorted({key for dep in spec.deps for key in _filled_by(dep.asset_key)})
        )


def dbt() -> InstalledDbt:
    """dbt on our project, from the folder of the Python that runs this."""
    folder = os.fspath(PROJECT)
    return InstalledDbt(
        project_dir=folder,
        profiles_dir=folder,
        dbt_executable=os.fspath(Path(sys.executable).with_name("dbt")),
    )


def dbt_tables(settings: Settings) -> dg.AssetsDefinition:
    """Every table of the project as an asset. Building does not repeat itself: what the audit finds would be found again."""

    @dbt_assets(
        manifest=read_manifest(settings),
        dagster_dbt_translator=RawTableTranslator(),
        name="tables",
        pool=POOL,
    )
    def tables(
        context: dg.AssetExecutionContext, dbt: InstalledDbt, settings: dg.ResourceParam[Settings]
    ) -> Iterator[Event]:
        """Build and audit every table; each node tells of itself as it ends."""
        target = target_of(settings)
        # dbt does not wait for a command that holds the warehouse at this moment, so this does.
        open_warehouse(settings.warehouse).close()
        # What is there afterwards was then written by this build.
        (target / RESULTS).unlink(missing_ok=True)
        with build_lock(settings), _environment(**dbt_variables(settings.warehouse)):
            building = dbt.cli(
                ARGUMENTS,
                context=context.op_execution_context,
                target_path=target,
                raise_on_error=False,
            )
        wrong: list[dg.AssetCheckResult] = []
        for event in building.stream():
            if isinstance(event, dg.AssetCheckResult) and not event.passed:
                wrong.append(event)
            else:
                yield event
        if not (target / RESULTS).exists():
            raise building.get_error() or dg.Failure("dbt ended without a word of what it did.")
        results: list[dict[str, Any]] = building.get_artifact(RESULTS)["results"]
        yield from _with_rows(wrong, results, settings)
        must_have_passed(results)

    return tables


def _filled_by(key: dg.AssetKey) -> list[dg.AssetKey]:
    is_source = len(key.path) == 2 and key.path[0] in ("raw", "ledger")
    return (
        [dg.AssetKey(name) for name in FILLED_BY[key.path[1]]]
        if is_source and key.path[1] in FILLED_BY
        else [key]
    )


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Set these variables while a process is started; dbt's profile reads its path from there, and DbtCliResource passes only ours on."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ.update({name: value} if value is not None else {})


def _with_rows(
    wrong: Sequence[dg.AssetCheckResult], results: Sequence[dict[str, Any]], settings: Settings
) -> Iterator[dg.AssetCheckResult]:
    """Each failed check with some of the rows that are wrong, which can be read only after dbt has let go of the warehouse."""
    relations = {result["unique_id"]: result["relation_name"] for result in results}
    with closing(open_warehouse(settings.warehouse)) as con:
        for check in wrong:
            relation = relations.get(str(check.metadata["unique_id"].value))
            rows = con.sql(f"from {relation} limit {SHOWN}").pl().to_dicts() if relation else []
            records = [
                dg.TableRecord({name: str(value) for name, value in row.items()}) for row in rows
            ]
            yield check._replace(
                metadata={
                    **check.metadata,
                    **({"rows": dg.MetadataValue.table(records)} if records else {}),
                }
            )

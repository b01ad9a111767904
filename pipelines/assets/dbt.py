"""The dbt project as assets and its tests as checks.

A failed test stops what follows, publishing above all.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets

from pipelines.assets.extraction import POOL
from pipelines.assets.rankings import ANSWERS
from pipelines.assets.telemetry import TELEMETRY
from pipelines.loading.telemetry.tables import TABLES_OF_SEGMENTS
from pipelines.settings import Settings
from pipelines.sources.registry import SOURCES, assets_of_table
from pipelines.transform.dagster_build import InstalledDbt, build_events, results_of
from pipelines.transform.dbt import check_results
from pipelines.transform.manifest import read_manifest
from warehouse.connection import open_warehouse

# The log of answers, and what of them was quarantined or noted; every source fills them.
LOG_TABLES = ("answers", "quarantine", "notes")
# The tables of the dbt sources `raw` and `ledger`, and the assets that fill them.
FILLED_BY: dict[str, list[str]] = {
    **{table: [ANSWERS] for table in LOG_TABLES},
    **{table: assets_of_table(table) for source in SOURCES.values() for table in source.tables},
    **{table.partition(".")[2]: [TELEMETRY] for table in TABLES_OF_SEGMENTS},
}
GROUPS = ("seeds", "staging", "intermediate", "claims", "marts")
MAX_SHOWN = 5

Event = (
    dg.Output[Any]
    | dg.AssetMaterialization
    | dg.AssetObservation
    | dg.AssetCheckResult
    | dg.AssetCheckEvaluation
)


class RawTableTranslator(DagsterDbtTranslator):
    """Asset names as dbt has them.

    The top folder is the group; the assets that fill a raw table stand for it.
    """

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Return the top folder."""
        return Path(dbt_resource_props["original_file_path"]).parts[0]

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """Return the usual spec, with our raw assets in place of dbt's sources."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        keys = {key for dep in spec.deps for key in _filled_by(dep.asset_key)}
        return spec.replace_attributes(deps=sorted(keys))


def dbt_tables(settings: Settings) -> dg.AssetsDefinition:
    """Define every table of the project as an asset.

    There are no retries: the audit would find the same rows again.
    """

    @dbt_assets(
        manifest=read_manifest(settings),
        dagster_dbt_translator=RawTableTranslator(),
        name="tables",
        pool=POOL,
    )
    def tables(
        context: dg.AssetExecutionContext,
        dbt: InstalledDbt,
        settings: dg.ResourceParam[Settings],
    ) -> Iterator[Event]:
        """Build and audit every table; an event follows each node that ends."""
        building = build_events(context, dbt, settings)
        wrong: list[dg.AssetCheckResult] = []
        for event in building.stream():
            if isinstance(event, dg.AssetCheckResult) and not event.passed:
                wrong.append(event)
            else:
                yield event
        results = results_of(building, settings)
        yield from _with_rows(wrong, results, settings)
        check_results(results)

    return tables


def _filled_by(key: dg.AssetKey) -> list[dg.AssetKey]:
    """Return the assets that fill a raw table; any other asset stands for itself."""
    is_raw = len(key.path) == 2 and key.path[0] in ("raw", "ledger")
    names = FILLED_BY.get(key.path[1]) if is_raw else None
    return [dg.AssetKey(name) for name in names] if names else [key]


def _with_rows(
    wrong: Sequence[dg.AssetCheckResult], results: Sequence[dict[str, Any]], settings: Settings
) -> Iterator[dg.AssetCheckResult]:
    """Add some of the wrong rows to each failed check.

    They can be read once dbt has released the warehouse.
    """
    relations = {result["unique_id"]: result["relation_name"] for result in results}
    with closing(open_warehouse(settings.warehouse)) as con:
        for check in wrong:
            relation = relations.get(str(check.metadata["unique_id"].value))
            rows = con.sql(f"from {relation} limit {MAX_SHOWN}").pl().to_dicts() if relation else []
            records = [
                dg.TableRecord({name: str(value) for name, value in row.items()}) for row in rows
            ]
            shown = {"rows": dg.MetadataValue.table(records)} if records else {}
            yield check._replace(metadata={**check.metadata, **shown})

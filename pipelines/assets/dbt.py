"""The dbt project as assets and its tests as checks.

A failed test stops what follows, publishing above all.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets

from pipelines.assets import presentation
from pipelines.assets.extraction import POOL
from pipelines.assets.rankings import ANSWERS
from pipelines.assets.telemetry import TELEMETRY
from pipelines.loading.telemetry.tables import TABLES_OF_SEGMENTS
from pipelines.settings import Settings
from pipelines.sources.registry import SOURCES, assets_of_table
from pipelines.transform.build import build_results, check_results
from pipelines.transform.lineage import DataHalf, halves_of, halves_of_seeds
from pipelines.transform.manifest import read_manifest
from pipelines.transform.runner import NodeResult

# The log of answers, and what of them was quarantined or noted; every source fills them.
LOG_TABLES = ("answers", "quarantine", "notes")
# The tables of the dbt sources `raw` and `ledger`, and the assets that fill them.
FILLED_BY: dict[str, list[str]] = {
    **{table: [ANSWERS] for table in LOG_TABLES},
    **{table: assets_of_table(table) for source in SOURCES.values() for table in source.tables},
    **{table.partition(".")[2]: [TELEMETRY] for table in TABLES_OF_SEGMENTS},
}
UNIQUE_ID = "dagster_dbt/unique_id"
# The tag of a run that builds and checks everything, not only what changed.
WHOLE_BUILD = {"tokentide/build": "whole"}

# Tags of assets, by which the runs of one half select what they build.
READS: dict[DataHalf, str] = {"market": "tokentide/reads_market", "tier": "tokentide/reads_tier"}

# How a check may end that was not left out.
CHECKED = ("pass", "unchanged", "warn", "fail")

Event = dg.MaterializeResult[None] | dg.AssetCheckResult


class RawTableTranslator(DagsterDbtTranslator):
    """Assets and checks as Dagster's page shows them; see `presentation`.

    The halves of the product that a table reads are its tags; the assets that fill a raw table
    stand for it.
    """

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        super().__init__()
        self._halves = halves_of(manifest)
        self._halves_shown = self._halves | halves_of_seeds(manifest)

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Return the name that dbt has; that of a claim begins with `claim`."""
        if dbt_resource_props["resource_type"] not in ("model", "seed"):
            return super().get_asset_key(dbt_resource_props)
        return dg.AssetKey(presentation.key_of(dbt_resource_props))

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> dict[str, str]:
        """Return a tag for each half."""
        return {READS[half]: "" for half in sorted(self._halves[dbt_resource_props["unique_id"]])}

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Return the part of the product and the layer."""
        halves = self._halves_shown[dbt_resource_props["unique_id"]]
        return presentation.group_of(dbt_resource_props, halves)

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """Return the team of the part."""
        halves = self._halves_shown[dbt_resource_props["unique_id"]]
        return presentation.owners_of(dbt_resource_props, halves)

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Return the description with the SQL below it."""
        described = presentation.describe_asset(dbt_resource_props)
        return super().get_description({**dbt_resource_props, "description": described})

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """Return the usual spec, with our raw assets in place of dbt's sources."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        keys = {key for dep in spec.deps for key in _filled_by(dep.asset_key)}
        node = self.get_resource_props(manifest, unique_id)
        is_table = node["resource_type"] in ("model", "seed")
        kinds = presentation.kinds_of(node) if is_table else spec.kinds
        return spec.replace_attributes(deps=sorted(keys), kinds=kinds)

    def get_asset_check_spec(
        self,
        asset_spec: dg.AssetSpec,
        manifest: Mapping[str, Any],
        unique_id: str,
        project: DbtProject | None,
    ) -> dg.AssetCheckSpec | None:
        """Return the usual spec with a name that can be read and what the test states."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        if spec is None:
            return None
        node = self.get_resource_props(manifest, unique_id)
        return dg.AssetCheckSpec(
            presentation.check_name(node),
            asset=spec.asset_key,
            description=presentation.describe_check(node),
            additional_deps=spec.additional_deps,
            blocking=spec.blocking,
            metadata=spec.metadata,
        )


def dbt_tables(settings: Settings) -> dg.AssetsDefinition:
    """Define every table of the project as an asset.

    There are no retries: the audit would find the same rows again.
    """

    manifest = read_manifest(settings.home)

    @dbt_assets(
        manifest=manifest,
        dagster_dbt_translator=RawTableTranslator(manifest),
        name="tables",
        pool=POOL,
    )
    def tables(
        context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]
    ) -> Iterator[Event]:
        """Build and audit what changed, or everything; an event follows each node that ends.

        A table that needed nothing is materialized too: it is as it would be made now. So is a
        check: it held, and nothing that it reads has changed.
        """
        wanted = context.selected_asset_keys
        keys = {each.metadata[UNIQUE_ID]: each.key for each in tables.specs if each.key in wanted}
        checks = {
            each.metadata[UNIQUE_ID]: each
            for each in tables.check_specs
            if each.key in context.selected_asset_check_keys
        }
        results = []
        is_whole = WHOLE_BUILD.items() <= context.run.tags.items()
        for result in build_results(settings, is_whole=is_whole, selected={*keys, *checks}):
            results.append(result)
            if result.node.unique_id in keys and result.status in ("success", "unchanged"):
                yield _materialized(result, keys[result.node.unique_id])
            elif result.node.unique_id in checks and result.status in CHECKED:
                yield _check_result(result, checks[result.node.unique_id])
        check_results(results)

    return tables


def _filled_by(key: dg.AssetKey) -> list[dg.AssetKey]:
    """Return the assets that fill a raw table; any other asset stands for itself."""
    is_raw = len(key.path) == 2 and key.path[0] in ("raw", "ledger")
    names = FILLED_BY.get(key.path[1]) if is_raw else None
    return [dg.AssetKey(name) for name in names] if names else [key]


def _materialized(result: NodeResult, key: dg.AssetKey) -> dg.MaterializeResult[None]:
    metadata = {"made": result.status == "success", "seconds": round(result.seconds, 3)}
    return dg.MaterializeResult(asset_key=key, metadata=metadata)


def _check_result(result: NodeResult, spec: dg.AssetCheckSpec) -> dg.AssetCheckResult:
    """Return how a check ended, with some of the wrong rows."""
    records = [
        dg.TableRecord({name: str(value) for name, value in row.items()}) for row in result.rows
    ]
    shown = {"rows": dg.MetadataValue.table(records)} if records else {}
    is_warning = result.status == "warn"
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=result.status in ("pass", "unchanged"),
        severity=dg.AssetCheckSeverity.WARN if is_warning else dg.AssetCheckSeverity.ERROR,
        metadata={"wrong rows": result.failures, "made": result.status != "unchanged", **shown},
    )

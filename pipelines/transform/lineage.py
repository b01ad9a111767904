"""The lineage of a query: its tables, and by dbt's graph the answers and segments behind them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import duckdb

from pipelines.errors import QueryFailed
from pipelines.loading.telemetry.segment_files import SegmentKind
from pipelines.loading.telemetry.tables import TABLES_OF_SEGMENTS
from pipelines.settings import Settings
from pipelines.sources.registry import SOURCES, sources_of_table
from pipelines.transform.manifest import read_manifest
from warehouse.connection import open_published

Parents = dict[str, list[str]]
"""The nodes that each node of dbt's graph is made from."""

DataHalf = Literal["market", "tier"]

SOURCE = "source.tokentide."
# A manifest fills no table.
WITH_TABLES = frozenset(name for name, source in SOURCES.items() if source.tables)
LOG = "model.tokentide.stg_openrouter__known_answers"


@dataclass(frozen=True)
class Origins:
    """The data behind figures: answers of these sources, segments of these kinds, the tier file."""

    sources: frozenset[str]
    kinds: frozenset[SegmentKind] = frozenset()
    has_tier_file: bool = False
    # True where answers without any figure count too.
    is_of_any: bool = False


def tables_of(path: Path, query: str) -> list[str]:
    """Return the tables of the published file that a query reads."""
    con = open_published(path)
    try:
        # Qualified names would come with the alias that the query gives them.
        found = con.get_table_names(query)
        tables = con.sql("select table_name from duckdb_tables() where schema_name = 'marts'")
        known = {name for (name,) in tables.fetchall()}
    except duckdb.Error as error:
        raise QueryFailed(str(error)) from error
    finally:
        con.close()
    if unknown := found - known:
        raise QueryFailed(
            f"{min(unknown)!r} is no table of the published file, so its origins are unknown."
        )
    return sorted(found)


def origins_of(settings: Settings, tables: list[str], claim_id: str | None = None) -> Origins:
    """Return what these tables were made of.

    A query about one claim rests on what that claim's file reads, and not on every claim.
    """
    manifest = read_manifest(settings.home)
    parents: Parents = manifest["parent_map"]
    # By the name of the table: a model's file may have another.
    models = {node["alias"]: name for name, node in manifest["nodes"].items()}
    if claim_id:
        models["claims"] = f"model.tokentide.{claim_id.replace('-', '_')}"
    nodes = (models[table] for table in tables)
    ancestors = frozenset().union(*(_ancestors(node, parents) for node in nodes))
    raw = {name.removeprefix(SOURCE) for name in ancestors if name.startswith(SOURCE)}
    if "raw.telemetry_segments" in raw:
        raise QueryFailed(
            "telemetry_log lists segments, not figures; "
            "ask for the evidence of a table that is made of them."
        )
    kinds = frozenset(kind for table in raw for kind in TABLES_OF_SEGMENTS.get(table, ()))
    # A table of the log alone, or of what was quarantined, may rest on any answer.
    if "raw.quarantine" in raw or (not raw and LOG in ancestors):
        return Origins(WITH_TABLES, kinds, bool(kinds), is_of_any=True)
    # Every source's answers are in the log, which lists answers and not figures, so it is not
    # followed.
    found = (sources_of_table(table.removeprefix("raw.")) for table in raw)
    return Origins(frozenset().union(*found), kinds, bool(kinds) or "raw.tier_file" in raw)


def halves_of(manifest: Mapping[str, Any]) -> dict[str, frozenset[DataHalf]]:
    """Return the halves of the product that each node of dbt's graph reads.

    A table of both halves has both, and so has a list that reads neither.
    """
    both: frozenset[DataHalf] = frozenset(["market", "tier"])
    return {node: found or both for node, found in _halves_read(manifest).items()}


def _halves_read(manifest: Mapping[str, Any]) -> dict[str, frozenset[DataHalf]]:
    """Return the halves of the sources that each node is made from; none for a list by hand."""
    parents: Parents = manifest["parent_map"]

    @cache
    def find(node: str) -> frozenset[DataHalf]:
        if node.startswith(SOURCE):
            is_of_tier = node.removeprefix(SOURCE) in TABLES_OF_SEGMENTS
            return frozenset(["tier"] if is_of_tier else ["market"])
        return frozenset().union(*map(find, parents.get(node, [])))

    return {node: find(node) for node in parents}


def halves_of_seeds(manifest: Mapping[str, Any]) -> dict[str, frozenset[DataHalf]]:
    """Return the halves of the product that each seed is read by, directly or not.

    A seed reads neither half, so by its own inputs it belongs to both. A table that is made from
    seeds alone stands for those that read it.
    """
    halves = _halves_read(manifest)
    children: Parents = manifest["child_map"]

    @cache
    def find(node: str) -> frozenset[DataHalf]:
        readers = [child for child in children[node] if child.startswith("model.")]
        return frozenset().union(*(halves[reader] or find(reader) for reader in readers))

    return {name: find(name) for name in children if name.startswith("seed.")}


def _ancestors(node: str, parents: Parents) -> frozenset[str]:
    """Return the nodes of dbt's graph that this one is made from, directly or not, and itself."""
    found, waiting = {node}, [node]
    while waiting:
        new = {parent for parent in parents.get(waiting.pop(), []) if parent not in found}
        found |= new
        waiting += new - {LOG}
    return frozenset(found)

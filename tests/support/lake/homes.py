"""The same answers and segments as a home of the embedded form, and as one of the lake."""

import shutil
from contextlib import closing
from dataclasses import replace
from itertools import chain
from math import isclose
from pathlib import Path
from typing import Any

from support.inference.pilot_results import pilot_result
from support.loading import AS_OF, DAY, keep_answer, rankings_body
from support.telemetry_facts import STRETCHES

from pipelines.archive import Archive
from pipelines.ingest.market import load_archive
from pipelines.ingest.telemetry import load
from pipelines.lake.connection import Lake
from pipelines.lake.loading import load_waiting
from pipelines.lake.spool import list_waiting, ship
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.pilots.result_file import write_result
from pipelines.publish.generations import newest
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter
from pipelines.telemetry.config.tier import read_tier
from pipelines.telemetry.config.tier_records import TierRecord, tier_entries, write_record
from warehouse.connection import open_published, session

TIER_NAME = "tier.toml"
TIER = (
    '[[target]]\nname = "t"\nurl = "http://127.0.0.1:1/metrics"\nengine = "vllm"\n'
    'model_map = { m = "lab/model-0" }\n'
)

# When something was done here.
OF_THE_RUN = {"loaded_at"}
TABLES = (
    "select schema_name || '.' || table_name, list(column_name) from duckdb_columns() "
    "where schema_name in ('raw', 'ledger') and not internal group by all order by all"
)
# Columns that say when something was done here, and on which host.
OF_BUILDS = frozenset({"loaded_at", "published_at", "built_at", "run_id", "generation"})
# A verdict begins and ends with the generation that has it first.
OF_GENERATIONS = {
    "claim_verdicts": frozenset({"began_at", "ended_at"}),
    # Hashes of whole tables, with the columns that are left out here.
    "contents": frozenset({"content"}),
}
PUBLISHED_TABLES = (
    "select schema_name || '.' || table_name, table_name, list(column_name order by column_index) "
    "from duckdb_columns() where not internal group by all order by all"
)
CHECKS = "select node from main.made where starts_with(node, 'test.') order by all"
OUTCOME = "select outcome, wrong_nodes from main.last_build"


def embedded_home(home: Path) -> Settings:
    """Make a home of the embedded form: answers, a record of the tier, segments that wait."""
    home.mkdir(parents=True)
    (home / TIER_NAME).write_text(TIER)
    settings = Settings(home=home, tier=home / TIER_NAME)
    keep_answer(Archive(settings.archive), rankings_body(14, AS_OF + 14 * DAY), AS_OF + 14 * DAY)
    entries = tier_entries(read_tier(settings.tier))
    write_record(settings.tier_spool, TierRecord(AS_OF, "file", entries, is_whole=True))
    writer = SegmentWriter(settings.telemetry_spool)
    # The third stretch is closed before the second, as on a slower host.
    for number in (0, 2, 1, 3):
        writer.write(STRETCHES[number])
    return settings


def lake_home(embedded: Settings, lake_settings: Settings, home: Path) -> Settings:
    """Copy a home that was not loaded yet, for the lake."""
    shutil.copytree(embedded.home, home)
    return replace(lake_settings, home=home, tier=home / TIER_NAME)


def ship_and_load(settings: Settings, lake: Lake) -> int:
    """Move all segments to S3 and load them, the last one first; return their number."""
    assert settings.services.spool
    store = ObjectStore(settings.services.spool)
    ship(SpoolFolders.of(settings), store)
    return load_waiting(lake, list_waiting(store)[::-1]).segments


def contents(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every raw table and of every table of facts."""
    with session(settings.warehouse) as con:
        found = {}
        for table, names in con.sql(TABLES).fetchall():
            columns = [f'"{name}"' for name in sorted(names) if name not in OF_THE_RUN]
            picked = ", ".join(columns) or "1"
            found[table] = con.sql(f"select {picked} from {table} order by all").fetchall()
    return found


def moved_home(home: Path, lake_settings: Settings) -> Settings:
    """Make a home of the embedded form with a pilot, load it, and give it the lake's services."""
    embedded = embedded_home(home)
    write_result(embedded.pilot_spool, pilot_result())
    load(embedded)
    load_archive(embedded)
    return replace(lake_settings, home=home, tier=embedded.tier)


def published_rows(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every published table of every schema, without what is of the run."""
    with closing(open_published(newest(settings))) as con:
        tables = con.sql(PUBLISHED_TABLES).fetchall()
        return {
            table: con.sql(f"select {picked(table, columns)} from {name} order by all").fetchall()
            for name, table, columns in tables
        }


def differing(
    expected: dict[str, list[tuple[Any, ...]]], found: dict[str, list[tuple[Any, ...]]]
) -> list[str]:
    """Return the tables that are other, but for the last digits of sums of fractions.

    Those depend on the order in which segments come.
    """
    return [
        table
        for table in sorted(expected.keys() | found.keys())
        if len(expected.get(table, [])) != len(found.get(table, []))
        or not all(map(_is_same, chain(*expected.get(table, [])), chain(*found.get(table, []))))
    ]


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=1e-12, abs_tol=1e-12)
    return bool(one == other)


def audit_of(settings: Settings) -> tuple[list[Any], list[Any]]:
    """Return the outcome of the last build, and every check that held in it."""
    with session(settings.warehouse) as con:
        return con.sql(OUTCOME).fetchall(), con.sql(CHECKS).fetchall()


def picked(table: str, columns: list[str]) -> str:
    """Return the columns of a table that do not depend on the run."""
    left_out = OF_BUILDS | OF_GENERATIONS.get(table, frozenset())
    return ", ".join(f'"{name}"' for name in columns if name not in left_out) or "1"

"""Verification of DuckDB's and SQLite's files: they open, every row is read, keys are unique.

DuckDB keeps a checksum of every block and compares it whenever it reads one, so that reading all
rows finds each bit that changed in any of them.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import duckdb
import yaml

from pipelines.publish.generations import FILE, NEWEST, Generation, generations
from pipelines.settings import Settings
from pipelines.sql import read_sql
from pipelines.transform.dbt_process import PROJECT
from pipelines.verification.damage import Damage, OnChecked, VerifiedPart, count_off, relative
from warehouse.connection import open_warehouse

TABLES, KEYS = read_sql(__file__, "tables"), read_sql(__file__, "keys")
REMADE = "nothing: the archive has all of it"
STATES = {
    "requests.sqlite": ("the count of requests of this day", "Remove it; the next run makes it."),
    "alerts.sqlite": (
        "which alerts fired; what holds now is notified of again",
        "Remove it; the next check makes it.",
    ),
}
# Of DuckDB in all: the keys of a large table are grouped on disk beyond it.
MAX_MEMORY = "1GB"
DAGSTER = ("the history of runs", "Remove the folder dagster/; `tokentide up` makes it.")
KeyColumns = Sequence[str]
# Publishing adds the spans of before to the one that a build knows, see publish/verdict_history.py.
PUBLISHED_KEYS: dict[str, KeyColumns] = {"marts.claim_verdicts": ("claim_id", "basis", "began_at")}


def verify_warehouse(settings: Settings, on_checked: OnChecked, *, is_quick: bool) -> VerifiedPart:
    """Check the warehouse: every table is read whole, every primary key is unique."""
    part = VerifiedPart("warehouse")
    if not settings.warehouse.exists():
        part.notes.append("there is none yet")
        return part
    next_step = "Run `tokentide rebuild`."
    try:
        with closing(open_warehouse(settings.warehouse, is_read_only=True)) as con:
            keys = {f"{schema}.{name}": key for schema, name, key in con.sql(KEYS).fetchall()}
            _verify_tables(con, part, keys, on_checked, is_quick=is_quick)
    except duckdb.Error as error:
        part.damages.append(Damage("warehouse.duckdb", _first_line(error), REMADE, next_step))
    except _WrongRows as error:
        part.damages.append(Damage("warehouse.duckdb", str(error), REMADE, next_step))
    return part


def verify_generations(
    settings: Settings, on_checked: OnChecked, *, is_quick: bool
) -> VerifiedPart:
    """Check every published file: its number, every row, the keys that its tables promise."""
    part, keys = VerifiedPart("generations"), mart_keys()
    link = settings.published / NEWEST
    for generation in generations(settings):
        reason = _find_damage(generation, part, keys, on_checked, is_quick=is_quick)
        if reason:
            name = relative(generation.path, settings.home)
            step = f"Remove {name}, then `tokentide publish`."
            part.damages.append(Damage(name, reason, REMADE, step))
    if link.is_symlink() and not (link.exists() and FILE.fullmatch(link.resolve().name)):
        step = "Run `tokentide publish`."
        part.damages.append(Damage(f"published/{NEWEST}", "it leads nowhere", REMADE, step))
    return part


def verify_states(settings: Settings, on_checked: OnChecked) -> VerifiedPart:
    """Check the SQLite files of the home, Dagster's among them."""
    part = VerifiedPart("state")
    paths = [settings.requests, settings.alert_state, *sorted(settings.dagster.rglob("*.db"))]
    there = {relative(path, settings.home): path for path in paths if path.exists()}
    for name in count_off(part, there, len(there), on_checked):
        if reason := _damage_of_state(there[name]):
            part.damages.append(Damage(name, reason, *STATES.get(name, DAGSTER)))
    return part


def mart_keys() -> dict[str, KeyColumns]:
    """Return the key of each mart, as the file beside its table promises it."""
    found: dict[str, KeyColumns] = {}
    for path in sorted((PROJECT / "marts").rglob("*.yml")):
        models = (yaml.load(path.read_bytes(), yaml.CSafeLoader) or {}).get("models") or []
        for model in models:
            for test in model.get("data_tests") or []:
                if isinstance(test, dict) and "unique_key" in test:
                    found[f"marts.{model['name']}"] = test["unique_key"]["arguments"]["columns"]
    return found | PUBLISHED_KEYS


class _WrongRows(Exception):
    """Rows that no table may hold."""


def _find_damage(
    generation: Generation,
    part: VerifiedPart,
    keys: Mapping[str, KeyColumns],
    on_checked: OnChecked,
    *,
    is_quick: bool,
) -> str | None:
    try:
        with closing(duckdb.connect(str(generation.path), read_only=True)) as con:
            numbers = con.sql("select generation from marts.meta").fetchall()
            if numbers != [(generation.number,)]:
                return f"it says that it is generation {numbers}"
            _verify_tables(con, part, keys, on_checked, is_quick=is_quick)
    except duckdb.IOException as error:
        # Removed since the folder was listed: a newer one was published.
        return _first_line(error) if generation.path.exists() else None
    except (duckdb.Error, _WrongRows) as error:
        return _first_line(error)
    return None


def _verify_tables(
    con: duckdb.DuckDBPyConnection,
    part: VerifiedPart,
    keys: Mapping[str, KeyColumns],
    on_checked: OnChecked,
    *,
    is_quick: bool,
) -> None:
    """Read every table of an open file. Raise where a block is damaged or a key is not unique."""
    con.execute(f"set memory_limit = '{MAX_MEMORY}'")
    tables = {
        f"{schema}.{name}": f'"{schema}"."{name}"' for schema, name in con.sql(TABLES).fetchall()
    }
    for name in count_off(part, tables, part.checked + len(tables), on_checked):
        columns = "count(*)" if is_quick else "count(*), bit_xor(hash(table_row))"
        con.sql(f"select {columns} from {tables[name]} as table_row").fetchall()  # noqa: S608
        if name in keys and not is_quick:
            key = ", ".join(f'"{column}"' for column in keys[name])
            twice = con.sql(
                f"select count(*) from (select 1 from {tables[name]} group by {key} "  # noqa: S608
                "having count(*) > 1)"
            ).fetchall()
            if twice != [(0,)]:
                raise _WrongRows(f"{name} has {twice[0][0]} keys ({key}) more than once")


def _damage_of_state(path: Path) -> str | None:
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=30)) as con:
            found = con.execute("pragma quick_check(1)").fetchall()
    except sqlite3.Error as error:
        return str(error)
    return None if found == [("ok",)] else str(found[0][0])


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]

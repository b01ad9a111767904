"""Declarations of nulls in the published tables, and the rows that break them.

A table's .yml says under `config: meta` why a column may be null:

    reasons: {speed_reason: [tokens_per_second]}   the column of the row that has the reason
    conditions: {"rank > 50": [share]}             a condition of the row that is the reason
    unstated: [context_tokens]                     nobody states it, or there is none

A column may have several reasons; one must hold where it is null. Where a reason stands, a zero is
no known figure, so it is wrong too, unless `bounds` lists the column: then zero is a bound.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import duckdb
import yaml

from pipelines.transform.dbt_process import PROJECT

PUBLISHED_AS = {"published_meta": "meta"}
NUMBERS = ("DOUBLE", "BIGINT", "INTEGER", "DECIMAL", "HUGEINT")


@dataclass
class Declared:
    """Columns of a table, and by column what may be the reason of its nulls."""

    columns: set[str]
    reasons: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    conditions: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unstated: set[str] = field(default_factory=set)
    bounds: set[str] = field(default_factory=set)


def declarations() -> dict[str, Declared]:
    """Read what all tables of the marts declare, by table."""
    models = [
        model
        for path in sorted((PROJECT / "marts").rglob("*.yml"))
        for model in yaml.safe_load(path.read_text()).get("models", [])
    ]
    return {PUBLISHED_AS.get(model["name"], model["name"]): _declared(model) for model in models}


def _declared(model: dict[str, Any]) -> Declared:
    meta = model.get("config", {}).get("meta", {})
    declared = Declared(
        {column["name"] for column in model["columns"]},
        unstated=set(meta.get("unstated", [])),
        bounds=set(meta.get("bounds", [])),
    )
    for reason, columns in meta.get("reasons", {}).items():
        for column in columns:
            declared.reasons[column].append(reason)
    for condition, columns in meta.get("conditions", {}).items():
        for column in columns:
            declared.conditions[column].append(condition)
    return declared


def names(declared: Declared) -> set[str]:
    """Return all names of columns that a declaration uses."""
    reasons = {reason for found in declared.reasons.values() for reason in found}
    columns = {*declared.reasons, *declared.conditions}
    return reasons | columns | declared.unstated | declared.bounds


def unexplained(con: duckdb.DuckDBPyConnection) -> list[str]:
    """List the nulls of a published file without a reason in their row, and zeros with one."""
    declared = declarations()
    found = con.sql(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where schema_name = 'marts' order by table_name, column_index"
    ).fetchall()
    wrong = []
    for table, column, kind in found:
        wrong += _wrong_nulls(con, table, column, declared[table])
        if kind.startswith(NUMBERS) and column not in declared[table].bounds:
            wrong += _wrong_zeros(con, table, column, declared[table].reasons.get(column, []))
    return wrong


def _wrong_nulls(
    con: duckdb.DuckDBPyConnection, table: str, column: str, declared: Declared
) -> list[str]:
    if column == "reason" or column.endswith("_reason") or column in declared.unstated:
        return []
    holds = [f"{reason} is not null" for reason in declared.reasons.get(column, [])]
    holds += [f"coalesce({condition}, false)" for condition in declared.conditions.get(column, [])]
    explained = " or ".join(holds) or "false"
    nulls = _count(con, table, f"{column} is null and not ({explained})")
    return [f"{table}.{column}: {nulls} nulls without a reason in the row"] if nulls else []


def _wrong_zeros(
    con: duckdb.DuckDBPyConnection, table: str, column: str, reasons: list[str]
) -> list[str]:
    wrong = []
    for reason in reasons:
        zeros = _count(con, table, f"{column} = 0 and {reason} is not null")
        if zeros:
            wrong.append(f"{table}.{column}: {zeros} zeros though {reason} says it is not known")
    return wrong


def _count(con: duckdb.DuckDBPyConnection, table: str, condition: str) -> int:
    [(count,)] = con.sql(f"select count(*) from marts.{table} where {condition}").fetchall()
    return int(count)

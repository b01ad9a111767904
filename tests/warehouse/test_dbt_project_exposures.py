"""The exposure of the dashboard in the dbt project: the tables that its queries read."""

import re
from pathlib import Path

import sqlglot
import yaml
from sqlglot import expressions

import dashboards
from pipelines.transform.dbt_process import PROJECT

QUERIES = Path(dashboards.__file__).parent
# Dagster reserves the name `meta`, so the table's file has another (docs/decisions).
FILE_OF_TABLE = {"meta": "published_meta"}


def test_the_exposure_lists_the_tables_of_the_dashboards_queries() -> None:
    """No more and no fewer, so that dbt's lineage ends at the pages."""
    (exposure,) = yaml.safe_load((PROJECT / "marts" / "exposures.yml").read_text())["exposures"]
    listed = {re.fullmatch(r"ref\('(\w+)'\)", each)[1] for each in exposure["depends_on"]}  # type: ignore[index]
    read = {name for path in QUERIES.rglob("*.sql") for name in tables_of(path.read_text())}
    assert listed == {FILE_OF_TABLE.get(name, name) for name in read}


def tables_of(sql: str) -> set[str]:
    """Return the tables that a query reads, without its own common table expressions."""
    names: set[str] = set()
    for statement in sqlglot.parse(sql, read="duckdb"):
        assert statement is not None
        own = {each.alias for each in statement.find_all(expressions.CTE)}
        names |= {each.name for each in statement.find_all(expressions.Table)} - own
    return names - {""}

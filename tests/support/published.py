"""A tiny warehouse with ready marts to publish: one day of a market, and tables of a test."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import yaml
from jinja2 import Template

from pipelines.publish.generations import Generation, publish
from pipelines.settings import Settings
from pipelines.transform.dbt_process import PROJECT
from warehouse.connection import open_warehouse

NOW = datetime(2026, 6, 20, 9, 30, tzinfo=UTC)
MARTS = Path(__file__).with_name("published.sql").read_text()


@contextmanager
def warehouse_of(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for writing for as long as the `with` lasts."""
    with closing(open_warehouse(settings.warehouse)) as con:
        yield con


def published(settings: Settings, sql: str = MARTS) -> Generation:
    """Run this SQL on the warehouse and publish its marts."""
    with warehouse_of(settings) as con:
        con.execute(sql)
        con.execute(f"create or replace table marts.meta as {meta_sql()}")
        for name, comment in meta_comments():
            con.execute(f"comment on {name} is '{comment.replace(chr(39), chr(39) * 2)}'")
    return publish(settings, NOW)


def record_made(
    con: duckdb.DuckDBPyConnection, name: str, content: str, slice: Sequence[str] = ()
) -> None:
    """Record what a build made of a table."""
    row = [f"model.{name}", f'"marts"."{name}"', "inputs", "base", content, 1, list(slice)]
    con.execute("insert or replace into main.made values (?, ?, ?, ?, ?, ?, ?)", row)


def meta_sql() -> str:
    """Return the SQL of the mart `meta`, on the tables of this warehouse."""
    text = (PROJECT / "marts" / "meta" / "published_meta.sql").read_text()
    return Template(text).render(
        ref=lambda name: f"marts.{name}", var=lambda name: None, config=lambda **options: ""
    )


def meta_comments() -> Iterator[tuple[str, str]]:
    """Yield the comments of `meta` that dbt would persist: on what, and the text."""
    text = (PROJECT / "marts" / "meta" / "published_meta.yml").read_text()
    [model] = yaml.safe_load(text)["models"]
    yield "table marts.meta", model["description"]
    for column in model["columns"]:
        yield f"column marts.meta.{column['name']}", column["description"]

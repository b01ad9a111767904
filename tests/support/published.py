"""A tiny warehouse with ready marts, to be published: one day of a market and a test's tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import duckdb
from jinja2 import Template

from pipelines.publish.generations import Generation, publish
from pipelines.settings import Settings
from pipelines.transform.dbt import PROJECT
from warehouse.connection import open_warehouse

NOW = datetime(2026, 6, 20, 9, 30, tzinfo=UTC)
MARTS = """
    create schema marts;
    create table main.last_build as select 'passed' as outcome, 0 as wrong_nodes;
    create table marts.market_days (
        date date, as_of timestamptz, origin varchar, is_missing boolean, platform_tokens bigint
    );
    insert into marts.market_days values
        ('2026-06-18', '2026-06-19 08:00:00.25+00', 'data_api', false, 9000000000000000000),
        ('2026-06-19', '2026-06-20 08:20:44.552+00', 'data_api', false, 9000000000000000001),
        ('2026-06-20', null, null, true, null);
    comment on table marts.market_days is 'One row a day; it''s UTC {always}.';
    comment on column marts.market_days.platform_tokens is 'All tokens; "other" included.';
    create table marts.models (
        model varchar, price_usd decimal(12, 4), tags varchar[], first_seen date
    );
    insert into marts.models values
        ('lab/größer', 1.5, ['a', 'b'], '2026-06-18'), ('lab/none', null, null, null);
    create schema staging;
    create table staging.hidden as select 42 as secret;
"""


@contextmanager
def warehouse_of(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for writing for as long as the `with` lasts."""
    con = open_warehouse(settings.warehouse)
    try:
        yield con
    finally:
        con.close()


def published(settings: Settings, sql: str = MARTS) -> Generation:
    """Run this SQL on the warehouse and publish what is in its marts."""
    with warehouse_of(settings) as con:
        con.execute(sql)
        con.execute(f"create or replace table marts.meta as {meta_sql()}")
    return publish(settings, NOW)


def meta_sql() -> str:
    """Return the SQL of the mart `meta`, on the tables of this warehouse."""
    text = (PROJECT / "marts" / "meta" / "published_meta.sql").read_text()
    return Template(text).render(
        ref=lambda name: f"marts.{name}", var=lambda name: None, config=lambda **options: ""
    )

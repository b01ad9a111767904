"""Published marts with chosen rows, in the columns and types that dbt holds them to."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from support.published import meta_sql, warehouse_of

from pipelines.publish.generations import Generation, publish
from pipelines.settings import Settings
from pipelines.transform.dbt_process import PROJECT

NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
TABLES = (
    "market_days",
    "ingest_log",
    "scrape_outcomes_hourly",
    "service_replicas",
    "market_restatements_daily",
    "service_make_or_buy_daily",
    "service_cost_daily",
    "caller_usage_daily",
    "claim_verdicts",
)
ALERTS = """
[[receiver]]
name = "ops"
kind = "webhook"
url = "{url}"
[[alert]]
name = "down"
kind = "target_down"
"""

Rows = list[dict[str, Any]]


def publish_rows(
    settings: Settings, at: datetime = NOW, without: tuple[str, ...] = (), **tables: Rows
) -> Generation:
    """Publish a generation whose tables have these rows and no others."""
    with warehouse_of(settings) as con:
        con.execute("create schema if not exists marts")
        con.execute(
            "create or replace table main.last_build as "
            "select 'passed' as outcome, 0 as wrong_nodes"
        )
        for table in TABLES:
            con.execute(f"drop table if exists marts.{table}")
            if table in without:
                continue
            columns = ", ".join(f'"{name}" {kind}' for name, kind in _columns(table))
            con.execute(f"create table marts.{table} ({columns})")
            for row in tables.get(table, []):
                names, marks = ", ".join(row), ", ".join(f"${name}" for name in row)
                con.execute(f"insert into marts.{table} ({names}) values ({marks})", row)
        con.execute(f"create or replace table marts.meta as {meta_sql()}")
    return publish(settings, at)


def home_with(tmp_path: Path, url: str, alerts: str = ALERTS) -> Settings:
    """Return a home with an alerts file that notifies this address."""
    (tmp_path / "alerts.toml").write_text(alerts.format(url=re.sub(r"\?.*", "", url)))
    return Settings(home=tmp_path / "home", alerts=tmp_path / "alerts.toml")


def scrapes(target: str, hour: int, first: str, last: str, is_up: bool) -> dict[str, Any]:
    """Return a row of scrapes of a server, between two minutes of an hour."""
    return {
        "hour_at": f"2026-06-20 {hour:02}:00:00+00",
        "target": target,
        "source": "vllm",
        "is_of_devices": False,
        "outcome": "up" if is_up else "refused",
        "is_up": is_up,
        "first_at": f"2026-06-20 {hour:02}:{first}+00",
        "last_at": f"2026-06-20 {hour:02}:{last}+00",
        "reason": None if is_up else "nothing listens at this address",
    }


UP = scrapes("a", 11, "00:00", "59:55", True)
DOWN = [
    scrapes("a", 11, "00:00", "49:00", True),
    scrapes("a", 11, "49:05", "59:55", False),
]


def _columns(table: str) -> list[tuple[str, str]]:
    [path] = (PROJECT / "marts").rglob(f"{table}.yml")
    [model] = yaml.safe_load(path.read_text())["models"]
    return [(column["name"], column["data_type"]) for column in model["columns"]]

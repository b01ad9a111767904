"""A home of two teams: a server and callers each, a gateway that both use, a server of nobody."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import duckdb
from support.loading import AS_OF, DAY, keep_answer, rankings_body
from support.spend.litellm_log import spend_row, write_lines
from support.telemetry_facts import START, scrape

from models.server.usage_log import UsageEvent, UsageLog
from pipelines.alerts.checking import publish_and_alert
from pipelines.archive import Archive
from pipelines.ingest.market import load_archive
from pipelines.ingest.spend import take_spend
from pipelines.ingest.telemetry import load
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import Scrape, SegmentWriter
from pipelines.telemetry.metrics.vocabulary import Series
from pipelines.transform.build import build

TIER = """
[[target]]
name = "search-npu"
url = "http://search-host:1/metrics"
engine = "tokentide"
scrape_seconds = 60
model_map = { "finder" = "lab/model-0" }
device_kind = "SearchCard"
team = "search"

[[target]]
name = "ads-npu"
url = "http://ads-host:1/metrics"
engine = "tokentide"
scrape_seconds = 60
model_map = { "admaker" = "lab/model-1" }
device_kind = "AdsCard"
team = "ads"

[[target]]
name = "lone-npu"
url = "http://lone-host:1/metrics"
engine = "tokentide"
scrape_seconds = 60
model_map = { "loner" = "lab/model-2" }
device_kind = "AdsCard"

[[team]]
name = "search"
labels = ["search-prod"]
keys = ["search-key"]
cost_file = "search-costs.toml"

[[team]]
name = "ads"
callers = ["caller-ann"]

[[cluster]]
name = "search-pod"
targets = ["search-*"]
alone_tokens_per_second = 1

[[cluster]]
name = "ads-pod"
targets = ["ads-npu", "lone-npu"]

[[cost]]
device_kind = "SearchCard"
idle_watts = 100
rated_watts = 500
opex_usd_per_hour = 1

[[cost]]
device_kind = "AdsCard"
idle_watts = 100
rated_watts = 500
opex_usd_per_hour = 3

[energy]
usd_per_kwh = 0.77
"""
COSTS = """
[[cost]]
device_kind = "SearchCard"
idle_watts = 100
rated_watts = 500
opex_usd_per_hour = 2

[energy]
usd_per_kwh = 0.125
"""
# What the other team's file must not have: servers, devices, models, callers, teams, keys.
OF_SEARCH = (
    "search-npu",
    "search-host",
    "SearchCard",
    "finder",
    "search-prod",
    "search-key",
    "search-pod",
    "caller-sam",
)
OF_ADS = ("ads-npu", "ads-host", "AdsCard", "admaker", "ads-batch", "ads-pod", "caller-ann")
OF_NOBODY = ("lone-npu", "lone-host", "loner", "caller-stray")
MINUTES = 70
TABLES = (
    'select format(\'"{:s}"."{:s}"\', schema_name, table_name) from duckdb_tables() order by all'
)


def make_two_teams(folder: Path, ads_factor: int = 1) -> Settings:
    """Load, build and publish the home; the team ads serves and asks this many times as much."""
    settings = load_two_teams(folder, ads_factor)
    build(settings)
    publish_and_alert(settings)
    return settings


def load_two_teams(folder: Path, ads_factor: int = 1) -> Settings:
    """Make the home and load all of it."""
    folder.mkdir(parents=True)
    (folder / "tier.toml").write_text(TIER)
    (folder / "search-costs.toml").write_text(COSTS)
    settings = Settings(home=folder / "home", tier=folder / "tier.toml")
    keep_answer(Archive(settings.archive), rankings_body(14, AS_OF + 14 * DAY), AS_OF + 14 * DAY)
    load(settings)  # the tier file, before there are requests
    writer = SegmentWriter(settings.telemetry_spool)
    for target, model, factor in (
        ("search-npu", "finder", 1),
        ("ads-npu", "admaker", 3 * ads_factor),
        ("lone-npu", "loner", 5 * ads_factor),
    ):
        writer.write(_scrapes(target, model, factor))
    _log_requests(settings, ads_factor)
    _log_spend(settings, ads_factor)
    load_archive(settings)
    load(settings)
    return settings


def tables_with(con: duckdb.DuckDBPyConnection, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return each table in which one of the names stands anywhere, and the name."""
    tables = [table for (table,) in con.sql(TABLES).fetchall()]
    marks = ", ".join(f"bool_or(contains(row, $name{n}))" for n in range(len(names)))
    values = {f"name{n}": name for n, name in enumerate(names)}
    query = f"select {marks} from (select scanned::varchar as row from {{}} as scanned)"
    found = {table: con.execute(query.format(table), values).fetchall()[0] for table in tables}
    return [
        (table, name)
        for table, marked in found.items()
        for name, is_there in zip(names, marked, strict=True)
        if is_there
    ]


def _scrapes(target: str, model: str, factor: int) -> list[Scrape]:
    prompts = Series("prompt_tokens", "counter", model_name=model)
    generated = Series("generation_tokens", "counter", model_name=model)
    power = Series("power_watts", "gauge", device="0", labels='provenance="measured"')
    return [
        scrape(
            60.0 * minute,
            {prompts: 6.0 * factor * minute, generated: factor * minute, power: 90.0 + factor},
            target=target,
        )
        for minute in range(MINUTES)
    ]


def _log_requests(settings: Settings, ads_factor: int) -> None:
    """Log requests of both teams at both servers, and of callers of nobody."""
    log = UsageLog(settings.request_spool)
    senders = [
        ("finder", "caller-sam", "search-prod", None, 1),
        ("finder", "caller-sam", None, "search-key", 1),
        ("finder", None, None, None, 1),
        ("finder", "caller-ann", None, None, ads_factor),
        ("admaker", "caller-ann", "ads", "ads-batch", ads_factor),
        ("admaker", "caller-sam", "search-prod", None, 1),
        ("loner", "caller-ann", "ads", "ads-batch", ads_factor),
        ("loner", "caller-stray", "nobody", None, ads_factor),
    ]
    for number, (model, caller, team, key, count) in enumerate(senders):
        for each in range(count):
            at = START + timedelta(seconds=10 * number + each)
            log.add(
                UsageEvent(
                    f"{model}-{number}-{each}", model, at, at + timedelta(seconds=1),
                    at + timedelta(seconds=3), 100 * ads_factor ** (count > 1), 0, 10, 0, 0,
                    "finished", "stop", "cpu", caller, team, key,
                )
            )  # fmt: skip
    log.write()


def _log_spend(settings: Settings, ads_factor: int) -> None:
    rows = []
    senders = [("search-prod", "caller-sam"), ("ads", "caller-ann"), ("x", "caller-stray")]
    for number, (team, caller) in enumerate(senders):
        for each in range(1 if team == "search-prod" else ads_factor):
            known = {"user_api_key_team_alias": team, "user_api_key_alias": f"{team}-batch"}
            named = {"request_id": f"{team}-{number}-{each}", "user": caller}
            rows.append(spend_row(0, metadata=known, model_group=team, **named))
    path = settings.home / "spend.jsonl"
    take_spend(settings, write_lines(path, *rows), "litellm", "all")
    path.unlink()

"""A build of what changed gives the rows of a whole build, whatever came in which order."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.homes.home_of_unknowns import KIMI, RENAMED, TIER, hosts, make_home
from support.payloads import MODELS
from support.spend.midnight import log_request, log_spend
from support.telemetry_facts import scrape

from pipelines.archive import Answer, Archive
from pipelines.errors import AuditFailed
from pipelines.ingest.market import load_archive
from pipelines.ingest.telemetry import forget_telemetry, load
from pipelines.publish.generations import publish
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter
from pipelines.telemetry.config.tier import parse_tier
from pipelines.telemetry.config.tier_records import TierRecord, tier_entries, write_record
from pipelines.telemetry.metrics.vocabulary import Series
from pipelines.transform.build import build
from pipelines.transform.graph import Table, read_graph
from pipelines.transform.manifest import read_manifest
from warehouse.changes import mark_changed
from warehouse.connection import open_warehouse, session

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

MINUTES = 60.0
TOKENS = Series("generation_tokens", "counter", model_name="m")
VERSION = Series("build_info", "info", labels='dtype="bfloat16",version="1"')
# Metrics of a model that the server did not show before.
NEW_SERIES: Sequence[Series] = (
    Series("requests_success", "counter", model_name="m"),
    Series("generation_tokens", "counter", model_name="another"),
    Series("accepted_tokens", "counter", model_name="m"),
    Series("requests_finished", "counter", model_name="m", labels='reason="stop"'),
    Series("requests_finished", "counter", model_name="m", labels='reason="abort"'),
    Series("requests_finished", "counter", model_name="m"),
    Series("expert_tokens", "counter", model_name="m", labels='expert="0",layer="1"'),
    Series("expert_tokens", "counter", model_name="m", labels='expert="7",layer="1"'),
    Series("parameters", "gauge", model_name="m"),
    Series("build_info", "info", labels='dtype="bfloat16",version="2"'),
)
TIERS: Sequence[str] = (
    TIER,
    TIER.replace("usd_per_kwh = 0.2", "usd_per_kwh = 0.3"),
    # Both targets become replicas of one service.
    TIER.replace('m = "moonshotai/kimi-k2.6-20260420"', 'm = "l/paid-1"').replace(
        "scrape_seconds = 60", 'scrape_seconds = 60\nservice = "pool"'
    ),
    TIER.replace("devices = 2", "devices = 4"),
)


@dataclass
class Home:
    """The home that is changed, and how often."""

    settings: Settings
    changes: int = 0

    def later_segment(self, number: int) -> None:
        """Add ten minutes of the server, hours after the last ones."""
        start = 200 + 30 * self.changes
        scrapes = [
            scrape(
                (start + minute) * MINUTES,
                {TOKENS: 8000.0 + 1000 * self.changes + minute * number},
                target="ours",
            )
            for minute in range(10)
        ]
        SegmentWriter(self.settings.telemetry_spool).write(scrapes)

    def after_a_gap(self, number: int) -> None:
        """Add minutes of the server around midnight, days after the last ones."""
        midnight = 17 * 60 + 24 * 60 * (2 + 2 * self.changes)
        for minute in (midnight - 2, midnight, midnight + number):
            values: dict[Series, float] = {TOKENS: 90_000.0 + minute, VERSION: 1.0}
            self.write(minute + 0.5, values)

    def days_before(self, number: int) -> None:
        """Add samples from two days before the first ones."""
        self.write(5 * number - 2 * 24 * 60, {TOKENS: 5.0 * number})

    def another_target(self, number: int) -> None:
        """Add a server that is watched across midnight, with a model that leaves before it."""
        for minute in range(17 * 60 - 5, 17 * 60 + 5):
            model = "guest" if minute < 17 * 60 - number % 4 else "m"
            series = Series("prompt_tokens", "counter", model_name=model)
            self.write(minute, {series: 7.0 * minute}, f"come-{self.changes}")

    def late_segment(self, number: int) -> None:
        """Add samples between those of the first hour."""
        self.write(5 * number + 0.5, {TOKENS: 500.0 * number + 50})

    def repeated_segment(self, number: int) -> None:
        """Add an archived segment again, under another name."""
        archived = sorted(self.settings.telemetry_archive.rglob("*.parquet"))
        one = archived[number % len(archived)]
        self.settings.telemetry_spool.mkdir(parents=True, exist_ok=True)
        shutil.copy(one, self.settings.telemetry_spool / f"again-{self.changes}-{one.name}")

    def new_series(self, number: int) -> None:
        """Add a metric or a model that was never seen."""
        series = NEW_SERIES[number % len(NEW_SERIES)]
        scrapes = [
            scrape(minute * MINUTES + 7, {series: 10.0 * minute}, target="ours")
            for minute in range(20)
        ]
        SegmentWriter(self.settings.telemetry_spool).write(scrapes)

    def logged_request(self, number: int) -> None:
        """Add a request of our own server that ran across midnight."""
        log_request(self.settings, f"request-{self.changes}", number)

    def gateway_log(self, number: int) -> None:
        """Add a gateway's log of all requests until now, which ran across midnight there too."""
        names = [f"request-{change}" for change in range(self.changes + 1)]
        log_spend(self.settings, names, number)

    def other_tier(self, number: int) -> None:
        """Change prices, devices or the mapping of models."""
        self.settings.tier.write_text(TIERS[number % len(TIERS)])

    def earlier_tier(self, number: int) -> None:
        """Learn late what the tier file said within the first hours."""
        at = datetime(2026, 8, 22, 7 + number % 5, 20, tzinfo=UTC)
        entries = tier_entries(parse_tier(TIERS[number % len(TIERS)]))
        write_record(self.settings.tier_spool, TierRecord(at, "file", entries, is_whole=True))

    def corrected_tier(self, number: int) -> None:
        """Say that other prices held, since an hour or since ever."""
        since = datetime(2026, 8, 22, 7 + number, tzinfo=UTC) if number % 2 else None
        at = datetime(2026, 8, 22, 8 + number, tzinfo=UTC)
        entries = tier_entries(parse_tier(TIERS[number % len(TIERS)]))
        correction = TierRecord(at, "correction", entries, holds_from=since)
        write_record(self.settings.tier_spool, correction)

    def renamed_catalogue(self, number: int) -> None:
        """Add a catalogue in which ids and prices are others."""
        at = RENAMED + timedelta(hours=1 + self.changes)
        rows = [
            MODELS["data"][0]
            | {"id": f"{slug}-v{number}", "canonical_slug": slug, "hugging_face_id": None}
            | {"pricing": {"prompt": f"0.00000{1 + number}", "completion": "0.000002"}}
            for slug in ("l/paid-1", "l/zero", "moonshotai/kimi-k2.6-20260420")
        ]
        payload = {"data": rows, "total_count": len(rows), "links": {"next": None}}
        self.keep("models", at, payload)

    def sampled_hosts(self, number: int) -> None:
        """Add hosts' speeds around midnight, some of them days before, some with known bytes."""
        payload = hosts()
        for host in payload["data"]["endpoints"]:
            host["throughput_last_30m"] = {"p50": 10.0 + number}
        midnight = RENAMED.replace(hour=0, minute=0) + timedelta(days=number % 3 - 1)
        for minutes in (-20, 10, 20):
            at = midnight + timedelta(minutes=minutes, seconds=self.changes)
            self.keep("endpoints", at, payload, model=KIMI)

    def unusable_answer(self, number: int) -> None:
        """Add an answer that is quarantined."""
        at = datetime(2026, 8, 23, 10, self.changes, tzinfo=UTC)
        self.keep("benchmarks", at, {"data": number})

    def forgotten_target(self, number: int) -> None:
        """Take back some minutes of a server."""
        since = datetime(2026, 8, 22, 7, number, tzinfo=UTC)
        forget_telemetry(self.settings, "bare", since, since + timedelta(minutes=2))

    def nothing(self, number: int) -> None:
        """Leave all as it is."""

    def write(self, minute: float, values: Mapping[Series, float], target: str = "ours") -> None:
        SegmentWriter(self.settings.telemetry_spool).write(
            [scrape(minute * MINUTES, values, target=target)]
        )

    def keep(self, source: str, at: datetime, payload: object, **context: str) -> None:
        answer = Answer(
            source, "http://h/x", at, 200, 0, "", "run", context=context, origin="simulated"
        )
        Archive(self.settings.archive).keep(answer, json.dumps(payload).encode())


CHANGES: Mapping[str, Callable[[Home, int], None]] = {
    name: method
    for name, method in vars(Home).items()
    if not name.startswith("_") and name not in ("settings", "changes", "keep", "write")
}


def digests(path: Path, tables: Sequence[Table]) -> dict[str, object]:
    """Return the number of rows of each table and a sum of their hashes, floats to ten digits."""
    with closing(duckdb.connect(path, read_only=True)) as con:
        return {table.name: digest(con, table) for table in tables}


def digest(con: duckdb.DuckDBPyConnection, table: Table) -> object:
    columns = ", ".join(
        f"format('{{:.9e}}', \"{name}\")" if kind == "DOUBLE" else f'"{name}"'
        for name, kind, *_ in con.sql(f"describe {table.relation}").fetchall()
    )
    return con.sql(f"select count(*), sum(hash({columns})) from {table.relation}").fetchall()


def check(home: Home, tables: Sequence[Table]) -> None:
    """Build and publish what changed, then build everything, and compare."""
    path = home.settings.warehouse
    load_archive(home.settings)
    load(home.settings)
    build(home.settings)
    found = digests(path, tables)
    # Their rows are filled in when they are published.
    filled = ("meta", "claim_verdicts")
    marts = [each for each in tables if each.schema == "marts" and each.name not in filled]
    assert digests(publish(home.settings).path, marts) == {
        table.name: found[table.name] for table in marts
    }
    build(home.settings, is_whole=True)
    assert digests(path, tables) == found


def wrong_rows(home: Home) -> None:
    """Let an audit fail and hold again; nothing of what came meanwhile may be left out."""
    with session(home.settings.warehouse) as con:
        con.execute("create table main.kept as from raw.ranking_rows limit 1")
        con.execute("insert into raw.ranking_rows from main.kept")
        mark_changed(con, ["raw.ranking_rows"])
    home.later_segment(3)
    load(home.settings)
    with pytest.raises(AuditFailed):
        build(home.settings)
    with closing(open_warehouse(home.settings.warehouse)) as con:
        con.execute("create table main.all_rows as select distinct * from raw.ranking_rows")
        con.execute("delete from raw.ranking_rows")
        con.execute("insert into raw.ranking_rows from main.all_rows")
        con.execute("drop table main.all_rows; drop table main.kept")
        mark_changed(con, ["raw.ranking_rows"])


def tables_of(home: Path) -> list[Table]:
    nodes = read_graph(read_manifest(home))
    return [node for node in nodes if isinstance(node, Table) and not node.is_view]


STEPS = st.lists(
    st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(0, 9)), min_size=1, max_size=4
)


def run_changes(folder: Path, rounds: Sequence[Sequence[tuple[str, int]]]) -> None:
    """Make these changes, some at a time, and check the tables after each round."""
    folder.mkdir()
    home = Home(make_home(folder))
    tables = tables_of(home.settings.home)
    for changes in rounds:
        for name, number in changes:
            home.changes += 1
            CHANGES[name](home, number)
        check(home, tables)
    wrong_rows(home)
    check(home, tables)


@pytest.mark.parametrize("every", [6, pytest.param(1, marks=pytest.mark.long)])
def test_every_kind_of_change_gives_the_rows_of_a_whole_build(tmp_path: Path, every: int) -> None:
    """Each once, some at a time, and an audit that fails in between."""
    names = sorted(CHANGES)[::every]
    rounds = [[(name, 2) for name in names[place : place + 9]] for place in range(0, len(names), 9)]
    series = [("new_series", number) for number in range(len(NEW_SERIES))]
    run_changes(tmp_path / "home", [*rounds, series])


@pytest.mark.long
@pytest.mark.timeout(3600)
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rounds=st.lists(STEPS, min_size=2, max_size=5))
def test_any_order_of_changes_gives_the_rows_of_a_whole_build(
    tmp_path: Path, rounds: list[list[tuple[str, int]]]
) -> None:
    """Late, repeated and renamed things in any order."""
    run_changes(Path(mkdtemp(dir=tmp_path)) / "home", rounds)

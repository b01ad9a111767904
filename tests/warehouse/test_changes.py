"""Versions of raw tables: no operation changes a table and keeps its version."""

from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
import yaml
from support.inference.pilot_results import pilot_result
from support.simulator import FAST_RETRIES, KEY, simulated_market
from support.spend.litellm_log import spend_row, write_lines
from support.telemetry_facts import START, TelemetryHome, scrape, tier

from models.server.usage_log import UsageEvent, UsageLog
from pipelines.archive import Archive
from pipelines.ingest.market import extract_market
from pipelines.ingest.spend import take_spend
from pipelines.loading.answers import load_answers
from pipelines.loading.telemetry.forgetting import Forgotten, record_forgotten
from pipelines.loading.telemetry.retention import drop_old_samples
from pipelines.pilots.result_file import write_result
from pipelines.settings import Settings
from pipelines.sources.client.http import SourceClient
from pipelines.transform.dbt_process import PROJECT
from warehouse.changes import mark_changed, table_versions
from warehouse.connection import session

LAST = date(2026, 6, 18)
State = dict[str, object]


def source_tables() -> list[str]:
    """Return every table that the project reads, by schema and name."""
    tables = []
    for path in (PROJECT / "staging").rglob("_sources.yml"):
        for source in yaml.safe_load(path.read_text())["sources"]:
            tables += [f"{source['name']}.{table['name']}" for table in source["tables"]]
    return tables


def digests(con: duckdb.DuckDBPyConnection) -> State:
    """Return the number of rows of each table, and a sum of their hashes."""
    return {
        table: con.sql(
            f"select count(*), sum(hash(table_row)) from {table} as table_row"
        ).fetchall()
        for table in source_tables()
    }


def changed(before: State, after: State) -> set[str]:
    return {table for table in after if after[table] != before.get(table)}


class Watch:
    """Compares what an operation changed with the versions that it counted up."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con

    def run(self, operation: Callable[[], object]) -> tuple[set[str], set[str]]:
        """Run an operation; return the tables that it changed, and those that it said it did."""
        rows: State = digests(self._con)
        versions: State = dict(table_versions(self._con))
        operation()
        return (
            changed(rows, digests(self._con)),
            changed(versions, dict(table_versions(self._con))) & set(source_tables()),
        )


def test_versions_grow_with_the_transaction(tmp_path: Path) -> None:
    """One that is rolled back changed nothing."""
    with session(tmp_path / "warehouse.duckdb") as con:
        mark_changed(con, ["raw.answers", "raw.answers", "raw.notes"])
        mark_changed(con, ["raw.answers"])
        con.begin()
        mark_changed(con, ["raw.answers"])
        con.rollback()
        assert table_versions(con) == {"raw.answers": 2, "raw.notes": 1}


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        None,
        {"kind": "truncated_json", "path": "session-cost"},
        {"kind": "not_found", "path": "task"},
    ],
)
def test_answers_change_no_table_in_silence(tmp_path: Path, fault: dict[str, str] | None) -> None:
    """Good answers, the same again, and such as cannot be used."""
    with simulated_market() as market:
        settings = Settings(tmp_path, openrouter_url=market.url, openrouter_key=KEY)
        if fault:
            market.set_faults(fault)
        with closing(SourceClient(settings, "run", FAST_RETRIES)) as client:
            for _ in range(2):
                extract_market(client, settings, LAST, LAST)
    with session(tmp_path / "other" / "warehouse.duckdb") as con:
        found, said = Watch(con).run(lambda: load_answers(con, Archive(settings.archive)))
        assert "raw.ranking_rows" in found
        assert found <= said
        # Nothing is new, so nothing is said.
        assert Watch(con).run(lambda: load_answers(con, Archive(settings.archive))) == (
            set(),
            set(),
        )


def log_request(home: TelemetryHome) -> None:
    """Log a request that ran across midnight, and load it."""
    ended = START + timedelta(days=1)
    usage = UsageLog(home.settings.request_spool)
    counts = (7, 0, 5, 0, 0)
    usage.add(UsageEvent("r", "m", START, None, ended, *counts, "finished", "stop", "cpu"))
    usage.write()
    home.load()
    days = home.rows(
        "select day from main.slices where relation = 'raw.request_events' order by all"
    )
    assert days == [(START.date(),), (ended.date(),)]


def load_spend(home: TelemetryHome) -> None:
    """Load a gateway's log of a request and of a line that is none."""
    log = write_lines(home.settings.home.parent / "log.jsonl", spend_row(1), "{bad")
    take_spend(home.settings, log, "litellm")
    home.load()
    assert home.rows("select target, day from main.slices where relation = 'raw.spend_events'") == [
        ("litellm", START.date())
    ]


def load_pilot(home: TelemetryHome) -> None:
    """Load the result of a pilot."""
    write_result(home.settings.pilot_spool, pilot_result())
    assert home.load().pilots == 1


@pytest.mark.slow
def test_telemetry_changes_no_table_in_silence(tmp_path: Path) -> None:
    """Segments, late ones, the same again, another tier file, samples taken back or dropped."""
    home = TelemetryHome(tmp_path / "home")
    watch = Watch(home.con)
    first = [scrape(second, second) for second in range(0, 600, 15)]
    late = [scrape(second, second) for second in range(5, 300, 15)]
    operations: dict[str, Callable[[], object]] = {
        "segments": lambda: home.load(first, tier=tier()),
        "the same tier, nothing new": lambda: home.load(tier=tier()),
        "late": lambda: home.load(late),
        "requests": lambda: log_request(home),
        "spend": lambda: load_spend(home),
        "a pilot": lambda: load_pilot(home),
        "another tier": lambda: home.load(tier=tier("sglang")),
        "retention": lambda: drop_old_samples(home.con, 1, START + timedelta(days=3)),
    }
    for name, operation in operations.items():
        found, said = watch.run(operation)
        assert found <= said, name
        assert bool(found) == (name not in ("the same tier, nothing new", "retention")), name
        if name in ("the same tier, nothing new", "retention"):
            assert said == set(), name
    record_forgotten(home.folders, Forgotten(START, target="t", first_at=START))
    found, said = watch.run(home.load)
    assert "ledger.counter_minutes" in found
    assert found <= said

"""`tokentide ingest fleet`: what it shows before it reads, what it refuses, and a kill."""

import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from support.cli.command import Command
from support.stores.metric_store import HeldServer, HeldStore

from pipelines.archive import utc_now
from pipelines.simulator.api.serve import serve_in_thread
from pipelines.telemetry.stored_fleet.journal import NAME
from warehouse.connection import open_warehouse

INTERVAL = 120.0
LAST = utc_now().timestamp() // INTERVAL * INTERVAL
BEGIN = LAST - 6 * 3600


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Return the command with a fresh home and no tier file."""
    return Command(tmp_path / "home", TOKENTIDE_TIER=str(tmp_path / "tier.toml"))


@contextmanager
def served(**more: float) -> Iterator[tuple[str, HeldStore]]:
    """Serve a store of three replicas."""
    servers = [
        HeldServer({"job": "vllm", "instance": f"h:{port}"}, BEGIN, LAST, INTERVAL, BEGIN - 100)
        for port in (1, 2, 3)
    ]
    store = HeldStore(servers, now=LAST, **more)  # type: ignore[arg-type]
    with serve_in_thread(store.app()) as url:
        yield url, store


def words(text: str) -> str:
    """Return a text on one line."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("ftp://h",), "is no address of a store"),
        (("http://u:secret@h:1",), "must not carry a password"),
        (("http://127.0.0.1:1",), "Check the address and that the store runs"),
        (("http://127.0.0.1:1", "--matchers", "job=vllm"), "conditions on labels as in PromQL"),
        (("http://127.0.0.1:1", "--model-map", "m"), "should be served=owner/model"),
        (("http://127.0.0.1:1", "--header", "A=NOT_SET"), "NOT_SET, for the header A"),
        (("http://127.0.0.1:1", "--ca-file", "none.pem"), "none.pem cannot be used"),
    ],
)
def test_what_cannot_be_used_says_what_to_do(
    command: Command, options: tuple[str, ...], message: str
) -> None:
    """Before anything is read or written, and without a secret."""
    output = words(command("ingest", "fleet", *options, code=1))
    assert message in output
    assert "secret" not in output
    assert not command.home.exists()


def test_a_dry_run_shows_the_fleet_and_writes_nothing(command: Command) -> None:
    """The replicas, and what the tier file needs."""
    with served() as (url, _):
        output = command("ingest", "fleet", url, "--matchers", '{job="vllm"}', "--dry-run")
    lines = [line.split() for line in output.splitlines()]
    rows = [line for line in lines if line and line[0].startswith("h:")]
    assert [line[:4] + line[-1:] for line in rows] == [
        [f"h:{port}", "vllm", "vllm", "m", "yes"] for port in (1, 2, 3)
    ]
    assert "3 replicas of 1 services" in output
    assert 'kind = "prometheus"' in output
    assert not command.home.exists()


@pytest.mark.slow
@pytest.mark.long
def test_a_kill_loses_nothing_that_was_noted(command: Command) -> None:
    """The next run goes on; each sample is there once."""
    with served(wait_seconds=0.3) as (url, store):
        options = ("ingest", "fleet", url, "--days", "1", "--threads", "1", "--step", "5")
        journal = command.home / "spool" / "history" / NAME
        with command.start(*options) as process:
            end = time.monotonic() + 60
            while not (journal.exists() and '"hours"' in journal.read_text()):
                assert time.monotonic() < end
                assert process.poll() is None
                time.sleep(0.02)
            process.send_signal(signal.SIGKILL)
            process.wait(30)
        store.wait_seconds = 0
        before = len(store.queries)
        command(*options)
        # Of two days one was read of some; the newest hour is read again.
        assert len(store.queries) > before
    with closing(open_warehouse(command.home / "warehouse.duckdb")) as con:
        rows = con.sql(
            "select target, sum(growth) from ledger.counter_minutes "
            "where metric = 'generation_tokens' group by target order by target"
        ).fetchall()
        [(samples, distinct)] = con.sql(
            "select count(*), count(distinct (target, metric, labels, model_name, scraped_at)) "
            "from raw.telemetry_samples"
        ).fetchall()
    assert rows == [(f"h:{port}", (LAST - BEGIN) * 10) for port in (1, 2, 3)]
    assert samples == distinct

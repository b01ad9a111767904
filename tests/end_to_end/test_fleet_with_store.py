"""A fleet that a real Prometheus scrapes is taken in: its history, then live, without a seam.

Three servers of two services count on in real time: one restarts, one is gone before we come.
"""

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from support.cli.command import Command
from support.collecting import free_port
from support.prometheus_process import prometheus

from pipelines.simulator.api.serve import serve_in_thread
from pipelines.telemetry.config.tier import read_tier

# Real processes and many builds: a busy machine takes its time.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

TOKENS_PER_SECOND = 1000
PAGE = """process_start_time_seconds {start}
# TYPE vllm:generation_tokens counter
vllm:generation_tokens_total{{engine="0",model_name="m"}} {tokens}
# TYPE vllm:prompt_tokens counter
vllm:prompt_tokens_total{{engine="0",model_name="m"}} {tokens}
vllm:num_requests_running{{engine="0",model_name="m"}} 1
"""


@dataclass
class CountingServer:
    """A server that counts tokens while it serves, from some number on."""

    base: int
    start: float = field(default_factory=lambda: round(time.time(), 3))
    frozen_at: float | None = None
    to_prometheus: list[tuple[float, int]] = field(default_factory=list)  # start and tokens shown
    to_us: list[tuple[float, int]] = field(default_factory=list)

    def restart(self) -> None:
        """Begin another process, which counts from zero."""
        self.base, self.start = 0, round(time.time(), 3)

    async def page(self, request: Request) -> Response:
        """Show what it has counted, and note what was shown to whom."""
        tokens = self.base + round(
            ((self.frozen_at or time.time()) - self.start) * TOKENS_PER_SECOND
        )
        is_prometheus = request.headers["user-agent"].startswith("Prometheus")
        (self.to_prometheus if is_prometheus else self.to_us).append((self.start, tokens))
        return Response(PAGE.format(start=self.start, tokens=tokens))

    @property
    def true_tokens(self) -> int:
        """Its tokens from the first page that was stored to the last one that anybody read."""
        first_start, first = self.to_prometheus[0]
        last: dict[float, int] = {}
        for start, tokens in (*self.to_prometheus, *self.to_us):
            last[start] = max(tokens, last.get(start, 0))
        return sum(last.values()) - first if first_start in last else 0


@dataclass(frozen=True)
class TakenFleet:
    """Output and published figures after each of the steps."""

    command: Command
    servers: dict[str, CountingServer]
    dry_run: str
    taken: str
    after_history: dict[str, int]
    shown_before_live: dict[str, int]
    after_live: dict[str, int]
    again: str
    after_again: dict[str, int]


def wait_until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for a condition; fail where it does not come."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def tokens_of(command: Command) -> dict[str, int]:
    """Return the published tokens by target."""
    rows = command.rows(
        "select target, sum(generation_tokens)::bigint as tokens from served_tokens_minutely "
        "group by all"
    )
    return {row["target"]: int(row["tokens"]) for row in rows}


@pytest.fixture(scope="module")
def taken_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TakenFleet]:
    """Let a Prometheus scrape, take its fleet in, go on live, and take it in again."""
    folder = tmp_path_factory.mktemp("fleet")
    servers = {name: CountingServer(5000) for name in ("chat-0", "chat-1", "code-0")}
    addresses: dict[str, str] = {}
    stores = folder / "targets"
    stores.mkdir()

    def list_targets(*names: str) -> None:
        groups = [
            {
                "targets": [addresses[name].split("/")[2]],
                "labels": {"pod": name, "app": name.partition("-")[0]},
            }
            for name in names
        ]
        (stores / "new").write_text(json.dumps(groups))
        (stores / "new").rename(stores / "targets.json")

    with ExitStack() as held:
        for name, server in servers.items():
            routes = [Route("/metrics", server.page)]
            addresses[name] = held.enter_context(serve_in_thread(Starlette(routes=routes)))
        list_targets(*servers)
        files = [{"files": [str(stores / "targets.json")], "refresh_interval": "1s"}]
        job = {"job_name": "llm", "scrape_interval": "1s", "file_sd_configs": files}
        own = {"job_name": "prometheus", "scrape_interval": "1s"}
        own_port = free_port()
        own["static_configs"] = [{"targets": [f"127.0.0.1:{own_port}"]}]
        url = held.enter_context(prometheus(folder, [job, own]))
        wait_until(lambda: all(len(each.to_prometheus) > 3 for each in servers.values()))
        servers["chat-1"].restart()
        list_targets("chat-0", "chat-1")
        time.sleep(5)
        yield take(folder, url, servers)


def take(folder: Path, url: str, servers: dict[str, CountingServer]) -> TakenFleet:
    """Take the fleet in, collect from it, and take it in again."""
    command = Command(folder / "var", TOKENTIDE_TIER=str(folder / "tier.toml"))
    options = ("ingest", "fleet", url, "--service-label", "app", "--step", "1", "--days", "1")
    dry_run = command(*options, "--dry-run")
    assert not (folder / "tier.toml").exists()
    taken = command(*options, "--write")
    after_history = tokens_of(command)
    before_live = {name: server.true_tokens for name, server in servers.items()}
    live = [servers["chat-0"], servers["chat-1"]]
    with command.start("collect", "--port", "0", "--segment-seconds", "2") as process:
        wait_until(lambda: all(len(each.to_us) > 1 for each in live))
        for each in live:
            each.frozen_at = time.time()
        shown = [len(each.to_us) for each in live]
        wait_until(lambda: all(len(each.to_us) > n for each, n in zip(live, shown, strict=True)))
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    command("ingest", "telemetry")
    after_live = tokens_of(command)
    again = command(*options[:3], "--step", "1", "--days", "1")
    return TakenFleet(
        command,
        servers,
        dry_run,
        taken,
        after_history,
        before_live,
        after_live,
        again,
        tokens_of(command),
    )


def test_all_replicas_are_shown(taken_fleet: TakenFleet) -> None:
    """With their services, engine, models and times; what Prometheus scrapes besides is none."""
    lines = [line.split() for line in taken_fleet.dry_run.splitlines()]
    rows = {line[0]: line for line in lines if line and line[0] in taken_fleet.servers}
    assert {name: (row[1], row[2], row[3], row[-1]) for name, row in rows.items()} == {
        "chat-0": ("chat", "vllm", "m", "yes"),
        "chat-1": ("chat", "vllm", "m", "yes"),
        "code-0": ("code", "vllm", "m", "gone"),
    }
    assert "3 replicas of 2 services" in taken_fleet.dry_run
    assert "refused" not in taken_fleet.dry_run


def test_history_is_what_the_store_saw(taken_fleet: TakenFleet) -> None:
    """All from its first sample to its last one; a restart loses nothing of what was seen."""
    gone = taken_fleet.servers["code-0"]
    assert taken_fleet.after_history["code-0"] == gone.true_tokens > 0
    for name, tokens in taken_fleet.after_history.items():
        assert 0 < tokens <= taken_fleet.shown_before_live[name]


def test_history_and_live_are_one_target_without_a_seam(taken_fleet: TakenFleet) -> None:
    """Tokens between the last stored sample and the first live scrape count once."""
    true = {name: server.true_tokens for name, server in taken_fleet.servers.items()}
    assert taken_fleet.after_live == true


def test_taking_it_in_again_doubles_nothing(taken_fleet: TakenFleet) -> None:
    """Though the store scraped on while we did; the rules of the tier file name the replicas."""
    assert taken_fleet.after_again == taken_fleet.after_live
    assert "[[discover]]" not in taken_fleet.again


def test_the_list_goes_on_under_the_same_names(taken_fleet: TakenFleet) -> None:
    """The block that was written is one that the collector reads."""
    command = taken_fleet.command
    [discover] = read_tier(command.home.parent / "tier.toml").discovers
    assert (discover.kind, discover.engine) == ("prometheus", "vllm")
    checked = command("collect", "--check")
    assert "chat-0" in checked
    assert "chat-1" in checked
    assert "code-0" not in checked


def test_the_tier_knows_when_a_replica_was_gone(taken_fleet: TakenFleet) -> None:
    """It is known from its first hour on, with its service, and not missing afterwards."""
    path = str(taken_fleet.command.home / "warehouse.duckdb")
    with duckdb.connect(path, read_only=True) as con:
        rows = con.sql(
            "select name, max(entry ->> '$.service'), bool_or(valid_from is null), "
            "bool_or(valid_to is null) from raw.tier_file where section = 'target' group by name"
        ).fetchall()
    assert sorted(rows) == [
        ("chat-0", "chat", True, True),
        ("chat-1", "chat", True, True),
        ("code-0", "code", True, False),
    ]

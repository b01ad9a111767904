"""A served token is in the published tables within a minute, with what is shipped running."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from support.cli.command import Command

from pipelines.publish.generations import newest
from pipelines.settings import Settings
from pipelines.simulator.api.serve import serve_in_thread
from pipelines.telemetry.live import reader
from warehouse.connection import open_published

pytestmark = pytest.mark.slow

TARGETS = 64
PAGE_SECONDS, LIVE_SECONDS = 60.0, 10.0
TARGET = """
[[target]]
name = "t{number}"
url = "{base}/{number}"
engine = "vllm"
model_map = {{ m = "lab/m" }}
"""
PAGE = """process_start_time_seconds {start}
vllm:generation_tokens_total{{model_name="m"}} {tokens}
vllm:num_requests_running{{model_name="m"}} 1
"""


@dataclass
class Servers:
    """Servers of one process that all have counted the same number of tokens."""

    start: float = field(default_factory=time.time)
    tokens: int = 1000

    async def page(self, request: Request) -> PlainTextResponse:
        """Return one server's page."""
        return PlainTextResponse(PAGE.format(start=self.start, tokens=self.tokens))


@contextmanager
def running(command: Command, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a verb until the block ends."""
    process = command.start(*arguments)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def published(settings: Settings) -> int:
    """Return the tokens of all targets in the newest generation; 0 while there is none."""
    if not settings.published.joinpath("tokentide.duckdb").exists():
        return 0
    con = open_published(newest(settings))
    try:
        query = "select coalesce(sum(generation_tokens), 0)::bigint from served_tokens_hourly"
        [(tokens,)] = con.sql(query).fetchall()
    finally:
        con.close()
    return int(tokens)


def wait(is_there: Callable[[], bool], seconds: float) -> float:
    """Wait until this holds, and return how long that took."""
    start = time.monotonic()
    while not is_there():
        assert time.monotonic() - start < seconds
        time.sleep(0.5)
    return time.monotonic() - start


def test_a_token_is_published_within_a_minute(tmp_path: Path) -> None:
    """And the live panel has it within ten seconds."""
    servers, settings = Servers(), Settings(home=tmp_path / "home")
    with ExitStack() as stack:
        app = Starlette(routes=[Route("/{number}", servers.page)])
        base = stack.enter_context(serve_in_thread(app)).removesuffix("/api/v1")
        tier = tmp_path / "tier.toml"
        tier.write_text("".join(TARGET.format(base=base, number=each) for each in range(TARGETS)))
        command = Command(settings.home, TOKENTIDE_TIER=str(tier))
        stack.enter_context(running(command, "collect", "--port", "0"))
        stack.enter_context(running(command, "ingest", "telemetry", "--follow"))
        # The first round makes the home.
        wait(lambda: settings.published.joinpath("tokentide.duckdb").exists(), 180)
        live = reader(settings.telemetry_spool, settings.telemetry_archive / "scrapes")
        # Growth is counted between two scrapes.
        wait(lambda: live().filter(metric="up")["target"].n_unique() == TARGETS, 60)
        before = published(settings)
        servers.tokens += 500

        def is_live() -> bool:
            speeds = live().filter(metric="generation_tokens_per_second")
            return bool((speeds["value"] > 0).any())

        wait(is_live, LIVE_SECONDS)
        wait(lambda: published(settings) - before == 500 * TARGETS, PAGE_SECONDS - LIVE_SECONDS)

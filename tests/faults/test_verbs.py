"""Verbs that are killed as a whole: the next run gives the figures of a quiet home."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.collecting import PAGE
from support.faults.figures import Quiet, figures
from support.faults.forks import Forks, Instants
from support.faults.results import record
from support.simulator import KEY, SimulatedMarket

from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.publish.generations import newest
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import read_segment
from pipelines.verification.verify import verify

pytestmark = pytest.mark.slow
VERBS = {
    "build": ("build", "--full"),
    "publish": ("publish",),
    "rebuild": ("rebuild",),
    "ingest telemetry": ("ingest", "telemetry"),
}
LONG = (pytest.mark.long, pytest.mark.timeout(3600))


@pytest.mark.parametrize(
    ("name", "kills"), [("build", 1), *(pytest.param(name, 12, marks=LONG) for name in VERBS)]
)
def test_a_killed_verb_is_made_good_by_the_next(
    forks: Forks,
    copied_home: Settings,
    quiet: Quiet,
    tmp_path: Path,
    name: str,
    kills: int,
) -> None:
    """Readers have a whole generation at each instant, and the next run has the same figures."""
    before, instants = forks.kills, Instants(len(name), quiet.seconds)
    for _ in range(kills):
        home, output = copied_home.home, tmp_path / "output"
        forks.run("command", home, output, *VERBS[name], kill_after=instants())
        assert figures(newest(copied_home))
    ended = forks.run("command", copied_home.home, tmp_path / "output", "ingest", "telemetry")
    assert ended.confirmed == ["0"], (tmp_path / "output").read_text()
    assert figures(newest(copied_home)) == quiet.figures
    assert verify(copied_home).damages == []
    if kills > 1:
        record(f"verbs: {name}", kills=forks.kills - before)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_killed_ingest_of_the_market_is_made_good_by_the_next(
    forks: Forks, simulator: SimulatedMarket, tmp_path: Path
) -> None:
    """Fetch, archive, load, build, publish: killed at any of them."""
    found = []
    for kills in (0, 12):
        home = tmp_path / f"home-{kills}"
        home.mkdir()
        variables = f"TOKENTIDE_OPENROUTER_URL={simulator.url}\nOPENROUTER_API_KEY={KEY}\n"
        (home / ".env").write_text(variables)
        output, instants, before = tmp_path / "output", Instants(11, 20.0), forks.kills
        for _ in range(kills):
            forks.run("command", home, output, "ingest", "market", kill_after=instants())
        ended = forks.run("command", home, output, "ingest", "market")
        assert ended.confirmed, output.read_text()
        settings = Settings(home)
        found.append(figures(newest(settings))["market_tokens_daily"][0])
        assert verify(settings).damages == []
    assert found[0] == found[1] > 0
    record("verbs: ingest market", kills=forks.kills - before)


@contextmanager
def metrics_server() -> Iterator[str]:
    """Serve a metrics page on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, *_: object) -> None:
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/metrics"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("kills", [2, pytest.param(24, marks=LONG)])
def test_a_killed_collector_leaves_whole_segments(forks: Forks, tmp_path: Path, kills: int) -> None:
    """Each can be read, no scrape is in two, and a second collector is refused meanwhile."""
    settings, before = Settings(tmp_path / "home"), forks.kills
    settings.home.mkdir()
    instants = Instants(13, 4.0)
    with metrics_server() as url:
        (settings.home / "tier.toml").write_text(
            f'[[target]]\nname = "t"\nurl = "{url}"\nengine = "vllm"\nscrape_seconds = 0.2\n'
        )
        for _ in range(kills):
            options = ("collect", "--port", "0", "--segment-seconds", "0.5")
            output = tmp_path / "output"
            ended = forks.run(
                "command", settings.home, output, *options, kill_after=2.0 + instants()
            )
            assert ended.was_killed, output.read_text()
    segments = SpoolFolders.of(settings).list_waiting()
    scrapes = [
        {(row["target"], row["scraped_at"]) for row in read_segment(each.path).to_pylist()}
        for each in segments
        if each.kind == "scrapes"
    ]
    assert len(set().union(*scrapes)) == sum(map(len, scrapes))
    assert sum(map(len, scrapes)) > kills
    if kills > 2:
        record("verbs: collect", kills=forks.kills - before)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_killed_dashboard_leaves_what_it_reads(
    forks: Forks, copied_home: Settings, tmp_path: Path
) -> None:
    """It writes nothing, so that the file is the same, byte for byte."""
    content, before = newest(copied_home).read_bytes(), forks.kills
    instants = Instants(17, 4.0)
    for _ in range(12):
        output = tmp_path / "output"
        options = ("dashboard", "--port", "0")
        ended = forks.run(
            "command", copied_home.home, output, *options, kill_after=1.0 + instants()
        )
        assert ended.was_killed, output.read_text()
        assert newest(copied_home).read_bytes() == content
    assert verify(copied_home).damages == []
    record("verbs: dashboard", kills=forks.kills - before)

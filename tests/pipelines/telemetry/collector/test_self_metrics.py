"""The collector's own pages, over HTTP: as Prometheus reads them, and without a secret."""

import shutil
import socket
import subprocess
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.collecting import PAGE, collect_until, free_port, has_scraped, make_target, read_rows
from support.full_disk import full_disk
from support.rules.requirements import require
from support.scripted_server import bytes_response, scripted_server

from pipelines.errors import CollectorBusy
from pipelines.telemetry.collector.collector import Collector, DiscoveryHealth
from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.collector.self_metrics import serve_self_metrics, summarise_health
from pipelines.telemetry.collector.spool import OpenSegment, Spool
from pipelines.telemetry.config.tier import Tier
from pipelines.telemetry.metrics.normalise import up_series

# Names, types and labels are a contract with those who scrape this page.
FAMILIES = {
    ("process_start_time_seconds", "gauge"),
    ("tokentide_collector_open_samples", "gauge"),
    ("tokentide_collector_segments", "counter"),
    ("tokentide_collector_segment_bytes", "counter"),
    ("tokentide_collector_written_samples", "counter"),
    ("tokentide_collector_lost_samples", "counter"),
    ("tokentide_collector_dropped_segments", "counter"),
    ("tokentide_collector_dropped_bytes", "counter"),
    ("tokentide_collector_up", "gauge"),
    ("tokentide_collector_scrapes", "counter"),
    ("tokentide_collector_failed_scrapes", "counter"),
    ("tokentide_collector_samples", "counter"),
    ("tokentide_collector_problems", "counter"),
}


def get(collector: Collector, path: str) -> httpx.Response:
    with serve_self_metrics(collector, free_port()) as port:
        return httpx.get(f"http://127.0.0.1:{port}{path}")


@pytest.fixture
def collector(tmp_path: Path) -> Collector:
    """Return a collector of two targets that has ended; one target was down."""
    with scripted_server(bytes_response(PAGE)) as server:
        tier = Tier((make_target(server.url), make_target("http://127.0.0.1:1/", 'go"ne')))
        headers = {"a": {"Authorization": "Bearer s3cret"}}
        return collect_until(tmp_path / "spool", tier, has_scraped(1), headers)


def test_every_family_has_its_name_and_type(tmp_path: Path) -> None:
    """Families of sources are there before the first source is."""
    page = get(Collector(Tier(()), Spool(tmp_path), {}), "/metrics")
    assert page.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = list(text_string_to_metric_families(page.text))
    assert {(family.name, family.type) for family in families} == FAMILIES
    assert all(family.documentation for family in families)
    counters = [sample.name for family in families for sample in family.samples]
    assert [name for name in counters if name.endswith("_created")] == []


def test_the_page_counts_scrapes_and_samples(collector: Collector, tmp_path: Path) -> None:
    """By target, source and address; the totals are those of the segments."""
    page = get(collector, "/metrics").text
    families = text_string_to_metric_families(page)
    samples = {
        (sample.name.removeprefix("tokentide_collector_"), sample.labels.get("target")): sample
        for family in families
        for sample in family.samples
    }
    up, down = samples["up", "a"], samples["up", 'go"ne']
    assert (up.value, down.value) == (1.0, 0.0)
    assert up.labels == {"target": "a", "source": "vllm", "where": collector.loops[0].target.url}
    assert samples["failed_scrapes_total", 'go"ne'].value >= 1
    assert samples["failed_scrapes_total", "a"].value == 0
    # The last scrape may have been cancelled.
    good = samples["samples_total", "a"].value / 2
    assert good <= samples["scrapes_total", "a"].value <= good + 1
    assert samples["segments_total", None].value == 1
    rows = read_rows(tmp_path / "spool")
    assert samples["written_samples_total", None].value == len(rows)
    assert samples["process_start_time_seconds", None].value == collector.started_at


def test_a_source_that_was_not_scraped_yet_is_neither_up_nor_down(collector: Collector) -> None:
    collector.loops[0].health.is_up = None
    page = get(collector, "/metrics").text
    ups = [line for line in page.splitlines() if line.startswith("tokentide_collector_up{")]
    assert len(ups) == 1


def test_prometheus_reads_the_page(collector: Collector) -> None:
    """Its own tool finds nothing wrong with names, types and texts."""
    promtool = require(shutil.which("promtool"), "no promtool: install Debian's prometheus")
    page = get(collector, "/metrics").text
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=page, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_health_names_the_sources_that_are_down(collector: Collector) -> None:
    response = get(collector, "/health")
    assert response.status_code == 200
    health = response.json()
    assert (health["status"], health["sources"], health["lost_samples"]) == ("ok", 2, 0)
    assert health["down"] == {'go"ne http://127.0.0.1:1/metrics': "refused"}
    assert health["last_segment_at"] == collector.spool.tally.closed_at


def test_health_is_bad_while_segments_cannot_be_written(tmp_path: Path) -> None:
    """A monitor sees it by the status code."""
    spool = Spool(tmp_path)
    with full_disk():
        spool.close(OpenSegment([Scrape("t", "vllm", 1, None, (up_series("up"),), (1.0,))], 1))
    response = get(Collector(Tier(()), spool, {}), "/health")
    assert response.status_code == 503
    assert response.json()["status"] == "segments cannot be written"
    assert response.json()["lost_samples"] == 1


def test_no_page_has_a_secret(collector: Collector) -> None:
    assert "s3cret" not in get(collector, "/metrics").text + str(summarise_health(collector))


def test_a_taken_port_is_reported_with_the_way_out(tmp_path: Path) -> None:
    collector = Collector(Tier(()), Spool(tmp_path), {})
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(CollectorBusy, match="Choose another with --port"),
        serve_self_metrics(collector, listener.getsockname()[1]),
    ):
        pass


def test_port_0_serves_nothing(tmp_path: Path) -> None:
    with serve_self_metrics(Collector(Tier(()), Spool(tmp_path), {}), 0) as port:
        assert port == 0


def test_lists_of_targets_are_shown(tmp_path: Path) -> None:
    """The number that is scraped, and whether the last attempt failed; no time before the first."""
    collector = Collector(Tier(()), Spool(tmp_path), {})
    collector.discoveries = {
        "fleet": DiscoveryHealth(7, ("x is refused",), "", 1795295012.0),
        "lost": DiscoveryHealth(problem="http://h/ refuses connections."),
    }
    page = get(collector, "/metrics").text
    assert 'tokentide_collector_discovered_targets{discovery="fleet"} 7.0' in page
    assert 'tokentide_collector_discovery_failed{discovery="fleet"} 0.0' in page
    assert 'tokentide_collector_discovery_failed{discovery="lost"} 1.0' in page
    assert 'tokentide_collector_discovery_refused_targets{discovery="fleet"} 1.0' in page
    assert 'listed_time_seconds{discovery="lost"}' not in page
    lists = get(collector, "/health").json()["lists"]
    assert lists["fleet"]["refused"] == ["x is refused"]
    assert lists["lost"]["problem"] == "http://h/ refuses connections."

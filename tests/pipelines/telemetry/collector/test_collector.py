"""Collecting from real servers on loopback: what they say is kept, what they do not say is a gap, and the end is orderly."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request
from starlette.responses import Response
from support.scripted_server import Responder, bytes_response, scripted_server

from pipelines.cli.collect import status_line
from pipelines.errors import CollectorBusy
from pipelines.telemetry.collector.collector import Collector
from pipelines.telemetry.collector.segments import closed_segments, read_segment
from pipelines.telemetry.collector.self_metrics import health_of, own_page, page_text
from pipelines.telemetry.collector.spool import Spool
from pipelines.telemetry.config.tier import DeviceSource, Target, Tier

PAGE = b"""process_start_time_seconds 1795295012.25
vllm:prompt_tokens_total{engine="0",model_name="m"} 7
vllm:num_requests_running 2
http_x 1
"""
POWER = b'npu_chip_info_power{id="0"} 91.5\n'
SMI = "| NPU Name | Health | Power(W) |\\n| Chip | Bus-Id | AICore(%) |\\n| 0 910B2 | OK | 80.5 |\\n| 0 | x | 50 |\\n"


def collected(
    tmp_path: Path,
    tier: Tier,
    until: Callable[[Collector], bool],
    headers: dict[str, dict[str, str]] | None = None,
) -> Collector:
    """Collect until it is enough, at most ten seconds."""
    collector = Collector(tier, Spool(tmp_path), headers or {})

    async def run() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(collector.run(stop))
        deadline = time.monotonic() + 10
        while (
            not running.done()
            and not (collector.sources and until(collector))
            and time.monotonic() < deadline
        ):
            await asyncio.sleep(0.01)
        stop.set()
        await running

    asyncio.run(run())
    return collector


def asked(times: int) -> Callable[[Collector], bool]:
    """Every source was asked so often, and answered or failed."""
    return lambda collector: all(source.health.scrapes > times for source in collector.sources)


def is_known(collector: Collector) -> bool:
    """Of every source it is known whether it answers."""
    return all(source.health.is_up is not None for source in collector.sources)


def rows(folder: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = pa.concat_tables(
        read_segment(path) for path in closed_segments(folder)
    ).to_pylist()
    return found


def of(found: list[dict[str, object]], metric: str) -> list[dict[str, object]]:
    return [row for row in found if row["metric"] == metric]


def target(url: str, name: str = "a", **more: object) -> Target:
    return Target(name, url, "vllm", scrape_seconds=0.5, **more)  # type: ignore[arg-type]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_what_a_server_says_is_kept(tmp_path: Path) -> None:
    """Known families only, with the start of its process, and one row a scrape that says it worked."""
    with scripted_server(bytes_response(PAGE)) as server:
        collected(tmp_path, Tier((target(server.url, model_map={"mine": "o/m"}),)), asked(3))
    found = rows(tmp_path)
    assert {row["metric"] for row in found} == {"prompt_tokens", "requests_running", "up"}
    ups = of(found, "up")
    assert len(ups) >= 3
    assert {(row["value"], row["labels"]) for row in ups} == {(1.0, 'problems="0",samples="2"')}
    assert {(row["value"], row["model_name"]) for row in of(found, "requests_running")} == {
        (2.0, "mine")
    }
    assert {str(row["started_at"]) for row in of(found, "prompt_tokens")} == {
        "2026-11-21 21:03:32.250000+00:00"
    }
    assert len({row["scraped_at"] for row in ups}) == len(ups)


def test_a_family_that_the_tier_file_names_is_kept_too(tmp_path: Path) -> None:
    """Under its own name."""
    with scripted_server(bytes_response(PAGE)) as server:
        collected(tmp_path, Tier((target(server.url, families=("http_x",)),)), asked(1))
    assert {row["value"] for row in of(rows(tmp_path), "http_x")} == {1.0}


def slow(request: Request) -> Response:
    time.sleep(0.4)
    return Response(PAGE)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (bytes_response(b"", 503), "status_503"),
        (bytes_response(b"", 401), "status_401"),
        (bytes_response(b"", 302, Location="http://127.0.0.1:1/"), "status_302"),
        (bytes_response(b"# padding\n" * 1_700_000), "too_large"),
        (bytes_response(b"not gzip", Content_Encoding="gzip"), "broken_off"),
        (slow, "timeout"),
    ],
)
def test_a_failed_scrape_is_a_gap_with_its_reason(
    tmp_path: Path, reply: Responder, reason: str
) -> None:
    """Never a zero of what could not be read."""
    # Only the slow answer may run out of time, however busy the machine is.
    seconds = 0.2 if reason == "timeout" else 10.0
    with scripted_server(reply) as server:
        collected(
            tmp_path,
            Tier((Target("a", server.url, "vllm", scrape_seconds=seconds),)),
            lambda collector: collector.sources[0].health.failed > 0,
        )
    found = rows(tmp_path)
    assert {(row["metric"], row["value"], row["labels"]) for row in found} == {
        ("up", 0.0, f'reason="{reason}"')
    }


def test_a_server_that_is_not_there_costs_the_others_nothing(tmp_path: Path) -> None:
    """Refused and unknown are told apart."""
    with scripted_server(bytes_response(PAGE)) as server:
        tier = Tier(
            (
                Target("gone", "http://127.0.0.1:1/metrics", "vllm"),
                Target("lost", "http://nowhere.invalid/metrics", "vllm"),
                target(server.url),
            )
        )
        collector = collected(
            tmp_path,
            tier,
            lambda collector: is_known(collector) and collector.sources[2].health.scrapes > 2,
        )
    found = rows(tmp_path)
    assert {(row["target"], row["labels"]) for row in of(found, "up") if row["value"] == 0} == {
        ("gone", 'reason="refused"'),
        ("lost", 'reason="unknown_host"'),
    }
    assert len([row for row in of(found, "up") if row["target"] == "a" and row["value"] == 1]) >= 2
    assert status_line(collector).startswith("1 of 3 up, ")
    assert "down: gone refused, lost unknown_host" in status_line(collector)


def test_problems_of_a_page_are_counted_not_fatal(tmp_path: Path) -> None:
    """The rest of the page is kept."""
    with scripted_server(
        bytes_response(PAGE + b"garbage\nvllm:num_requests_waiting NaN\n")
    ) as server:
        collector = collected(tmp_path, Tier((target(server.url),)), asked(1))
    assert {row["labels"] for row in of(rows(tmp_path), "up")} == {'problems="2",samples="2"'}
    assert collector.sources[0].health.problems >= 2


def test_devices_are_asked_beside_the_server(tmp_path: Path) -> None:
    """A page and a command; those of several machines are told apart, and a source that fails has its own reason."""
    with (
        scripted_server(bytes_response(PAGE)) as server,
        scripted_server(bytes_response(POWER)) as exporter,
    ):
        command = (sys.executable, "-c", f"print('{SMI}')")
        sources = (
            DeviceSource("a", "npu-exporter", exporter.url),
            DeviceSource("a", "npu-smi", None, command),
            DeviceSource("a", "npu-smi", None, (sys.executable, "-c", "raise SystemExit(3)")),
            DeviceSource("a", "npu-smi", None, ("/no/such/npu-smi",)),
        )
        tier = Tier((Target("a", server.url, "vllm", scrape_seconds=2),), sources)
        collected(tmp_path, tier, is_known)
    found = rows(tmp_path)
    powers = {
        (row["engine"], str(row["device"]).split("/")[-1], row["value"])
        for row in of(found, "power_watts")
    }
    assert powers == {("npu-exporter", "0", 91.5), ("npu-smi", "0", 80.5)}
    assert len({row["device"] for row in of(found, "power_watts")}) == 2
    assert {row["labels"] for row in of(found, "device_up") if row["value"] == 0} == {
        'reason="exit_3"',
        'reason="no_such_command"',
    }


def test_a_command_that_hangs_is_ended(tmp_path: Path) -> None:
    """Its time is bounded like that of a page."""
    command = (sys.executable, "-c", "import time; time.sleep(60)")
    tier = Tier((target("http://127.0.0.1:1/"),), (DeviceSource("a", "npu-smi", None, command),))
    collected(tmp_path, tier, lambda collector: collector.sources[-1].health.failed > 0)
    assert of(rows(tmp_path), "device_up")[0]["labels"] == 'reason="timeout"'


def test_a_secret_header_goes_to_its_server_only(tmp_path: Path) -> None:
    """Not to the exporter of the same target."""
    with (
        scripted_server(bytes_response(PAGE)) as server,
        scripted_server(bytes_response(POWER)) as exporter,
    ):
        tier = Tier((target(server.url),), (DeviceSource("a", "npu-exporter", exporter.url),))
        collector = collected(tmp_path, tier, asked(1), {"a": {"Authorization": "Bearer s3cret"}})
        assert server.received[0].headers["authorization"] == "Bearer s3cret"
        assert "authorization" not in exporter.received[0].headers
    assert "s3cret" not in page_text(collector) + json.dumps(health_of(collector)) + json.dumps(
        rows(tmp_path), default=str
    )


def test_three_hundred_targets_are_asked_by_one_process(tmp_path: Path) -> None:
    """Each in its own time, none waiting for a slow one."""
    with scripted_server(bytes_response(PAGE)) as server:
        tier = Tier(
            tuple(
                Target(f"t{number}", server.url, "vllm", scrape_seconds=3) for number in range(300)
            )
        )
        collector = collected(
            tmp_path,
            tier,
            lambda collector: all(source.health.is_up for source in collector.sources),
        )
    assert all(source.health.is_up for source in collector.sources)
    assert len({row["target"] for row in of(rows(tmp_path), "up")}) == 300


def test_the_collector_shows_how_it_goes(tmp_path: Path) -> None:
    """On a page that Prometheus can read."""
    with scripted_server(bytes_response(PAGE)) as server:
        tier = Tier((target(server.url), target("http://127.0.0.1:1/", "gone")))
        collector = collected(tmp_path, tier, asked(1))
        with own_page(collector, free_port()) as port:
            page = httpx.get(f"http://127.0.0.1:{port}/metrics").text
            health = httpx.get(f"http://127.0.0.1:{port}/health").json()
    samples = {
        (sample.name, sample.labels.get("target")): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    assert (samples["tokentide_collector_up", "a"], samples["tokentide_collector_up", "gone"]) == (
        1.0,
        0.0,
    )
    assert samples["tokentide_collector_segments_total", None] == 1.0
    assert samples["tokentide_collector_written_samples_total", None] == len(rows(tmp_path))
    assert health["status"] == "ok"
    assert list(health["down"].values()) == ["refused"]


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    """With the way out."""
    collector = Collector(Tier(()), Spool(tmp_path), {})
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(CollectorBusy, match="Choose another with --port"),
        own_page(collector, listener.getsockname()[1]),
    ):
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_in_order(tmp_path: Path, number: signal.Signals) -> None:
    """The open segment is closed, and the exit code is 0; a second collector was refused meanwhile."""
    with scripted_server(bytes_response(PAGE)) as server:
        tier = tmp_path / "tier.toml"
        tier.write_text(
            f'[[target]]\nname = "a"\nurl = "{server.url}"\nengine = "vllm"\nscrape_seconds = 0.2\n'
        )
        command = [sys.executable, "-m", "pipelines", "collect", "--tier", str(tier), "--port", "0"]
        env = {**os.environ, "TOKENTIDE_HOME": str(tmp_path / "home")}
        process = subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 20
        while len(server.received) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        second = subprocess.run(
            command, check=False, env=env, capture_output=True, text=True, timeout=30
        )
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert "samples in 1 segments" in said
    assert (second.returncode, "CollectorBusy" in second.stderr) == (1, True)
    assert len(of(rows(tmp_path / "home" / "spool" / "telemetry"), "up")) >= 2

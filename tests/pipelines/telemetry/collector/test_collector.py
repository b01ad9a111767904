"""Collecting from real servers on loopback: pages are kept, failures are gaps."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from support.collecting import (
    PAGE,
    collect_until,
    has_scraped,
    knows_all,
    make_target,
    of_metric,
    read_rows,
)
from support.scripted_server import Responder, bytes_response, scripted_server

from pipelines.cli.tier.collect import status_line
from pipelines.telemetry.collector.self_metrics import summarise_health
from pipelines.telemetry.config.tier import DeviceSource, Target, Tier

POWER = b'npu_chip_info_power{id="0"} 91.5\n'
SMI = (
    "| NPU Name | Health | Power(W) |\\n| Chip | Bus-Id | AICore(%) |\\n"
    "| 0 910B2 | OK | 80.5 |\\n| 0 | x | 50 |\\n"
)


def test_the_samples_of_a_server_are_kept(tmp_path: Path) -> None:
    """Known families with the start of the process, and one row a scrape that it worked."""
    with scripted_server(bytes_response(PAGE)) as server:
        tier = Tier((make_target(server.url, model_map={"mine": "o/m"}),))
        collect_until(tmp_path, tier, has_scraped(3))
    rows = read_rows(tmp_path)
    assert {row["metric"] for row in rows} == {"prompt_tokens", "requests_running", "up"}
    ups = of_metric(rows, "up")
    assert len(ups) >= 3
    assert {(row["value"], row["labels"]) for row in ups} == {
        (1.0, 'problems="0",read="4",samples="2",unknown_families="1"')
    }
    running = {(row["value"], row["model_name"]) for row in of_metric(rows, "requests_running")}
    assert running == {(2.0, "mine")}
    starts = {str(row["started_at"]) for row in of_metric(rows, "prompt_tokens")}
    assert starts == {"2026-11-21 21:03:32.250000+00:00"}
    assert len({row["scraped_at"] for row in ups}) == len(ups)


def test_a_family_that_the_tier_file_names_is_kept_too(tmp_path: Path) -> None:
    """It keeps the name that it has on the page."""
    with scripted_server(bytes_response(PAGE)) as server:
        tier = Tier((make_target(server.url, families=("http_x",)),))
        collect_until(tmp_path, tier, has_scraped(1))
    assert {row["value"] for row in of_metric(read_rows(tmp_path), "http_x")} == {1.0}


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
    """Values that could not be read are not zero."""
    # Only the slow reply may run out of time, however busy the machine is.
    seconds = 0.2 if reason == "timeout" else 10.0
    with scripted_server(reply) as server:
        tier = Tier((Target("a", server.url, "vllm", scrape_seconds=seconds),))
        collect_until(tmp_path, tier, lambda collector: collector.loops[0].health.failed > 0)
    rows = read_rows(tmp_path)
    assert {(row["metric"], row["value"], row["labels"]) for row in rows} == {
        ("up", 0.0, f'reason="{reason}"')
    }


def test_a_server_that_is_not_there_delays_no_other(tmp_path: Path) -> None:
    """A refused connection and an unknown host have different reasons."""
    with scripted_server(bytes_response(PAGE)) as server:
        tier = Tier(
            (
                Target("gone", "http://127.0.0.1:1/metrics", "vllm"),
                Target("lost", "http://nowhere.invalid/metrics", "vllm"),
                make_target(server.url),
            )
        )
        collector = collect_until(
            tmp_path,
            tier,
            lambda collector: knows_all(collector) and collector.loops[2].health.scrapes > 2,
        )
    ups = of_metric(read_rows(tmp_path), "up")
    assert {(row["target"], row["labels"]) for row in ups if row["value"] == 0} == {
        ("gone", 'reason="refused"'),
        ("lost", 'reason="unknown_host"'),
    }
    assert len([row for row in ups if row["target"] == "a" and row["value"] == 1]) >= 2
    assert status_line(collector).startswith("1 of 3 up, ")
    assert "down: gone refused, lost unknown_host" in status_line(collector)


def test_problems_of_a_page_are_counted_not_fatal(tmp_path: Path) -> None:
    """The rest of the page is kept."""
    with scripted_server(
        bytes_response(PAGE + b"garbage\nvllm:num_requests_waiting NaN\n")
    ) as server:
        collector = collect_until(tmp_path, Tier((make_target(server.url),)), has_scraped(1))
    ups = of_metric(read_rows(tmp_path), "up")
    assert {row["labels"] for row in ups} == {
        'problems="2",read="5",samples="2",unknown_families="1"'
    }
    assert collector.loops[0].health.problems >= 2


def test_a_page_of_another_engine_is_not_up(tmp_path: Path) -> None:
    """Its health and its row name the engine that would know it."""
    page = b"process_start_time_seconds 1\nsglang:prompt_tokens_total 7\nhttp_x 1\n"
    with scripted_server(bytes_response(page)) as server:
        collector = collect_until(tmp_path, Tier((make_target(server.url),)), has_scraped(1))
    health = collector.loops[0].health
    assert (health.is_up, health.reason) == (False, "no_known_metrics")
    assert health.hint == "sglang would know this page"
    assert "a no_known_metrics (sglang would know this page)" in status_line(collector)
    [up, *_] = of_metric(read_rows(tmp_path), "up")
    assert (up["value"], up["labels"]) == (
        0.0,
        'nearest_engine="sglang",read="3",reason="no_known_metrics",unknown_families="2"',
    )


def test_a_page_in_rays_spelling_is_read(tmp_path: Path) -> None:
    page = b'ray_vllm_generation_tokens_total{model_name="Qwen/Qwen3-8B",ReplicaId="r1"} 1900.0\n'
    with scripted_server(bytes_response(page)) as server:
        collect_until(tmp_path, Tier((make_target(server.url),)), has_scraped(1))
    rows = of_metric(read_rows(tmp_path), "generation_tokens")
    assert {(row["value"], row["model_name"]) for row in rows} == {(1900.0, "Qwen/Qwen3-8B")}


def test_devices_of_a_shared_exporter_are_picked(tmp_path: Path) -> None:
    """Each server has its own; without a pick nothing is kept, and the reason is."""
    page = "".join(f'DCGM_FI_DEV_POWER_USAGE{{gpu="{gpu}"}} 100\n' for gpu in range(8)).encode()
    with (
        scripted_server(bytes_response(PAGE)) as server,
        scripted_server(bytes_response(page)) as exporter,
    ):
        targets = tuple(make_target(server.url, name, devices=2) for name in "ab")
        picked = DeviceSource(
            "a", "dcgm", exporter.url, indices=("6", "7"), headers={"X-Key": "KEY"}
        )
        tier = Tier(targets, (picked, DeviceSource("b", "dcgm", exporter.url)))
        headers = {picked.key: {"X-Key": "s3cret"}}
        collector = collect_until(tmp_path, tier, has_scraped(1), headers)
    rows = read_rows(tmp_path)
    power = {(row["target"], row["device"]) for row in of_metric(rows, "power_watts")}
    assert power == {("a", "6"), ("a", "7")}
    [withheld] = {row["labels"] for row in of_metric(rows, "device_up") if row["target"] == "b"}
    assert 'withheld="8 devices on the page, and the target has 2' in withheld
    assert "8 devices" in summarise_health(collector)["left_out"][f"b {collector.loops[3].address}"]
    assert {each.headers.get("x-key") for each in exporter.received} == {"s3cret", None}


def test_devices_are_scraped_beside_the_server(tmp_path: Path) -> None:
    """Devices of several sources have different names, and a failed source has its own reason."""
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
        collect_until(tmp_path, tier, knows_all)
    rows = read_rows(tmp_path)
    powers = of_metric(rows, "power_watts")
    assert {(row["engine"], row["device"].split("/")[-1], row["value"]) for row in powers} == {
        ("npu-exporter", "0", 91.5),
        ("npu-smi", "0", 80.5),
    }
    assert len({row["device"] for row in powers}) == 2
    failures = {row["labels"] for row in of_metric(rows, "device_up") if row["value"] == 0}
    assert failures == {'reason="exit_3"', 'reason="no_such_command"'}


def test_the_only_device_source_adds_no_prefix(tmp_path: Path) -> None:
    """A device then has the number that its machine gives it."""
    with (
        scripted_server(bytes_response(PAGE)) as server,
        scripted_server(bytes_response(POWER)) as exporter,
    ):
        source = DeviceSource("a", "npu-exporter", exporter.url)
        collect_until(tmp_path, Tier((make_target(server.url),), (source,)), knows_all)
    assert {row["device"] for row in of_metric(read_rows(tmp_path), "power_watts")} == {"0"}


OWN_POWER = b'tokentide:power_watts{engine="0",provenance="rated"} 300\n'


@pytest.mark.parametrize(("has_exporter", "watts"), [(False, {300.0}), (True, {91.5})])
def test_the_devices_of_our_own_server_are_on_its_page(
    tmp_path: Path, has_exporter: bool, watts: set[float]
) -> None:
    """Another source replaces them, so that no power counts twice."""
    with (
        scripted_server(bytes_response(PAGE + OWN_POWER)) as server,
        scripted_server(bytes_response(POWER)) as exporter,
    ):
        sources = (DeviceSource("a", "npu-exporter", exporter.url),) if has_exporter else ()
        target = Target("a", server.url, "tokentide", scrape_seconds=0.5)
        collect_until(tmp_path, Tier((target,), sources), knows_all)
    assert {row["value"] for row in of_metric(read_rows(tmp_path), "power_watts")} == watts


def test_a_secret_header_goes_to_its_server_only(tmp_path: Path) -> None:
    """The exporter of the same target does not get it, and no row has it."""
    with (
        scripted_server(bytes_response(PAGE)) as server,
        scripted_server(bytes_response(POWER)) as exporter,
    ):
        tier = Tier((make_target(server.url),), (DeviceSource("a", "npu-exporter", exporter.url),))
        headers = {"a": {"Authorization": "Bearer s3cret"}}
        collect_until(tmp_path, tier, has_scraped(1), headers)
        assert server.received[0].headers["authorization"] == "Bearer s3cret"
        assert "authorization" not in exporter.received[0].headers
    assert "s3cret" not in json.dumps(read_rows(tmp_path), default=str)


def test_one_process_scrapes_three_hundred_targets(tmp_path: Path) -> None:
    """Each has its own interval, and none waits for a slow one."""
    with scripted_server(bytes_response(PAGE)) as server:
        targets = (
            Target(f"t{number}", server.url, "vllm", scrape_seconds=10) for number in range(300)
        )
        collector = collect_until(
            tmp_path,
            Tier(tuple(targets)),
            lambda collector: all(loop.health.is_up for loop in collector.loops),
            seconds=60,
        )
    assert all(loop.health.is_up for loop in collector.loops)
    assert len({row["target"] for row in of_metric(read_rows(tmp_path), "up")}) == 300


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_in_order(tmp_path: Path, number: signal.Signals) -> None:
    """The open segment is closed, and the exit code is 0; a second collector is refused."""
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
        deadline = time.monotonic() + 60
        while len(server.received) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        second = subprocess.run(
            command, check=False, env=env, capture_output=True, text=True, timeout=60
        )
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "samples in 1 segments" in errors
    assert second.returncode == 1
    refusal = " ".join(second.stderr.split())
    assert "Error: " in refusal
    assert f"process {process.pid}" in refusal
    assert len(of_metric(read_rows(tmp_path / "home" / "spool" / "telemetry"), "up")) >= 2

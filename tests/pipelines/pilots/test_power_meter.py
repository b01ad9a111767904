"""Energy of a block from an exporter's page on loopback."""

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from support.inference.http_server import serve_app

from pipelines.pilots.power_meter import TargetPowerMeter, integrate, total_watts
from pipelines.telemetry.config.tier import parse_tier

TIER = """
[[target]]
name = "t"
url = "{url}/metrics"
engine = "vllm"
devices = {devices}

[[device_source]]
target = "t"
kind = "dcgm"
url = "{url}/devices"
"""
DEVICE = 'DCGM_FI_DEV_POWER_USAGE{{gpu="{0}",UUID="GPU-{0}",modelName="NVIDIA A100"}} {1}\n'


def measure(devices: int, *watts: float, seconds: float = 1.2) -> float | None:
    """Measure for a while what an exporter with this power of each device shows."""

    async def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse("".join(DEVICE.format(*each) for each in enumerate(watts)))

    async def run(url: str) -> float | None:
        tier = parse_tier(TIER.format(url=url, devices=devices))
        async with TargetPowerMeter(tier, tier.targets[0], {}).measure() as reading:
            await asyncio.sleep(seconds)
        return reading.joules

    app = Starlette(routes=[Route("/devices", page), Route("/metrics", lambda _: None)])
    with serve_app(app) as url:
        return asyncio.run(run(url))


def test_the_power_of_all_devices_is_integrated_over_the_block() -> None:
    joules = measure(2, 300.0, 200.0)
    assert joules is not None
    assert 500 * 1.2 <= joules < 500 * 4


def test_a_device_that_is_not_read_leaves_energy_unknown() -> None:
    """One of two: the half is not the whole."""
    assert measure(2, 300.0) is None


def test_an_exporter_that_is_gone_leaves_energy_unknown() -> None:
    assert measure(1) is None


def test_watts_between_readings_are_their_mean() -> None:
    assert integrate([(0.0, 100.0), (1.0, 200.0), (3.0, 200.0)]) == pytest.approx(550)
    assert integrate([(0.0, 100.0), (1.0, None), (2.0, 100.0)]) is None
    assert integrate([(0.0, 100.0), (60.0, 100.0)]) is None


def test_a_meter_of_the_whole_machine_stands_for_all_devices() -> None:
    assert total_watts({"all devices": 900.0}, 8) == 900
    assert total_watts({"gpu0": 300.0, "gpu1": 100.0}, 2) == 400
    assert total_watts({"gpu0": 300.0, "gpu1": 100.0}, 3) is None

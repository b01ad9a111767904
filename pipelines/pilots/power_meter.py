"""Energy of a target's devices during a block, from their power in the tier file's sources.

Power is read every second and integrated. It counts only if it was measured, of all devices of the
target, from the beginning of the block to its end.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise

import aiohttp

from models.pilot.run import EnergyReading
from pipelines.telemetry.collector.collector import SharedReaders
from pipelines.telemetry.collector.scrape_loops import ScrapeLoop, WantedTarget, make_loops
from pipelines.telemetry.collector.scraping import make_client, make_context
from pipelines.telemetry.config.device_pick import ALL_DEVICES
from pipelines.telemetry.config.tier import Target, Tier

SAMPLE_SECONDS = 1.0
MAX_GAP_SECONDS = 5.0  # between two readings
RATED = 'provenance="rated"'
PowerReading = tuple[float, float | None]
"""Instant, and watts of all devices; None where they were not all read."""


class TargetPowerMeter:
    """Meter of one target. It connects for each block, and asks nothing between blocks."""

    def __init__(
        self, tier: Tier, target: Target, headers: Mapping[str, Mapping[str, str]]
    ) -> None:
        sources = tier.sources_of(target)
        keys = {target.name, *(each.key for each in sources)}
        own = {key: each for key, each in headers.items() if key in keys}
        self._wanted = WantedTarget(target, sources, own)

    @asynccontextmanager
    async def measure(self) -> AsyncIterator[EnergyReading]:
        """Measure while the `async with` lasts."""
        reading = EnergyReading()
        async with AsyncExitStack() as stack:
            loops = await self._make_loops(stack)
            readings = [await self._read(loops)]
            sampling = asyncio.create_task(self._sample(loops, readings))
            try:
                yield reading
            finally:
                sampling.cancel()
                await asyncio.gather(sampling, return_exceptions=True)
            readings.append(await self._read(loops))
            reading.joules = integrate(readings)

    async def _make_loops(self, stack: AsyncExitStack) -> list[ScrapeLoop]:
        clients: dict[str, aiohttp.ClientSession] = {}
        files = {each.key: each.ca_file for each in self._wanted.sources}

        def make(key: str) -> aiohttp.ClientSession:
            context = make_context(files.get(key, self._wanted.target.ca_file))
            clients[key] = make_client(self._wanted.headers.get(key, {}), context)
            return clients[key]

        loops = make_loops(self._wanted, SharedReaders().find(self._wanted).read, make)
        for client in clients.values():
            await stack.enter_async_context(client)
        return loops

    async def _sample(self, loops: Sequence[ScrapeLoop], readings: list[PowerReading]) -> None:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            readings.append(await self._read(loops))

    async def _read(self, loops: Sequence[ScrapeLoop]) -> PowerReading:
        """Read all devices at once; several instants within a second are taken as one."""
        before = time.perf_counter()
        scrapes = await asyncio.gather(*(loop.scrape() for loop in loops))
        at = (before + time.perf_counter()) / 2
        watts: dict[str, float] = {}
        for scrape in scrapes:
            for series, value in zip(scrape.series, scrape.values, strict=True):
                if series.metric == "power_watts" and series.device:
                    if RATED in series.labels:
                        return at, None
                    watts[f"{scrape.device_prefix}{series.device}"] = value
        return at, total_watts(watts, self._wanted.target.devices)


def total_watts(watts: Mapping[str, float], devices: int) -> float | None:
    """Add up the power of all devices; None where fewer or more were read than the target has."""
    whole = [value for device, value in watts.items() if device.endswith(ALL_DEVICES)]
    if whole:
        return sum(whole)
    return sum(watts.values()) if len(watts) == devices else None


def integrate(readings: Sequence[PowerReading]) -> float | None:
    """Return the joules between the first and the last reading; None where power was not known."""
    joules = 0.0
    for (start, before), (end, after) in pairwise(readings):
        if before is None or after is None or end - start > MAX_GAP_SECONDS:
            return None
        joules += (end - start) * (before + after) / 2
    return joules

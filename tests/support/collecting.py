"""A collector that runs until it has enough, and the rows of its segments."""

import asyncio
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.telemetry.collector.collector import Collector
from pipelines.telemetry.collector.segments import closed_segments, read_segment
from pipelines.telemetry.collector.spool import Spool
from pipelines.telemetry.config.tier import Target, Tier

# A page of vLLM with two known families and one that is not.
PAGE = b"""process_start_time_seconds 1795295012.25
vllm:prompt_tokens_total{engine="0",model_name="m"} 7
vllm:num_requests_running 2
http_x 1
"""
Row = dict[str, Any]


def collect_until(
    folder: Path,
    tier: Tier,
    is_enough: Callable[[Collector], bool],
    headers: Mapping[str, Mapping[str, str]] | None = None,
    seconds: float = 20,
) -> Collector:
    """Collect into a folder until it is enough, or for this number of seconds at most."""
    collector = Collector(tier, Spool(folder), headers or {})

    async def run() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(collector.run(stop))
        deadline = time.monotonic() + seconds
        while not (running.done() or (collector.loops and is_enough(collector))):
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.01)
        stop.set()
        await running

    asyncio.run(run())
    return collector


def has_scraped(times: int) -> Callable[[Collector], bool]:
    """Make a condition: each source was scraped more often than this, successfully or not."""
    return lambda collector: all(loop.health.scrapes > times for loop in collector.loops)


def knows_all(collector: Collector) -> bool:
    """Tell whether a scrape of each source has ended."""
    return all(loop.health.is_up is not None for loop in collector.loops)


def read_rows(folder: Path) -> list[Row]:
    """Read the rows of all closed segments of a folder."""
    rows: list[Row] = pa.concat_tables(
        read_segment(path) for path in closed_segments(folder)
    ).to_pylist()
    return rows


def of_metric(rows: list[Row], metric: str) -> list[Row]:
    """Select the rows of a metric."""
    return [row for row in rows if row["metric"] == metric]


def make_target(url: str, name: str = "a", **more: Any) -> Target:
    """Make a target of vLLM that is scraped twice a second."""
    return Target(name, url, "vllm", scrape_seconds=0.5, **more)


def free_port() -> int:
    """Return a port that nobody uses at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port

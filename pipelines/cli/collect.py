"""The verb `collect`: asks the targets of the tier file until it is told to stop."""

import asyncio
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from pipelines.cli.console import stderr
from pipelines.settings import read_settings

if TYPE_CHECKING:
    from pipelines.telemetry.collector.collector import Collector

SHOW_SECONDS = 0.5


def collect(
    tier: Annotated[
        Path | None, typer.Option(help="The tier file. Default: TOKENTIDE_TIER, or else tier.toml.")
    ] = None,
    port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            help="Where the collector's own /metrics and /health are; 0 for nowhere.",
        ),
    ] = 9464,
    max_mib: Annotated[
        int,
        typer.Option(
            "--max-mib",
            "--most-mib",
            min=1,
            help="Room for segments that nobody loaded yet; beyond it the oldest go.",
        ),
    ] = 2048,
    segment_seconds: Annotated[
        float, typer.Option(min=0.1, max=3600, help="After how long a segment is closed.")
    ] = 60.0,
) -> None:
    """Ask the inference tier's servers and devices for their metrics, and keep them in the spool, until Ctrl-C or SIGTERM.

    Examples:

        tokentide collect

        tokentide collect --tier fleet.toml --max-mib 512 --port 0
    """
    from pipelines.telemetry.collector.collector import Collector
    from pipelines.telemetry.collector.self_metrics import serve_self_metrics
    from pipelines.telemetry.collector.spool import lock_spool, Spool
    from pipelines.telemetry.config.headers import resolve_headers
    from pipelines.telemetry.config.tier import read_tier

    settings = read_settings()
    known = read_tier(tier or settings.tier)
    headers = resolve_headers(known, settings.variables)
    with ExitStack() as held:
        held.enter_context(lock_spool(settings.telemetry_spool))
        collector = Collector(
            known, Spool(settings.telemetry_spool, max_mib, segment_seconds), headers
        )
        held.enter_context(serve_self_metrics(collector, port))
        stderr.print(
            f"Collecting from {len(known.targets)} targets into {escape(str(settings.telemetry_spool))}. Ctrl-C ends it."
        )
        asyncio.run(_collect(collector))
    tally = collector.spool.tally
    stderr.print(f"{tally.rows} samples in {tally.segments} segments, {tally.segment_bytes} bytes.")


async def _collect(collector: "Collector") -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    showing = asyncio.create_task(_show(collector)) if stderr.is_terminal else None
    try:
        await collector.run(stop)
    finally:
        if showing:
            showing.cancel()


async def _show(collector: "Collector") -> None:
    with stderr.status("") as status:
        while True:
            status.update(escape(status_line(collector)))
            await asyncio.sleep(SHOW_SECONDS)


def status_line(collector: "Collector") -> str:
    """How it goes, on one line."""
    up = sum(loop.health.is_up is True for loop in collector.loops)
    down = [
        f"{loop.target.name} {loop.health.reason}"
        for loop in collector.loops
        if loop.health.is_up is False
    ]
    tally = collector.spool.tally
    said = f"{up} of {len(collector.loops)} up, {collector.spool.open.rows} samples open, {tally.segments} segments"
    return said + (f"; down: {', '.join(down[:3])}{' …' if len(down) > 3 else ''}" if down else "")

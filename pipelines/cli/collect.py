"""The verb `collect`: scrape the targets of the tier file until Ctrl-C."""

import asyncio
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from pipelines.cli.console import stderr
from pipelines.settings import read_settings

if TYPE_CHECKING:
    from pipelines.telemetry.collector.collector import Collector

STATUS_SECONDS = 0.5
MAX_DOWN = 3  # targets that the status line names
# `--max-mib` was once called `--most-mib`. The old spelling still works, but `--help` omits it.
RENAMED = {"most-mib": "max-mib"}
OPTIONS: dict[str, Any] = {
    "context_settings": {"token_normalize_func": lambda name: RENAMED.get(name, name)}
}


def collect(
    tier: Annotated[
        Path | None, typer.Option(help="Tier file. Default: TOKENTIDE_TIER, or else tier.toml.")
    ] = None,
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, help="Port of the collector's own /metrics and /health; 0 for none."
        ),
    ] = 9464,
    max_mib: Annotated[
        int,
        typer.Option(min=1, help="Room for segments not loaded yet; the oldest make way."),
    ] = 2048,
    segment_seconds: Annotated[
        float, typer.Option(min=0.1, max=3600, help="Seconds after which a segment is closed.")
    ] = 60.0,
) -> None:
    """Scrape the inference tier's servers and devices into the spool, until Ctrl-C or SIGTERM.

    Examples:

        tokentide collect

        tokentide collect --tier fleet.toml --max-mib 512 --port 0
    """
    from pipelines.telemetry.collector.collector import Collector
    from pipelines.telemetry.collector.self_metrics import serve_self_metrics
    from pipelines.telemetry.collector.spool import Spool, lock_spool
    from pipelines.telemetry.config.headers import resolve_headers
    from pipelines.telemetry.config.tier import read_tier

    settings = read_settings()
    folder = settings.telemetry_spool
    known = read_tier(tier or settings.tier)
    headers = resolve_headers(known, settings.variables)
    with ExitStack() as held:
        held.enter_context(lock_spool(folder))
        collector = Collector(known, Spool(folder, max_mib, segment_seconds), headers)
        held.enter_context(serve_self_metrics(collector, port))
        stderr.print(
            f"Collecting from {len(known.targets)} targets into {escape(str(folder))}. "
            "Ctrl-C ends it."
        )
        asyncio.run(_collect(collector))
    tally = collector.spool.tally
    stderr.print(f"{tally.rows} samples in {tally.segments} segments, {tally.segment_bytes} bytes.")


def status_line(collector: "Collector") -> str:
    """Format the collector's state in one line: targets up, samples, segments, targets down."""
    up = sum(loop.health.is_up is True for loop in collector.loops)
    down = [
        f"{loop.target.name} {loop.health.reason}"
        + (f" ({loop.health.hint})" if loop.health.hint else "")
        for loop in collector.loops
        if loop.health.is_up is False
    ]
    left_out = [
        f"{loop.target.name}: {loop.health.hint}"
        for loop in collector.loops
        if loop.health.is_up and loop.health.hint
    ]
    spool = collector.spool
    line = (
        f"{up} of {len(collector.loops)} up, {spool.open.rows} samples open, "
        f"{spool.tally.segments} segments"
    )
    if down:
        line += f"; down: {', '.join(down[:MAX_DOWN])}{' …' if len(down) > MAX_DOWN else ''}"
    return f"{line}; left out: {left_out[0]}" if left_out else line


async def _collect(collector: "Collector") -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    display = asyncio.create_task(_show_status(collector)) if stderr.is_terminal else None
    try:
        await collector.run(stop)
    finally:
        if display:
            display.cancel()


async def _show_status(collector: "Collector") -> None:
    with stderr.status("") as status:
        while True:
            status.update(escape(status_line(collector)))
            await asyncio.sleep(STATUS_SECONDS)

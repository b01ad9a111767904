"""The verb `collect`: scrape the targets of the tier file until Ctrl-C."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from pipelines.cli.console import stderr, stdout
from pipelines.cli.tier.trust import check_commands
from pipelines.settings import read_settings

if TYPE_CHECKING:
    from pipelines.telemetry.collector.collector import Collector
    from pipelines.telemetry.config.tier import Tier
    from pipelines.telemetry.discovery.fleet import Headers

STATUS_SECONDS = 0.5
MAX_DOWN = 3  # targets that the status line names
# `--max-mib` was once called `--most-mib`. The old spelling still works, but `--help` omits it.
RENAMED = {"most-mib": "max-mib"}
OPTIONS: dict[str, Any] = {
    "context_settings": {"token_normalize_func": lambda name: RENAMED.get(name, name)}
}

OwnPort = Annotated[
    int,
    typer.Option(
        min=0, max=65535, help="Port of the collector's own /metrics and /health; 0 for none."
    ),
]
MaxMib = Annotated[
    int, typer.Option(min=1, help="Room for segments not loaded yet; the oldest make way.")
]
SegmentSeconds = Annotated[
    float | None,
    typer.Option(min=0.1, max=3600, help="Seconds after which a segment is closed; else 30."),
]
ShardOption = Annotated[
    str | None,
    typer.Option("--shard", help="Part of the targets, as 3/8; another collector has each other."),
]
CheckLists = Annotated[
    bool, typer.Option("--check", help="Only print what each [[discover]] of the tier file finds.")
]
TrustCommands = Annotated[
    bool, typer.Option("--trust", help="Allow the commands of this folder's tier.toml, for good.")
]


def collect(
    tier: Annotated[
        Path | None, typer.Option(help="Tier file. Default: TOKENTIDE_TIER, or else tier.toml.")
    ] = None,
    port: OwnPort = 9464,
    max_mib: MaxMib = 2048,
    segment_seconds: SegmentSeconds = None,
    shard: ShardOption = None,
    check: CheckLists = False,
    trust: TrustCommands = False,
) -> None:
    """Scrape the inference tier's servers and devices into the spool, until Ctrl-C or SIGTERM.

    The tier file and its lists of targets are read again while it runs. A tier.toml of the current
    folder that runs commands has to be allowed to, once.

    Examples:

        tokentide collect

        tokentide collect --check

        tokentide collect --tier fleet.toml --max-mib 512 --port 0

        tokentide collect --shard 3/8
    """
    from pipelines.telemetry.collector.collector import Collector
    from pipelines.telemetry.collector.self_metrics import serve_self_metrics
    from pipelines.telemetry.collector.shard import parse_shard
    from pipelines.telemetry.collector.spool import MAX_SEGMENT_SECONDS, Spool, lock_spool

    settings = read_settings()
    path = tier or settings.tier
    is_named = tier is not None or settings.is_tier_named
    known, headers = _read_tier(path)
    if check:
        raise typer.Exit(0 if _print_check(known, headers) else 1)
    check_commands(path, known, is_named=is_named, trust=trust)
    part = parse_shard(shard)
    with ExitStack() as held:
        held.enter_context(lock_spool(settings.telemetry_spool))
        seconds = segment_seconds or MAX_SEGMENT_SECONDS
        spool = Spool(settings.telemetry_spool, max_mib, seconds)
        collector = Collector(known, spool, headers, part)
        held.enter_context(serve_self_metrics(collector, port))
        lists = f" and {len(known.discovers)} lists" if known.discovers else ""
        stderr.print(
            f"Collecting from {len(known.targets)} targets{lists} into "
            f"{escape(str(settings.telemetry_spool))}. Ctrl-C ends it."
        )
        read = partial(_read_allowed, path, is_named=is_named)
        _run(_collect(collector, path, known, headers, settings.tier_spool, read))
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


def _read_tier(path: Path) -> "tuple[Tier, Headers]":
    """Read the tier file, and the values of its headers from the environment or `.env`."""
    from pipelines.telemetry.collector.scraping import check_authorities
    from pipelines.telemetry.config.headers import resolve_headers
    from pipelines.telemetry.config.tier import read_tier

    known = read_tier(path)
    check_authorities(known)
    return known, resolve_headers(known, read_settings().variables)


def _read_allowed(path: Path, *, is_named: bool) -> "tuple[Tier, Headers]":
    """Read the tier file again. New commands have to be allowed, too."""
    known, headers = _read_tier(path)
    check_commands(path, known, is_named=is_named)
    return known, headers


def _print_check(tier: "Tier", headers: "Headers") -> bool:
    """Print what each list finds now; return true if all of them can be read and used whole."""
    from pipelines.telemetry.discovery.checking import check_lists

    table = Table("list", "target", "service", "engine", "address", "devices", box=None)
    checked = asyncio.run(check_lists(tier, headers))
    for each in checked:
        for found in each.targets:
            target = found.target
            devices = f"{target.devices} {target.device_kind or ''}".strip()
            cells = (each.name, target.name, target.service or "", target.engine, target.url)
            table.add_row(*map(escape, (*cells, devices)))
    if table.row_count:
        stdout.print(table)
    for each in checked:
        stderr.print(escape(f"{each.name}: {len(each.targets)} targets"), soft_wrap=True)
        for sentence in (*each.refused, *filter(None, [each.problem])):
            stderr.print(f"[red]no[/red] {escape(each.name)}: {escape(sentence)}", soft_wrap=True)
    if not checked:
        stderr.print(
            "The tier file has no [[discover]]; tier.toml.example shows one.", markup=False
        )
    return not any(each.refused or each.problem for each in checked)


def failed_lists(collector: "Collector") -> str:
    """Name the lists that could not be read the last time; nothing if all could."""
    failed = [name for name, health in collector.discoveries.items() if health.problem]
    more = " …" if len(failed) > MAX_DOWN else ""
    return f"; lists not read: {', '.join(failed[:MAX_DOWN])}{more}" if failed else ""


def _run(collecting: Coroutine[Any, Any, None]) -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(collecting)


async def _collect(
    collector: "Collector",
    path: Path,
    tier: "Tier",
    headers: "Headers",
    records: Path,
    read: "Callable[[], tuple[Tier, Headers]]",
) -> None:
    from pipelines.telemetry.discovery.fleet import Fleet
    from pipelines.telemetry.discovery.watching import FleetWatch

    stop = asyncio.Event()
    fleet = Fleet(collector, records, _say)
    watch = FleetWatch(path, read, fleet, _say)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    display = asyncio.create_task(_show_status(collector)) if stderr.is_terminal else None
    try:
        await collector.run(stop, lambda tasks: watch.run(tasks, tier, headers))
    finally:
        if display:
            display.cancel()


def _say(line: str) -> None:
    stderr.print(line, markup=False, highlight=False, soft_wrap=True)


async def _show_status(collector: "Collector") -> None:
    with stderr.status("") as status:
        while True:
            status.update(escape(status_line(collector) + failed_lists(collector)))
            await asyncio.sleep(STATUS_SECONDS)

"""The verb `receive`: take in pushed metrics until Ctrl-C."""

import asyncio
import signal
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from pipelines.cli.console import stderr
from pipelines.errors import BadSetting, BadTier, CollectorBusy, LockHeld
from pipelines.locks import file_lock
from pipelines.settings import Settings, read_settings

if TYPE_CHECKING:
    from pipelines.telemetry.config.tier import Tier
    from pipelines.telemetry.discovery.watching import State
    from pipelines.telemetry.receiver.receiver import PushReceiver

STATUS_SECONDS = 0.5
KEY_VARIABLE = "TOKENTIDE_RECEIVE_KEY"
MIN_KEY = 12


def receive(
    host: Annotated[
        str, typer.Option(help="Address to listen on; any but loopback needs a key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for a free one.")] = 9465,
    api_key: Annotated[
        str | None,
        typer.Option(
            help=f"Key that senders bring as a bearer token. Better in {KEY_VARIABLE}.",
            show_default=False,
        ),
    ] = None,
    tier: Annotated[
        Path | None, typer.Option(help="Tier file. Default: TOKENTIDE_TIER, or else tier.toml.")
    ] = None,
    max_mib: Annotated[
        int, typer.Option(min=1, help="Room for segments not loaded yet; then senders wait.")
    ] = 2048,
    segment_seconds: Annotated[
        float, typer.Option(min=0.1, max=3600, help="Seconds after which a segment is closed.")
    ] = 30.0,
) -> None:
    """Take in Prometheus remote write and OTLP metrics, until Ctrl-C or SIGTERM.

    Remote write 2.0 and 1.0 go to /api/v1/write, OTLP over HTTP to /v1/metrics. Samples end in the
    segments that `tokentide collect` writes, and a sender gets its answer once they are on disk.
    The tier file is read again when it changes.

    Examples:

        tokentide receive

        tokentide receive --port 4318

        TOKENTIDE_RECEIVE_KEY=... tokentide receive --host 0.0.0.0
    """
    settings = read_settings()
    key = _find_key(api_key, settings)
    _require_key(host, key)
    _require_packages()
    tier_file = _TierFile.look_at(tier or settings.tier)
    known = _read_tier(tier, settings)
    with ExitStack() as held:
        try:
            held.enter_context(file_lock(settings.received_spool / ".lock", blocking=False))
        except LockHeld as error:
            raise CollectorBusy(f"Another receiver takes in for this home: {error}") from error
        listener = held.enter_context(_listen(host, port))
        receiver = _make(known, settings, max_mib, segment_seconds)
        asyncio.run(_receive(receiver, listener, key, settings.telemetry_spool, tier_file))
    tally = receiver.tally
    stderr.print(f"{tally.rows} samples in {tally.segments} segments, {tally.segment_bytes} bytes.")


def receiver_line(receiver: "PushReceiver") -> str:
    """Format the receiver's state in one line: servers, samples, segments, what is refused."""
    tally, pages = receiver.tally, receiver.pages
    line = (
        f"{receiver.servers} servers, {tally.requests} requests, "
        f"{pages.samples + receiver.held.rows} samples open, {tally.segments} segments"
    )
    refused = tally.refused + tally.histograms + tally.exemplars
    parts = [
        (tally.left_out + pages.homeless, "left out"),
        (refused, "refused"),
        (tally.refused_requests, "requests refused"),
    ]
    line += "".join(f"; {count} {what}" for count, what in parts if count)
    problem = receiver.problem()
    return f"{line}; senders wait: {problem}" if problem else line


def _find_key(given: str | None, settings: Settings) -> str | None:
    key = settings.variables.get(KEY_VARIABLE, "").strip() or None if given is None else given
    if key is not None and not (len(key) >= MIN_KEY and key.isascii() and key.isprintable()):
        raise BadSetting(
            f"The key of --api-key or {KEY_VARIABLE} must be at least {MIN_KEY} printable ASCII "
            "characters, such as what `openssl rand -hex 16` prints."
        )
    if key and " " in key:
        raise BadSetting(f"The key of --api-key or {KEY_VARIABLE} must have no spaces.")
    return key


def _require_key(host: str, key: str | None) -> None:
    from dashboards.web.access import is_loopback

    if key is None and not is_loopback(host):
        raise BadSetting(
            f"On {host} others could write, too: set {KEY_VARIABLE}, such as to what "
            "`openssl rand -hex 16` prints, or listen on 127.0.0.1."
        )


def _read_tier(named: Path | None, settings: Settings) -> "Tier":
    """Read the tier file; without one, servers are targets by what they push."""
    from pipelines.telemetry.config.tier import Tier, read_tier

    path = named or settings.tier
    is_missing = not path.exists() and named is None and not settings.is_tier_named
    return Tier() if is_missing else read_tier(path)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise CollectorBusy(
            f"{host} port {port} cannot be used ({error.strerror}). Choose another with --port."
        ) from error


def _require_packages() -> None:
    try:
        import_module("pipelines.telemetry.receiver.server")
    except ModuleNotFoundError as error:
        raise BadSetting(
            f"The package {error.name} is missing. Install it: pip install 'tokentide[receive]'."
        ) from error


def _make(tier: "Tier", settings: Settings, max_mib: int, segment_seconds: float) -> "PushReceiver":
    from pipelines.telemetry.receiver.receiver import PushReceiver, ReceiverFolders, ReceiverLimits

    folders = ReceiverFolders(
        settings.received_spool, settings.telemetry_spool, settings.tier_spool
    )
    limits = ReceiverLimits(max_mib, segment_seconds, kept_days=settings.telemetry_days)
    return PushReceiver(tier, folders, limits)


@dataclass(frozen=True)
class _TierFile:
    """The tier file, and its state before it was read."""

    path: Path
    seen: "State"

    @classmethod
    def look_at(cls, path: Path) -> "_TierFile":
        """Note the state of a file, which may be missing."""
        from pipelines.telemetry.discovery.watching import state_of

        return cls(path, state_of([path]))

    async def follow(self, receiver: "PushReceiver") -> None:
        """Let the receiver use the file whenever it has changed, until this is cancelled."""
        from pipelines.telemetry.config.tier import read_tier
        from pipelines.telemetry.discovery.watching import changes_of

        async for _ in changes_of(self.path, self.seen):
            try:
                tier = await asyncio.to_thread(read_tier, self.path)
            except BadTier as error:
                text = f"{error}\n{self.path.name} is used as it was before."
            else:
                await receiver.use_tier(tier)
                text = f"{self.path.name} has changed: {len(tier.targets)} targets in it now."
            stderr.print(text, markup=False, soft_wrap=True)


async def _receive(
    receiver: "PushReceiver",
    listener: socket.socket,
    key: str | None,
    folder: Path,
    tier_file: _TierFile,
) -> None:
    from pipelines.telemetry.receiver.server import serve

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    host, port = listener.getsockname()[:2]
    place = f"[{host}]" if ":" in host else host
    stderr.print(
        f"Receiving on http://{place}:{port}: remote write at /api/v1/write, OTLP at /v1/metrics, "
        f"into {escape(str(folder))}. Ctrl-C ends it."
    )
    beside = [asyncio.create_task(tier_file.follow(receiver))]
    if stderr.is_terminal:
        beside.append(asyncio.create_task(_show_status(receiver)))
    try:
        await serve(receiver, listener, key, stop)
    finally:
        for each in beside:
            each.cancel()


async def _show_status(receiver: "PushReceiver") -> None:
    with stderr.status("") as status:
        while True:
            status.update(escape(receiver_line(receiver)))
            await asyncio.sleep(STATUS_SECONDS)

"""Pushes as senders make them, and a receiver that runs while a test sends."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import httpx
import pyarrow as pa

from models.server.access.connections import BoundedConnection
from pipelines.telemetry.config.tier import Tier
from pipelines.telemetry.receiver.messages import Label, Request, WriteRequest
from pipelines.telemetry.receiver.receiver import PushReceiver, ReceiverFolders, ReceiverLimits
from pipelines.telemetry.receiver.server import serve

V1 = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
V2 = {
    "Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "2.0.0",
}
SERVER = {"job": "vllm", "instance": "10.0.0.1:8000"}
NOW_MS = round(time.time() * 1000)

Point = tuple[Mapping[str, str], float, int]  # labels, value, milliseconds since 1970


def of_server(name: str, value: float, at: int = NOW_MS, **labels: str) -> Point:
    """Make a sample of a server of vLLM."""
    return {"__name__": name, **SERVER, **labels}, value, at


def tokens_page(tokens: float, at: int = NOW_MS, **labels: str) -> list[Point]:
    """Make the samples of one scrape, with what Prometheus adds."""
    return [
        of_server("up", 1.0, at, **labels),
        of_server("process_start_time_seconds", 1795295012.25, at, **labels),
        of_server("vllm:generation_tokens_total", tokens, at, model_name="m", **labels),
        of_server("vllm:num_requests_running", 2.0, at, model_name="m", **labels),
        of_server("python_gc_objects", 5.0, at, **labels),
    ]


def snappy(content: bytes) -> bytes:
    """Compress as remote write does."""
    return bytes(pa.compress(content, codec="snappy", asbytes=True))


def write_request(points: Sequence[Point]) -> bytes:
    """Make a body of version 1.0."""
    request = WriteRequest()
    for labels, value, at in points:
        series = request.timeseries.add()
        series.labels.extend(
            Label(name=name, value=labels[name]).SerializeToString() for name in sorted(labels)
        )
        series.samples.add(value=value, timestamp=at)
    return snappy(request.SerializeToString())


def request_v2(points: Sequence[Point], started_ms: int = 0) -> bytes:
    """Make a body of version 2.0."""
    request, symbols = Request(), {"": 0}
    for labels, value, at in points:
        series = request.timeseries.add()
        for name in sorted(labels):
            for text in (name, labels[name]):
                series.labels_refs.append(symbols.setdefault(text, len(symbols)))
        series.samples.add(value=value, timestamp=at, start_timestamp=started_ms)
    request.symbols.extend(symbols)
    return snappy(request.SerializeToString())


@dataclass(frozen=True)
class Receiving:
    """A receiver that runs, and its address."""

    receiver: PushReceiver
    url: str

    def write(self, body: bytes, headers: Mapping[str, str] = V1) -> httpx.Response:
        """Send a remote write."""
        return httpx.post(
            f"{self.url}/api/v1/write", content=body, headers=dict(headers), trust_env=False
        )


LIMITS = ReceiverLimits(segment_seconds=0.3, settle_seconds=0.3)


def folders_of(home: Path) -> ReceiverFolders:
    """Return the folders of a receiver in a home."""
    spool = home / "spool"
    return ReceiverFolders(spool / "received", spool / "telemetry", spool / "tier")


@contextmanager
def receiving(
    home: Path,
    tier: Tier | None = None,
    key: str | None = None,
    limits: ReceiverLimits = LIMITS,
    connection: type[BoundedConnection] = BoundedConnection,
) -> Iterator[Receiving]:
    """Run a receiver in a thread while the `with` lasts; afterwards all is in segments."""
    with ThreadPoolExecutor(1) as thread, socket.create_server(("127.0.0.1", 0)) as listener:
        begun: Future[tuple[PushReceiver, Callable[[], object]]] = Future()

        async def run() -> None:
            stop, loop = asyncio.Event(), asyncio.get_running_loop()
            receiver = PushReceiver(tier or Tier(), folders_of(home), limits)
            begun.set_result((receiver, partial(loop.call_soon_threadsafe, stop.set)))
            await serve(receiver, listener, key, stop, connection)

        running = thread.submit(asyncio.run, run())
        receiver, end = begun.result(20)
        try:
            yield Receiving(receiver, f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            end()
            running.result(30)


def wait_until(is_so: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it is not so in time"
        time.sleep(0.02)


def shorter(limits: ReceiverLimits = LIMITS, **changes: float) -> ReceiverLimits:
    """Return limits with changes."""
    return replace(limits, **changes)  # type: ignore[arg-type]

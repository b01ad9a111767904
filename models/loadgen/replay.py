"""An open loop: each request is sent when it is due, whatever became of the others."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter, process_time

from models.loadgen.arrivals import Arrival, cap_tokens
from models.loadgen.client import send_request, make_record
from models.loadgen.prompts import RequestOptions, build_body
from models.loadgen.records import RequestRecord
from models.loadgen.target import ConnectionPool, LoadTarget

PROGRESS_SECONDS = 2.0


@dataclass
class LoadTest:
    """What was seen so far; it is worth reporting at any moment, also where the run was stopped."""

    planned: int
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    begun: int = 0
    elapsed_s: float = 0.0
    cpu_s: float = 0.0  # of this process, while it ran
    was_stopped: bool = False
    records: list[RequestRecord] = field(default_factory=list)


async def replay(
    run: LoadTest,
    arrivals: Sequence[Arrival],
    target: LoadTarget,
    manner: RequestOptions,
    max_tokens: int | None = None,
    say: Callable[[str], None] | None = None,
) -> None:
    """Send all of them and wait for their ends; what is seen is added to `run`. Cancelling it ends what is open."""
    async with aclosing(ConnectionPool(target)) as connections:
        used, start = process_time(), perf_counter()
        run.started_at = datetime.now(UTC)

        async def one(number: int, arrival: Arrival, is_capped: bool, content: bytes) -> None:
            exchange = await send_request(connections, target, manner, content)
            run.records.append(make_record(number, arrival, is_capped, start, exchange))

        try:
            async with _progress(run, say), asyncio.TaskGroup() as group:
                for number, arrival in enumerate(arrivals):
                    fitting = cap_tokens(arrival, max_tokens) if max_tokens else arrival
                    # Made before it is due, so that a long prompt costs no time then.
                    content = build_body(manner, number, fitting)
                    await _until(start + arrival.at_s)
                    group.create_task(one(number, fitting, fitting != arrival, content))
                    run.begun += 1
        finally:
            run.elapsed_s, run.cpu_s = perf_counter() - start, process_time() - used


async def _until(moment: float) -> None:
    # Also where it is late: those that are due must come to their turn.
    await asyncio.sleep(0)
    while (left := moment - perf_counter()) > 0:
        await asyncio.sleep(left)


@asynccontextmanager
async def _progress(run: LoadTest, say: Callable[[str], None] | None) -> AsyncIterator[None]:
    """Tell `say` every few seconds how far the run is."""
    telling = asyncio.create_task(_tell(run, say)) if say else None
    try:
        yield
    finally:
        if telling:
            telling.cancel()


async def _tell(run: LoadTest, say: Callable[[str], None]) -> None:
    start = perf_counter()
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        done, failed = len(run.records), sum(each.error is not None for each in run.records)
        sent = f"{perf_counter() - start:.0f} s: {run.begun} of {run.planned} sent"
        say(f"{sent}, {done - failed} answered, {failed} failed, {run.begun - done} open")

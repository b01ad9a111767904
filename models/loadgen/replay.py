"""Replay of arrivals in an open loop: each request is sent when due, whatever became of others."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter, process_time

from models.loadgen.arrivals import Arrival, cap_tokens
from models.loadgen.client import make_record, send_request
from models.loadgen.prompts import RequestOptions, build_body
from models.loadgen.records import RequestRecord
from models.loadgen.target import ConnectionPool, LoadTarget

PROGRESS_SECONDS = 2.0
Print = Callable[[str], None]


@dataclass
class LoadTest:
    """Observations so far. They can be reported at any moment, also if the test was stopped."""

    planned: int
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    begun: int = 0
    elapsed_s: float = 0.0
    cpu_s: float = 0.0  # of this process during the test
    was_stopped: bool = False
    records: list[RequestRecord] = field(default_factory=list)


async def replay(
    test: LoadTest,
    arrivals: Sequence[Arrival],
    target: LoadTarget,
    options: RequestOptions,
    max_request_tokens: int | None = None,
    print_progress: Print | None = None,
    first_number: int = 0,
) -> None:
    """Send all requests, wait for their ends and add records to `test`.

    Requests are numbered from `first_number` on. Cancellation ends the open requests.
    """
    async with aclosing(ConnectionPool(target)) as pool:
        cpu_start, start = process_time(), perf_counter()
        test.started_at = datetime.now(UTC)

        async def run_one(number: int, arrival: Arrival, is_capped: bool, body: bytes) -> None:
            sent = await send_request(pool, target, options, body)
            test.records.append(make_record(number, arrival, is_capped, start, sent))

        try:
            async with _progress(test, print_progress), asyncio.TaskGroup() as group:
                for number, arrival in enumerate(arrivals, first_number):
                    capped = arrival
                    if max_request_tokens:
                        capped = cap_tokens(arrival, max_request_tokens)
                    # Built before it is due, so that a long prompt causes no delay then.
                    body = build_body(options, number, capped)
                    await _sleep_until(start + arrival.at_s)
                    group.create_task(run_one(number, capped, capped != arrival, body))
                    test.begun += 1
        finally:
            test.elapsed_s = perf_counter() - start
            test.cpu_s = process_time() - cpu_start


async def _sleep_until(moment: float) -> None:
    # Yield even if late, so that open requests get their turn.
    await asyncio.sleep(0)
    while (left := moment - perf_counter()) > 0:
        await asyncio.sleep(left)


@asynccontextmanager
async def _progress(test: LoadTest, print_progress: Print | None) -> AsyncIterator[None]:
    """Print the progress every few seconds."""
    task = asyncio.create_task(_print_progress(test, print_progress)) if print_progress else None
    try:
        yield
    finally:
        if task:
            task.cancel()


async def _print_progress(test: LoadTest, print_progress: Print) -> None:
    start = perf_counter()
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        done, failed = len(test.records), sum(each.error is not None for each in test.records)
        sent = f"{perf_counter() - start:.0f} s: {test.begun} of {test.planned} sent"
        print_progress(
            f"{sent}, {done - failed} completed, {failed} failed, {test.begun - done} open"
        )

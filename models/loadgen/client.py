"""Sends one request and says what became of it. Nothing is asked twice, and redirects are not followed."""

import asyncio
import errno
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import httpx

from models.loadgen.arrivals import Arrival
from models.loadgen.prompts import Manner
from models.loadgen.records import Fault, Record
from models.loadgen.sse import Answer, error_message, plain, read_stream, read_whole
from models.loadgen.target import Connections, Target

OWN_LIMITS = {
    errno.EMFILE: "open files",
    errno.ENFILE: "open files of the system",
    errno.EADDRNOTAVAIL: "free ports",
}
LEAVING = ("connection.connect_tcp.started", "http11.send_request_headers.started")


@dataclass
class Exchange:
    """One request under way; moments are those of `perf_counter`."""

    answer: Answer = field(default_factory=Answer)
    sent_at: float | None = None
    status: int | None = None
    fault: Fault | None = None

    async def trace(self, name: str, info: dict[str, Any]) -> None:
        """What httpx calls at each of its steps: the request leaves us when it first connects or writes."""
        if self.sent_at is None and name in LEAVING:
            self.sent_at = perf_counter()


async def ask(connections: Connections, target: Target, manner: Manner, content: bytes) -> Exchange:
    """One request, to its end. To cancel this is to stop the run: that is a way to end, too, and is returned as `stopped`."""
    exchange = Exchange()
    address, extensions = f"{target.url}/{manner.endpoint}", {"trace": exchange.trace}
    try:
        async with (
            asyncio.timeout(target.timeout_s),
            connections.one() as client,
            client.stream("POST", address, content=content, extensions=extensions) as response,
        ):
            exchange.status = response.status_code
            await _read(response, manner, exchange.answer)
    except asyncio.CancelledError:
        exchange.fault = Fault("stopped", "still open when the run was stopped")
    except (TimeoutError, httpx.HTTPError, Fault) as problem:
        exchange.fault = _fault(problem, target)
    if exchange.fault:
        exchange.answer.end_at = perf_counter()
    return exchange


def record(
    number: int, arrival: Arrival, is_capped: bool, start: float, exchange: Exchange
) -> Record:
    """The request as it is reported; `start` is the run's first moment on `perf_counter`."""
    answer, fault = exchange.answer, exchange.fault
    is_estimated = answer.output_tokens is None and answer.first_at is not None
    return Record(
        number=number,
        asked_prompt_tokens=arrival.prompt_tokens,
        asked_output_tokens=arrival.output_tokens,
        is_capped=is_capped,
        due_s=arrival.at_s,
        end_s=(answer.end_at or perf_counter()) - start,
        sent_s=None if exchange.sent_at is None else exchange.sent_at - start,
        first_s=None if answer.first_at is None else answer.first_at - start,
        gaps_s=tuple(answer.gaps_s),
        prompt_tokens=answer.prompt_tokens,
        output_tokens=answer.pieces if is_estimated else answer.output_tokens,
        is_estimated=is_estimated,
        status=exchange.status,
        error=fault.kind if fault else None,
        message=str(fault) if fault else None,
    )


async def _read(response: httpx.Response, manner: Manner, answer: Answer) -> None:
    chunks = response.aiter_raw()
    if response.status_code != 200:
        message = await error_message(chunks)
        raise Fault(
            "429" if response.status_code == 429 else "http",
            message or plain(response.reason_phrase) or "without a message",
        )
    await (read_stream if manner.is_stream else read_whole)(chunks, answer)


def _fault(problem: TimeoutError | httpx.HTTPError | Fault, target: Target) -> Fault:
    if isinstance(problem, Fault):
        return Fault(problem.kind, target.without_key(str(problem)))
    if isinstance(problem, httpx.ConnectTimeout):
        return Fault("timeout", "no connection in time")
    if isinstance(problem, TimeoutError | httpx.TimeoutException):
        return Fault("timeout", f"no whole answer within {target.timeout_s:g} s")
    for cause in _causes(problem):
        if isinstance(cause, OSError) and cause.errno in OWN_LIMITS:
            return Fault("generator", f"this machine ran out of {OWN_LIMITS[cause.errno]}")
    return Fault("connection", plain(str(problem)) or type(problem).__name__)


def _causes(problem: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = problem
    while cause:
        yield cause
        cause = (
            cause.exceptions[0]
            if isinstance(cause, BaseExceptionGroup)
            else cause.__cause__ or cause.__context__
        )

"""Sends one request and says what became of it. Nothing is asked twice, and redirects are not followed."""

import asyncio
import errno
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import httpx

from models.loadgen.arrivals import Arrival
from models.loadgen.prompts import RequestOptions
from models.loadgen.records import RequestFailure, RequestRecord
from models.loadgen.sse import StreamedCompletion, read_error_message, printable_line, read_stream, read_completion
from models.loadgen.target import ConnectionPool, LoadTarget

OWN_LIMITS = {
    errno.EMFILE: "open files",
    errno.ENFILE: "open files of the system",
    errno.EADDRNOTAVAIL: "free ports",
}
LEAVING = ("connection.connect_tcp.started", "http11.send_request_headers.started")


@dataclass
class SentRequest:
    """One request under way; moments are those of `perf_counter`."""

    answer: StreamedCompletion = field(default_factory=StreamedCompletion)
    sent_at: float | None = None
    status: int | None = None
    fault: RequestFailure | None = None

    async def trace(self, name: str, info: dict[str, Any]) -> None:
        """What httpx calls at each of its steps: the request leaves us when it first connects or writes."""
        if self.sent_at is None and name in LEAVING:
            self.sent_at = perf_counter()


async def send_request(connections: ConnectionPool, target: LoadTarget, manner: RequestOptions, content: bytes) -> SentRequest:
    """One request, to its end. To cancel this is to stop the run: that is a way to end, too, and is returned as `stopped`."""
    exchange = SentRequest()
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
        exchange.fault = RequestFailure("stopped", "still open when the run was stopped")
    except (TimeoutError, httpx.HTTPError, RequestFailure) as problem:
        exchange.fault = _fault(problem, target)
    if exchange.fault:
        exchange.answer.end_at = perf_counter()
    return exchange


def make_record(
    number: int, arrival: Arrival, is_capped: bool, start: float, exchange: SentRequest
) -> RequestRecord:
    """The request as it is reported; `start` is the run's first moment on `perf_counter`."""
    answer, fault = exchange.answer, exchange.fault
    is_estimated = answer.output_tokens is None and answer.first_at is not None
    return RequestRecord(
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


async def _read(response: httpx.Response, manner: RequestOptions, answer: StreamedCompletion) -> None:
    chunks = response.aiter_raw()
    if response.status_code != 200:
        message = await read_error_message(chunks)
        raise RequestFailure(
            "429" if response.status_code == 429 else "http",
            message or printable_line(response.reason_phrase) or "without a message",
        )
    await (read_stream if manner.is_stream else read_completion)(chunks, answer)


def _fault(problem: TimeoutError | httpx.HTTPError | RequestFailure, target: LoadTarget) -> RequestFailure:
    if isinstance(problem, RequestFailure):
        return RequestFailure(problem.kind, target.without_key(str(problem)))
    if isinstance(problem, httpx.ConnectTimeout):
        return RequestFailure("timeout", "no connection in time")
    if isinstance(problem, TimeoutError | httpx.TimeoutException):
        return RequestFailure("timeout", f"no whole answer within {target.timeout_s:g} s")
    for cause in _causes(problem):
        if isinstance(cause, OSError) and cause.errno in OWN_LIMITS:
            return RequestFailure("generator", f"this machine ran out of {OWN_LIMITS[cause.errno]}")
    return RequestFailure("connection", printable_line(str(problem)) or type(problem).__name__)


def _causes(problem: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = problem
    while cause:
        yield cause
        cause = (
            cause.exceptions[0]
            if isinstance(cause, BaseExceptionGroup)
            else cause.__cause__ or cause.__context__
        )

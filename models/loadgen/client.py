"""Sending of one request. Nothing is sent twice, and redirects are not followed."""

import asyncio
import errno
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import httpx

from models.loadgen.arrivals import Arrival
from models.loadgen.prompts import RequestOptions
from models.loadgen.records import ErrorKind, RequestFailure, RequestRecord
from models.loadgen.sse import (
    StreamedCompletion,
    printable_line,
    read_completion,
    read_error_message,
    read_stream,
)
from models.loadgen.target import ConnectionPool, LoadTarget

OWN_LIMITS = {
    errno.EMFILE: "open files",
    errno.ENFILE: "open files of the system",
    errno.EADDRNOTAVAIL: "free ports",
}
SENDING_STEPS = ("connection.connect_tcp.started", "http11.send_request_headers.started")


@dataclass
class SentRequest:
    """One request and its response so far. Moments are those of `perf_counter`."""

    completion: StreamedCompletion = field(default_factory=StreamedCompletion)
    sent_at: float | None = None
    status: int | None = None
    failure: RequestFailure | None = None

    async def trace(self, name: str, info: dict[str, Any]) -> None:
        """Note the moment of the first connect or write. httpx calls this at each of its steps."""
        if self.sent_at is None and name in SENDING_STEPS:
            self.sent_at = perf_counter()


async def send_request(
    pool: ConnectionPool,
    target: LoadTarget,
    options: RequestOptions,
    body: bytes,
    completion: StreamedCompletion | None = None,
) -> SentRequest:
    """Send one request and read its response to the end, into `completion` if it is given.

    Cancellation means that the load test was stopped, so it is returned as the failure `stopped`.
    """
    sent = SentRequest(completion or StreamedCompletion())
    address, extensions = f"{target.url}/{options.endpoint}", {"trace": sent.trace}
    try:
        async with (
            asyncio.timeout(target.timeout_s),
            pool.borrow() as client,
            client.stream("POST", address, content=body, extensions=extensions) as response,
        ):
            sent.status = response.status_code
            await _read_response(response, options, sent.completion)
    except asyncio.CancelledError:
        sent.failure = RequestFailure("stopped", "still open when the load test was stopped")
    except (TimeoutError, httpx.HTTPError, RequestFailure) as error:
        sent.failure = _failure(error, target)
    if sent.failure:
        sent.completion.end_at = perf_counter()
    return sent


def make_record(
    number: int, arrival: Arrival, is_capped: bool, start: float, sent: SentRequest
) -> RequestRecord:
    """Make the record of a request. `start` is the load test's first moment on `perf_counter`."""
    completion, failure = sent.completion, sent.failure
    is_estimated = completion.output_tokens is None and completion.first_at is not None
    return RequestRecord(
        number=number,
        asked_prompt_tokens=arrival.prompt_tokens,
        asked_output_tokens=arrival.output_tokens,
        is_capped=is_capped,
        due_s=arrival.at_s,
        end_s=(completion.end_at or perf_counter()) - start,
        sent_s=None if sent.sent_at is None else sent.sent_at - start,
        first_s=None if completion.first_at is None else completion.first_at - start,
        gaps_s=tuple(completion.gaps_s),
        prompt_tokens=completion.prompt_tokens,
        output_tokens=completion.pieces if is_estimated else completion.output_tokens,
        is_estimated=is_estimated,
        status=sent.status,
        error=failure.kind if failure else None,
        message=str(failure) if failure else None,
    )


async def _read_response(
    response: httpx.Response, options: RequestOptions, completion: StreamedCompletion
) -> None:
    chunks = response.aiter_raw()
    if response.status_code != 200:
        message = await read_error_message(chunks) or printable_line(response.reason_phrase)
        kind: ErrorKind = "429" if response.status_code == 429 else "http"
        raise RequestFailure(kind, message or "without a message")
    read = read_stream if options.is_stream else read_completion
    await read(chunks, completion)


def _failure(
    error: TimeoutError | httpx.HTTPError | RequestFailure, target: LoadTarget
) -> RequestFailure:
    if isinstance(error, RequestFailure):
        return RequestFailure(error.kind, target.redact(str(error)))
    if isinstance(error, httpx.ConnectTimeout):
        return RequestFailure("timeout", "no connection in time")
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return RequestFailure("timeout", f"no whole response within {target.timeout_s:g} s")
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.errno in OWN_LIMITS:
            return RequestFailure("generator", f"this machine ran out of {OWN_LIMITS[cause.errno]}")
    return RequestFailure("connection", printable_line(str(error)) or type(error).__name__)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause:
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            cause = cause.exceptions[0]
        else:
            cause = cause.__cause__ or cause.__context__

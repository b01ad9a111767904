"""The receiver over HTTP: Prometheus remote write, OTLP metrics, and own pages.

    POST /api/v1/write   remote write 2.0 and 1.0
    POST /v1/metrics     OTLP, in protobuf or JSON
    GET  /metrics        totals of the receiver, for Prometheus
    GET  /health         200, or 503 while senders are asked to wait

Whatever may pass later is answered with 503 and Retry-After, never with 429, on which Prometheus
drops samples. What never can is a 4xx, which no sender repeats.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboards.web.access import is_from_own_page, is_loopback, names_loopback
from pipelines.telemetry.receiver.bodies import (
    JSON,
    MAX_BODY,
    PROTOBUF,
    PushedBody,
    otlp_format,
    remote_write_format,
)
from pipelines.telemetry.receiver.errors import BadPush, NoRoom, PushTooLarge
from pipelines.telemetry.receiver.messages import Status
from pipelines.telemetry.receiver.own_pages import make_routes
from pipelines.telemetry.receiver.pushed import PushCounts
from pipelines.telemetry.receiver.receiver import PushReceiver

WRITE, METRICS = "/api/v1/write", "/v1/metrics"
KEYED = frozenset({WRITE, METRICS})
MAX_REQUESTS = 32  # whose bodies are held at once
RETRY_AFTER = {"Retry-After": "5"}
WRITTEN = "X-Prometheus-Remote-Write-{}-Written"
LEFT_OUT = "X-Tokentide-Samples-Left-Out"

PushAnswer = Callable[[Request], Awaitable[Response]]


class PushGuard:
    """ASGI application that hands on what may pass.

    With a key, both addresses for metrics demand it as a bearer token. Others get nothing from a
    web page of another origin, nor, on loopback, under a name that is not this machine's.
    """

    def __init__(self, app: ASGIApp, key: str | None, host: str) -> None:
        self._app = app
        self._key = key.encode() if key else None
        self._is_local = is_loopback(host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request or hand it on."""
        refusal = self._refuse(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refuse(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if self._key is not None and scope["path"] in KEYED:
            if self._has_key(headers):
                return None
            return PlainTextResponse(
                "The key is missing or wrong. Send it as `Authorization: Bearer KEY`.\n",
                401,
                {"WWW-Authenticate": "Bearer"},
            )
        host = headers.get("Host")
        if self._is_local and not names_loopback(host):
            return PlainTextResponse(
                "This receiver is for this machine only: send to localhost or 127.0.0.1.\n", 403
            )
        if not is_from_own_page(headers.get("Sec-Fetch-Site"), headers.get("Origin"), host):
            return PlainTextResponse("The request came from a web page of another origin.\n", 403)
        return None

    def _has_key(self, headers: Headers) -> bool:
        kind, _, given = headers.get("Authorization", "").partition(" ")
        return (
            self._key is not None
            and kind.lower() == "bearer"
            and hmac.compare_digest(given.strip().encode(errors="replace"), self._key)
        )


def make_app(receiver: PushReceiver, key: str | None, host: str) -> ASGIApp:
    """Make the application with its guard."""
    places = asyncio.Semaphore(MAX_REQUESTS)
    routes = [
        Route(WRITE, _bounded(places, receiver, _RemoteWrite(receiver)), methods=["POST"]),
        Route(METRICS, _bounded(places, receiver, _Otlp(receiver)), methods=["POST"]),
        *make_routes(receiver),
    ]
    return PushGuard(Starlette(routes=routes), key, host)


def _bounded(places: asyncio.Semaphore, receiver: PushReceiver, answer: PushAnswer) -> PushAnswer:
    """Return an endpoint that answers a number of requests at once and asks others to wait."""

    async def endpoint(request: Request) -> Response:
        if places.locked():
            receiver.tally.waiting_requests += 1
            return PlainTextResponse("Too many requests at once.\n", 503, RETRY_AFTER)
        async with places:
            return await answer(request)

    return endpoint


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            raise PushTooLarge(f"The body has more than {MAX_BODY >> 20} MiB; send smaller ones.")
    return bytes(body)


class _RemoteWrite:
    """Answers of remote write: headers say how much was written, a text what was not."""

    def __init__(self, receiver: PushReceiver) -> None:
        self._receiver = receiver

    async def __call__(self, request: Request) -> Response:
        headers = request.headers
        try:
            form = remote_write_format(
                headers.get("Content-Type", ""), headers.get("Content-Encoding", "")
            )
            pushed = PushedBody(*form, await _read_body(request))
            counts = await self._receiver.accept(pushed)
        except BadPush as error:
            self._receiver.tally.refused_requests += 1
            return PlainTextResponse(f"{error}\n", error.status, _written(PushCounts()))
        except NoRoom as error:
            return PlainTextResponse(f"{error} Send it again later.\n", 503, RETRY_AFTER)
        except ClientDisconnect:
            return Response(status_code=400)
        if counts.is_whole:
            return Response(status_code=204, headers=_written(counts))
        return PlainTextResponse(f"{counts.sentence()}\n", 400, _written(counts))


def _written(counts: PushCounts) -> dict[str, str]:
    return {
        WRITTEN.format("Samples"): str(counts.accepted),
        WRITTEN.format("Histograms"): "0",
        WRITTEN.format("Exemplars"): "0",
        LEFT_OUT: str(counts.left_out),
    }


class _Otlp:
    """Answers of OTLP, in the form of the request."""

    def __init__(self, receiver: PushReceiver) -> None:
        self._receiver = receiver

    async def __call__(self, request: Request) -> Response:
        headers = request.headers
        is_json = headers.get("Content-Type", "").partition(";")[0].strip().lower() == JSON
        try:
            form = otlp_format(headers.get("Content-Type", ""), headers.get("Content-Encoding", ""))
            counts = await self._receiver.accept(PushedBody(*form, await _read_body(request)))
        except BadPush as error:
            self._receiver.tally.refused_requests += 1
            return _otlp_answer(Status(code=3, message=str(error)), is_json, error.status)
        except NoRoom as error:
            status = Status(code=14, message=f"{error} Send it again later.")
            return _otlp_answer(status, is_json, 503)
        except ClientDisconnect:
            return Response(status_code=400)
        answer = ExportMetricsServiceResponse()
        rejected = counts.refused_samples + counts.refused_histograms
        if rejected:
            answer.partial_success.rejected_data_points = rejected
            answer.partial_success.error_message = counts.sentence()
        return _otlp_answer(answer, is_json, 200)


def _otlp_answer(message: Any, is_json: bool, status: int) -> Response:
    headers = RETRY_AFTER if status == 503 else None
    if is_json:
        return Response(MessageToJson(message), status, headers, JSON)
    return Response(message.SerializeToString(), status, headers, PROTOBUF)

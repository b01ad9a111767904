"""A fake server with OpenAI's API on loopback, as slow or as broken as a test wants."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from support.inference.http_server import serve_app

Reply = Callable[[dict[str, Any]], Awaitable[Response]]


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float


@dataclass
class OpenAIServer:
    """The server's address and the requests that it received."""

    url: str = ""
    received: list[ReceivedRequest] = field(default_factory=list)


@contextmanager
def serve(reply: Reply, port: int = 0) -> Iterator[OpenAIServer]:
    """Serve one model, `m`, that gives this reply to every request."""
    server = OpenAIServer()

    async def generate(request: Request) -> Response:
        body = await request.json()
        received = ReceivedRequest(
            request.url.path, dict(request.headers), body, time.perf_counter()
        )
        server.received.append(received)
        return await reply(body)

    async def models(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": "m", "object": "model"}]})

    routes = [
        Route("/v1/models", models),
        Route("/v1/{path:path}", generate, methods=["POST"]),
    ]
    with serve_app(Starlette(routes=routes), port) as url:
        server.url = f"{url}/v1"
        yield server


def stream_reply(first_s: float = 0.0, gap_s: float = 0.0, usage: bool = True) -> Reply:
    """Stream as many tokens as requested, each in its own event, after delays in seconds."""

    async def reply(body: dict[str, Any]) -> Response:
        tokens = body["max_tokens"]

        async def events() -> AsyncIterator[str]:
            for number in range(tokens):
                await asyncio.sleep(gap_s if number else first_s)
                yield sse_event(" word", "length" if number == tokens - 1 else None)
            if usage:
                counts = {"prompt_tokens": 7, "completion_tokens": tokens}
                yield f"data: {json.dumps({'choices': [], 'usage': counts})}\n\n"
            yield "data: [DONE]\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    return reply


def whole_reply(first_s: float = 0.0, **usage: int) -> Reply:
    """Reply in one piece, after a delay in seconds."""

    async def reply(body: dict[str, Any]) -> Response:
        await asyncio.sleep(first_s)
        choice = {"index": 0, "text": "word word", "finish_reason": "length"}
        return JSONResponse({"choices": [choice]} | ({"usage": usage} if usage else {}))

    return reply


def error_reply(status: int, message: str) -> Reply:
    """Reply with an error in OpenAI's form."""

    async def reply(body: dict[str, Any]) -> Response:
        error = {"message": message, "type": "invalid_request_error"}
        return JSONResponse({"error": error}, status)

    return reply


def raw_reply(parts: Callable[[], AsyncIterator[bytes]]) -> Reply:
    """Stream whatever bytes the test gives."""

    async def reply(body: dict[str, Any]) -> Response:
        return StreamingResponse(parts(), media_type="text/event-stream")

    return reply


def gathering_reply(count: int) -> Reply:
    """Reply to nobody until this many requests are open."""
    arrived = 0

    async def reply(body: dict[str, Any]) -> Response:
        nonlocal arrived
        arrived += 1
        while arrived < count:
            await asyncio.sleep(0.01)
        return JSONResponse({"choices": [{"index": 0, "text": "a", "finish_reason": "length"}]})

    return reply


def replies_in_turn(*replies: Reply) -> Reply:
    """Give the first reply to the first request, and so on in a circle."""
    waiting = [*replies]

    async def reply(body: dict[str, Any]) -> Response:
        waiting.append(waiting.pop(0))
        return await waiting[-1](body)

    return reply


def sse_event(text: str, reason: str | None = None) -> str:
    """Format an event of a stream."""
    choice = {"index": 0, "text": text, "finish_reason": reason}
    return f"data: {json.dumps({'choices': [choice]})}\n\n"

"""A real server on loopback that speaks OpenAI's protocol as well, as slowly or as badly as a test wants."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from pipelines.simulator.api.serve import serve_in_thread

Reply = Callable[[dict[str, Any]], Awaitable[Response]]
Serve = Callable[[Reply], AbstractContextManager["OpenAi"]]


@dataclass(frozen=True)
class Heard:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float


@dataclass
class OpenAi:
    """The server's address and what it was asked."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)


@contextmanager
def serve_replies(reply: Reply) -> Iterator[OpenAi]:
    """A server of one model, `m`, that replies thus to whatever is generated."""
    server = OpenAi()

    async def generate(request: Request) -> Response:
        body = await request.json()
        server.heard.append(
            Heard(request.url.path, dict(request.headers), body, time.perf_counter())
        )
        return await reply(body)

    async def models(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": "m", "object": "model"}]})

    routes = [
        Route("/{base:path}/models", models),
        Route("/{path:path}", generate, methods=["POST"]),
    ]
    with serve_in_thread(Starlette(routes=routes)) as url:
        server.url = url
        yield server


class Replies:
    """Answers to choose from; delays in seconds."""

    @staticmethod
    def streaming(first_s: float = 0.0, gap_s: float = 0.0, usage: bool = True) -> Reply:
        """As many tokens as were asked for, each in its own event."""

        async def reply(body: dict[str, Any]) -> Response:
            tokens = body["max_tokens"]

            async def events() -> AsyncIterator[str]:
                for number in range(tokens):
                    await asyncio.sleep(gap_s if number else first_s)
                    yield Replies.event(" word", "length" if number == tokens - 1 else None)
                if usage:
                    counted = {
                        "prompt_tokens": 7,
                        "completion_tokens": tokens,
                        "total_tokens": 7 + tokens,
                    }
                    yield f"data: {json.dumps({'choices': [], 'usage': counted})}\n\n"
                yield "data: [DONE]\n\n"

            return StreamingResponse(events(), media_type="text/event-stream")

        return reply

    @staticmethod
    def whole(first_s: float = 0.0, **usage: int) -> Reply:
        """One answer in one piece."""

        async def reply(body: dict[str, Any]) -> Response:
            await asyncio.sleep(first_s)
            choice = {"index": 0, "text": "word word", "finish_reason": "length"}
            return JSONResponse({"choices": [choice]} | ({"usage": usage} if usage else {}))

        return reply

    @staticmethod
    def saying(status: int, message: str) -> Reply:
        """An error in OpenAI's shape."""

        async def reply(body: dict[str, Any]) -> Response:
            return JSONResponse(
                {"error": {"message": message, "type": "invalid_request_error"}}, status
            )

        return reply

    @staticmethod
    def bytes_of(parts: Callable[[], AsyncIterator[bytes]]) -> Reply:
        """Whatever bytes the test comes up with, as a stream."""

        async def reply(body: dict[str, Any]) -> Response:
            return StreamingResponse(parts(), media_type="text/event-stream")

        return reply

    @staticmethod
    def in_turn(*replies: Reply) -> Reply:
        """The first reply to the first request, and so on in a circle."""
        waiting = [*replies]

        async def reply(body: dict[str, Any]) -> Response:
            waiting.append(waiting.pop(0))
            return await waiting[-1](body)

        return reply

    @staticmethod
    def event(text: str, reason: str | None = None) -> str:
        """One piece of a stream."""
        return f"data: {json.dumps({'choices': [{'index': 0, 'text': text, 'finish_reason': reason}]})}\n\n"


@pytest.fixture
def serve() -> Serve:
    """Serve a reply for as long as the `with` lasts."""
    return serve_replies


@pytest.fixture
def replies() -> type[Replies]:
    """Replies to serve."""
    return Replies


@pytest.fixture
def load(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Run the command in this process and give its report as a program reads it; the exit code must be the expected one."""

    def run(url: str, *options: str, code: int = 0) -> dict[str, Any]:
        from models.loadgen.__main__ import main

        assert main(["--url", url, "--json", *options]) == code
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return run

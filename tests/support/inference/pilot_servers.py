"""Servers for pilots: whole ones, and ones that lack or break one thing; and a throttle."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from support.inference.http_server import serve_app

WORDS = ["tide", "moon", "harbour", "buoy", "anchor", "sail", "rope", "keel", "deck", "mast"]


@dataclass
class PilotReply:
    """Reply of a server that has everything, but for what is changed.

    Its text depends on the prompt alone, or on the seed at a temperature above 0.
    """

    first_s: float = 0.0
    gap_s: float = 0.0
    has_usage: bool = True
    has_logprobs: bool = True
    has_tools: bool = True
    obeys_stop: bool = True
    streams: str = "pieces"  # or "nothing": an empty stream; "half": no end; "whole": JSON
    fails_every: int = 0  # 2: every second request
    refuses: tuple[str, ...] = ()  # fields that are answered with 400
    asked: int = field(default=0, init=False)

    async def __call__(self, body: dict[str, Any]) -> Response:
        """Reply to one request."""
        self.asked += 1
        if self.fails_every and self.asked % self.fails_every == 0:
            return JSONResponse({"error": {"message": "it fell over"}}, 500)
        for name in self.refuses:
            if name in body:
                return JSONResponse({"error": {"message": f"{name} is not supported"}}, 400)
        words = self._words(body)
        if body.get("stream") and self.streams != "whole":
            return StreamingResponse(self._stream(body, words), media_type="text/event-stream")
        await asyncio.sleep(self.first_s + self.gap_s * (len(words) - 1))
        choice = self._choice(
            body, "".join(words), "stop" if len(words) < _asked(body) else "length"
        )
        return JSONResponse({"choices": [choice], **self._usage(body, words)})

    def _words(self, body: dict[str, Any]) -> list[str]:
        prompt = json.dumps(body.get("prompt") or body.get("messages"))
        seed = f"{prompt} {body.get('seed')}" if body.get("temperature") else prompt
        random = Random(seed)
        words = [f" {random.choice(WORDS)}" for _ in range(_asked(body))]
        for stop in body.get("stop") or () if self.obeys_stop else ():
            text = "".join(words).partition(stop)[0]
            words = [f" {each}" for each in text.split()] or [""]
        return words

    def _choice(self, body: dict[str, Any], text: str, reason: str | None) -> dict[str, Any]:
        content: dict[str, Any] = {"content": text}
        if body.get("tools") and self.has_tools:
            content = {"tool_calls": [{"function": {"name": "get_weather", "arguments": "{}"}}]}
        name = "delta" if body.get("stream") else "message"
        choice: dict[str, Any] = {name: content} if "messages" in body else {"text": text}
        if body.get("logprobs") and self.has_logprobs:
            choice["logprobs"] = {"tokens": [text], "token_logprobs": [-0.1]}
        return {"index": 0, "finish_reason": reason, **choice}

    def _usage(self, body: dict[str, Any], words: list[str]) -> dict[str, Any]:
        counts = {"prompt_tokens": 7, "completion_tokens": len(words)}
        return {"usage": counts} if self.has_usage else {}

    async def _stream(self, body: dict[str, Any], words: list[str]) -> AsyncIterator[str]:
        if self.streams in ("pieces", "half"):
            for number, word in enumerate(words):
                if self.streams == "half" and number == len(words) // 2:
                    return
                await asyncio.sleep(self.gap_s if number else self.first_s)
                reason = "length" if number == len(words) - 1 else None
                yield _event({"choices": [self._choice(body, word, reason)]})
            if (body.get("stream_options") or {}).get("include_usage") and self.has_usage:
                yield _event({"choices": [], **self._usage(body, words)})
        yield "data: [DONE]\n\n"


@contextmanager
def throttled(url: str, factor: float) -> Iterator[str]:
    """Serve what another server with this address serves, `factor` times as late.

    Each piece that comes a time after its request goes on `factor` times that time after it.
    """

    # Made once: to make one takes longer than a request.
    tls = ssl.create_default_context()

    async def forward(request: Request) -> Response:
        start, body = time.perf_counter(), await request.body()
        client = httpx.AsyncClient(timeout=60, trust_env=False, verify=tls)
        address = f"{url}/{request.path_params['path']}"
        kind = {"Content-Type": "application/json"}
        asked = client.build_request(request.method, address, content=body, headers=kind)
        response = await client.send(asked, stream=True)

        # Pieces are read as they come, or the delay of one would make the next one late.
        pieces: asyncio.Queue[tuple[float, bytes | None]] = asyncio.Queue()

        async def read() -> None:
            async for piece in response.aiter_raw():
                await pieces.put((time.perf_counter(), piece))
            await pieces.put((time.perf_counter(), None))

        async def delayed() -> AsyncIterator[bytes]:
            reading = asyncio.create_task(read())
            while True:
                at, piece = await pieces.get()
                await asyncio.sleep(start + factor * (at - start) - time.perf_counter())
                if piece is None:
                    break
                yield piece
            await reading
            await response.aclose()
            await client.aclose()

        media_type = response.headers.get("content-type")
        return StreamingResponse(delayed(), response.status_code, media_type=media_type)

    routes = [Route("/v1/{path:path}", forward, methods=["GET", "POST"])]
    with serve_app(Starlette(routes=routes)) as proxy:
        yield f"{proxy}/v1"


def _asked(body: dict[str, Any]) -> int:
    return int(body["max_tokens"])


def _event(event: dict[str, Any]) -> str:
    return f"data: {json.dumps(event)}\n\n"

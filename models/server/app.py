"""The routes: completions, chat completions, models, health, metrics; and what happens when the server ends."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from models.errors import EngineStopped
from models.server.completions import Handler, completion_handler
from models.server.errors import HttpError, error_response
from models.server.request_parser import ServedModel
from models.server.request_tracker import RequestTracker
from models.server.usage_log import UsageLog

SPOOL_SECONDS = 0.5  # how often it is asked whether a segment is due
STOP_SECONDS = 10.0  # for the engine to end what runs


def make_app(desk: RequestTracker, model: ServedModel, spool: UsageLog) -> Starlette:
    """The application; its lifespan ends the engine and closes the last segment."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        desk.engine.listen(desk)
        writing = asyncio.create_task(_write_segments(spool))
        try:
            yield
        finally:
            await _shut_down(desk, writing)

    routes = [
        Route("/v1/completions", completion_handler("completion", desk, model), methods=["POST"]),
        Route("/v1/chat/completions", completion_handler("chat", desk, model), methods=["POST"]),
        Route("/v1/models", _models(model)),
        Route("/v1/models/{name:path}", _models(model)),
        Route("/health", _health(desk)),
        Route("/metrics", _metrics(desk)),
    ]
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={HTTPException: _http_error, Exception: _bug},
    )


async def _write_segments(spool: UsageLog) -> None:
    while True:
        await asyncio.sleep(SPOOL_SECONDS)
        if spool.is_due:
            await asyncio.to_thread(spool.write)


async def _shut_down(desk: RequestTracker, writing: "asyncio.Task[None]") -> None:
    desk.abort_all()
    deadline = time.monotonic() + STOP_SECONDS
    while not desk.is_idle and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    writing.cancel()
    with suppress(asyncio.CancelledError):
        await writing
    desk.engine.stop_listening()
    await asyncio.to_thread(desk.engine.close)
    desk.close()


def _models(model: ServedModel) -> Handler:
    created = int(time.time())
    card = {
        "id": model.name,
        "object": "model",
        "created": created,
        "owned_by": "tokentide",
        "max_model_len": model.ready.context_tokens,
    }

    async def models(request: Request) -> Response:
        name = request.path_params.get("name")
        if name is None:
            return JSONResponse({"object": "list", "data": [card]})
        if name != model.name:
            return error_response(
                HttpError(
                    f"There is no such model here; ask for {model.name!r}.",
                    "model",
                    404,
                    "model_not_found",
                )
            )
        return JSONResponse(card)

    return models


def _health(desk: RequestTracker) -> Handler:
    async def health(_: Request) -> Response:
        if desk.engine.is_alive:
            return Response()
        return error_response(
            EngineStopped(
                "The engine's process has ended. Restart the server; its stderr says why it ended."
            )
        )

    return health


def _metrics(desk: RequestTracker) -> Handler:
    async def metrics(_: Request) -> Response:
        # A model of many experts has thousands of series; answers must not wait for them.
        return Response(
            await asyncio.to_thread(desk.metrics.text),
            headers={"Content-Type": CONTENT_TYPE_LATEST},
        )

    return metrics


async def _http_error(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    path, allowed = request.url.path, (problem.headers or {}).get("Allow")
    if allowed:
        found = HttpError(
            f"{request.method} is not possible on {path}. Use {allowed}.",
            status=problem.status_code,
        )
    else:
        found = HttpError(
            f"{path} is not served here. There are /v1/completions, /v1/chat/completions, /v1/models, /health and /metrics.",
            status=problem.status_code,
        )
    return error_response(found, dict(problem.headers or {}))


async def _bug(request: Request, problem: Exception) -> Response:
    """What nobody foresaw; the traceback follows on stderr."""
    return error_response(
        HttpError(
            "The server has a defect. Its stderr has the traceback; please report it.", status=500
        )
    )

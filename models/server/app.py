"""Routes of the server (completions, chats, models, health, metrics) and its shutdown."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.resources import files

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from models.errors import EngineStopped
from models.server.access.callers import Pseudonyms
from models.server.completions import Handler, completion_handler
from models.server.engine_client import EngineClient
from models.server.openai.errors import HttpError, error_response
from models.server.openai.request_parser import ServedModel
from models.server.request_tracker import RequestTracker
from models.server.usage_log import UsageLog

# Interval at which events are synced to disk, so that power loss costs a second.
FLUSH_SECONDS = 0.5
OPENAPI = (files("models.server.openai") / "openapi.json").read_bytes()
STOP_SECONDS = 10.0  # for the engine to end running requests


def make_app(
    tracker: RequestTracker,
    engine: EngineClient,
    model: ServedModel,
    usage_log: UsageLog,
    pseudonyms: Pseudonyms,
) -> Starlette:
    """Make the application. Its shutdown ends the engine and writes the last segment."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        engine.start_listening(tracker)
        writer = asyncio.create_task(_flush_events(usage_log))
        try:
            yield
        finally:
            await _shut_down(tracker, engine, writer)

    routes = [
        Route(
            "/v1/completions",
            completion_handler("completion", tracker, model, pseudonyms),
            methods=["POST"],
        ),
        Route(
            "/v1/chat/completions",
            completion_handler("chat", tracker, model, pseudonyms),
            methods=["POST"],
        ),
        Route("/v1/models", _models_handler(model)),
        Route("/v1/models/{name:path}", _models_handler(model)),
        Route("/openapi.json", _show_openapi),
        Route("/health", _health_handler(engine)),
        Route("/metrics", _metrics_handler(tracker)),
    ]
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={HTTPException: _handle_http_error, Exception: _handle_defect},
    )


async def _flush_events(usage_log: UsageLog) -> None:
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        await asyncio.to_thread(usage_log.flush)


async def _shut_down(
    tracker: RequestTracker, engine: EngineClient, writer: "asyncio.Task[None]"
) -> None:
    tracker.abort_all()
    deadline = time.monotonic() + STOP_SECONDS
    while not tracker.is_idle and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    writer.cancel()
    with suppress(asyncio.CancelledError):
        await writer
    engine.stop_listening()
    await asyncio.to_thread(engine.close)
    tracker.close()


def _models_handler(model: ServedModel) -> Handler:
    card = {
        "id": model.name,
        "object": "model",
        "created": int(time.time()),
        "owned_by": "tokentide",
        "max_model_len": model.info.context_tokens,
    }

    async def handle(request: Request) -> Response:
        name = request.path_params.get("name")
        if name is None:
            return JSONResponse({"object": "list", "data": [card]})
        if name != model.name:
            message = f"There is no such model. Use {model.name!r}."
            return error_response(HttpError(message, "model", 404, "model_not_found"))
        return JSONResponse(card)

    return handle


async def _show_openapi(_: Request) -> Response:
    return Response(OPENAPI, media_type="application/json")


def _health_handler(engine: EngineClient) -> Handler:
    async def handle(_: Request) -> Response:
        if engine.is_alive:
            return Response()
        return error_response(
            EngineStopped(
                "The engine process has ended. Restart the server; its stderr has the reason."
            )
        )

    return handle


def _metrics_handler(tracker: RequestTracker) -> Handler:
    async def handle(_: Request) -> Response:
        # A model with many experts has thousands of series; completions must not wait for them.
        page = await asyncio.to_thread(tracker.metrics.render)
        return Response(page, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return handle


async def _handle_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    path, allowed = request.url.path, (error.headers or {}).get("Allow")
    if allowed:
        message = f"{request.method} is not possible on {path}. Use {allowed}."
    else:
        message = (
            f"{path} is not served. The routes are /v1/completions, /v1/chat/completions, "
            "/v1/models, /health and /metrics."
        )
    headers = dict(error.headers or {})
    return error_response(HttpError(message, status=error.status_code), headers)


async def _handle_defect(request: Request, error: Exception) -> Response:
    """Report an unforeseen error. Its traceback follows on stderr."""
    message = "The server has a defect. Its stderr has the traceback; please report it."
    return error_response(HttpError(message, status=500))

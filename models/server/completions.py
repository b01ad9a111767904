"""The two routes that generate: from a body to a request, from the engine's answers to a reply, whole or streamed."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from models.errors import EngineStopped, TierError
from models.protocol import FinishReason
from models.server.detokenizer import TextPiece, Detokenizer
from models.server.errors import HttpError, ShuttingDown, error_body, error_response
from models.server.logprobs import TokenNames
from models.server.request_parser import MAX_BYTES, ParsedRequest, Kind, ServedModel, parse_request
from models.server.request_state import RequestState
from models.server.request_tracker import RequestTracker
from models.server.responses import ResponseBuilder, sse_event, new_request_id

CLIENT_LEFT = 499  # nobody reads it

Handler = Callable[[Request], Awaitable[Response]]


def completion_handler(kind: Kind, desk: RequestTracker, model: ServedModel) -> Handler:
    """The handler of completions or of chat completions."""
    names = TokenNames(model.tokenizer)

    async def answer(request: Request) -> Response:
        arrival_at, request_id = time.time(), new_request_id(kind)
        try:
            with desk.arriving():
                asked = await asyncio.to_thread(parse_request, await _body(request), kind, model)
            flight = desk.open(request_id, asked.prompt, asked.sampling, arrival_at)
        except ShuttingDown as problem:
            desk.refuse(request_id, arrival_at, "aborted")
            return error_response(problem)
        except EngineStopped as problem:
            desk.refuse(request_id, arrival_at, "failed")
            return error_response(problem)
        except TierError as problem:
            desk.refuse(request_id, arrival_at)
            return error_response(problem)
        except ClientDisconnect:
            desk.refuse(request_id, arrival_at, "aborted")
            return Response(status_code=CLIENT_LEFT)
        except asyncio.CancelledError:
            # The server ends before the body is there, and its desk does not wait for it.
            desk.refuse(request_id, arrival_at, "aborted")
            return error_response(ShuttingDown())
        return await _answered(request, desk, model, names, asked, flight)

    return answer


async def _body(request: Request) -> bytes:
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > MAX_BYTES:
            raise HttpError(f"The body is longer than {MAX_BYTES} bytes. Send less.", status=413)
    return bytes(raw)


async def _answered(
    request: Request, desk: RequestTracker, model: ServedModel, names: TokenNames, asked: ParsedRequest, flight: RequestState
) -> Response:
    reply = ResponseBuilder(
        asked.kind, flight, model.name, None if asked.sampling.logprobs is None else names
    )
    pieces = _pieces(flight, Detokenizer(model.tokenizer, asked.sampling.stop))
    watching = asyncio.create_task(_abort_when_gone(request, desk, flight))

    def leave() -> None:
        watching.cancel()
        desk.abort(flight)

    return await (
        _streamed(pieces, reply, asked.wants_usage, leave)
        if asked.is_stream
        else _whole(pieces, reply, leave)
    )


async def _abort_when_gone(request: Request, desk: RequestTracker, flight: RequestState) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue
    desk.abort(flight)


async def _pieces(
    flight: RequestState, text: Detokenizer
) -> AsyncIterator[tuple[TextPiece, FinishReason | None]]:
    """What is new, and at the end why it ended."""
    reason: FinishReason | None = None
    while reason is None:
        answer = await flight.answers.get()
        if isinstance(answer, TierError):
            raise answer
        reason = answer.finish_reason
        if reason == "error":
            raise EngineStopped(
                answer.error or "The engine could not go on with this request. Send it again."
            )
        if reason == "abort":
            raise ShuttingDown
        yield text.push(answer.token_ids, answer.logprobs, reason is not None), reason


async def _whole(
    pieces: AsyncIterator[tuple[TextPiece, FinishReason | None]],
    reply: ResponseBuilder,
    leave: Callable[[], None],
) -> Response:
    try:
        said = [each async for each in pieces]
    except TierError as problem:
        return error_response(problem)
    finally:
        leave()
    return JSONResponse(reply.whole(TextPiece.joined(piece for piece, _ in said), said[-1][1]))


async def _streamed(
    pieces: AsyncIterator[tuple[TextPiece, FinishReason | None]],
    reply: ResponseBuilder,
    wants_usage: bool,
    leave: Callable[[], None],
) -> Response:
    """Waits for the first piece, so that what the engine refuses is an answer with its own status."""
    try:
        first = await anext(pieces)
    except TierError as problem:
        leave()
        return error_response(problem)
    except asyncio.CancelledError:
        leave()
        raise

    async def events() -> AsyncIterator[str]:
        try:
            yield reply.chunk(*first, is_first=True)
            async for piece, reason in pieces:
                if piece.text or piece.logprobs or reason:
                    yield reply.chunk(piece, reason, is_first=False)
            if wants_usage:
                yield reply.usage_chunk()
        except TierError as problem:
            yield sse_event(error_body(problem))
        finally:
            leave()
        yield "data: [DONE]\n\n"

    return StreamingResponse(
        events(), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )

"""The two routes that generate: from a body to the engine, from its outputs to a reply."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from models.errors import EngineStopped, TierError
from models.protocol import FinishReason
from models.server.access.callers import Pseudonyms
from models.server.openai.detokenizer import Detokenizer, TextPiece
from models.server.openai.errors import HttpError, ShuttingDown, error_body, error_response
from models.server.openai.logprobs import TokenNames
from models.server.openai.request_parser import (
    MAX_BYTES,
    Kind,
    ParsedRequest,
    ServedModel,
    parse_request,
)
from models.server.openai.responses import ResponseBuilder, new_request_id, sse_event
from models.server.request_state import RequestState
from models.server.request_tracker import RequestTracker
from models.server.usage_log import RequestOutcome

CLIENT_CLOSED_REQUEST = 499  # as nginx: nobody reads this response

Handler = Callable[[Request], Awaitable[Response]]
Pieces = AsyncIterator[tuple[TextPiece, FinishReason | None]]


def completion_handler(
    kind: Kind, tracker: RequestTracker, model: ServedModel, pseudonyms: Pseudonyms
) -> Handler:
    """Make the handler of completions or of chat completions."""
    names = TokenNames(model.tokenizer)

    async def handle(request: Request) -> Response:
        arrival_at, request_id = time.time(), new_request_id(kind)
        sender = pseudonyms.read_sender(request.headers)

        def reject(outcome: RequestOutcome = "refused") -> None:
            tracker.record_rejection(request_id, arrival_at, outcome, sender)

        try:
            with tracker.arrival():
                body = await _read_body(request)
                parsed = await asyncio.to_thread(_parse, body, kind, model)
            sender = pseudonyms.read_sender(request.headers, parsed.user)
            state = tracker.admit(request_id, parsed.prompt, parsed.sampling, arrival_at, sender)
        except ShuttingDown as error:
            reject("aborted")
            return error_response(error)
        except EngineStopped as error:
            reject("failed")
            return error_response(error)
        except TierError as error:
            reject()
            return error_response(error)
        except ClientDisconnect:
            reject("aborted")
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        except asyncio.CancelledError:
            # The server ends before the body is complete.
            reject("aborted")
            return error_response(ShuttingDown())
        return await _respond(request, tracker, model, names, parsed, state)

    return handle


async def _read_body(request: Request) -> bytes:
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        # A web page can send other types elsewhere without asking whether it may.
        raise HttpError("The body must be JSON: send Content-Type: application/json.", status=415)
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > MAX_BYTES:
            raise HttpError(f"The body is longer than {MAX_BYTES} bytes. Send less.", status=413)
    return bytes(raw)


def _parse(body: bytes, kind: Kind, model: ServedModel) -> ParsedRequest:
    try:
        return parse_request(body, kind, model)
    except RecursionError as error:
        # What the parser of JSON just takes may be too deep for the checks after it.
        raise HttpError("The body is nested too deeply. Send a flat JSON object.") from error


async def _respond(
    request: Request,
    tracker: RequestTracker,
    model: ServedModel,
    names: TokenNames,
    parsed: ParsedRequest,
    state: RequestState,
) -> Response:
    reported_names = None if parsed.sampling.logprobs is None else names
    builder = ResponseBuilder(parsed.kind, state, model.name, reported_names)
    pieces = _text_pieces(state, Detokenizer(model.tokenizer, parsed.sampling.stop))
    watch = asyncio.create_task(_abort_on_disconnect(request, tracker, state))

    def leave() -> None:
        watch.cancel()
        tracker.abort(state)

    if parsed.is_stream:
        return await _stream(pieces, builder, parsed.wants_usage, leave)
    return await _respond_whole(pieces, builder, leave)


async def _abort_on_disconnect(
    request: Request, tracker: RequestTracker, state: RequestState
) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue
    tracker.abort(state)


async def _text_pieces(state: RequestState, detokenizer: Detokenizer) -> Pieces:
    """Yield new text, and the finish reason with the last piece."""
    reason: FinishReason | None = None
    while reason is None:
        output = await state.outputs.get()
        if isinstance(output, TierError):
            raise output
        reason = output.finish_reason
        if reason == "error":
            raise EngineStopped(
                output.error or "The engine could not go on with this request. Send it again."
            )
        if reason == "abort":
            raise ShuttingDown
        is_last = reason is not None
        yield detokenizer.push(output.token_ids, output.logprobs, is_last), reason


async def _respond_whole(
    pieces: Pieces, builder: ResponseBuilder, leave: Callable[[], None]
) -> Response:
    try:
        received = [each async for each in pieces]
    except TierError as error:
        return error_response(error)
    finally:
        leave()
    _, reason = received[-1]
    whole = TextPiece.join(piece for piece, _ in received)
    return JSONResponse(builder.whole(whole, reason))


async def _stream(
    pieces: Pieces, builder: ResponseBuilder, wants_usage: bool, leave: Callable[[], None]
) -> Response:
    """Wait for the first piece, so that a refusal of the engine gets its own status."""
    try:
        first = await anext(pieces)
    except TierError as error:
        leave()
        return error_response(error)
    except asyncio.CancelledError:
        leave()
        raise

    async def events() -> AsyncIterator[str]:
        try:
            yield builder.chunk(*first, is_first=True)
            async for piece, reason in pieces:
                if piece.text or piece.logprobs or reason:
                    yield builder.chunk(piece, reason, is_first=False)
            if wants_usage:
                yield builder.usage_chunk()
        except TierError as error:
            yield sse_event(error_body(error))
        finally:
            leave()
        yield "data: [DONE]\n\n"

    headers = {"Cache-Control": "no-cache"}
    return StreamingResponse(events(), media_type="text/event-stream", headers=headers)

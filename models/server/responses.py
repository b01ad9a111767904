"""The shapes of OpenAI's answers."""

import json
import time
import uuid
from typing import Any

from models.server.detokenizer import TextPiece
from models.server.logprobs import TokenNames, chat_logprobs, completion_logprobs
from models.server.request_parser import Kind
from models.server.request_state import RequestState


def new_request_id(kind: Kind) -> str:
    """A request's name, in its answers and in its event."""
    return ("chatcmpl-" if kind == "chat" else "cmpl-") + uuid.uuid4().hex


class ResponseBuilder:
    """One request's answers, whole or in chunks. `names` where logprobs were asked for."""

    def __init__(self, kind: Kind, flight: RequestState, model: str, names: TokenNames | None) -> None:
        self._is_chat = kind == "chat"
        self._flight = flight
        self._model = model
        self._names = names
        self._created = int(time.time())

    def whole(self, piece: TextPiece, reason: str | None) -> dict[str, Any]:
        """The answer to a request that does not stream."""
        said: dict[str, Any] = (
            {"message": {"role": "assistant", "content": piece.text}}
            if self._is_chat
            else {"text": piece.text}
        )
        return self._frame("chat.completion", [self._choice(said, piece, reason)]) | {
            "usage": usage_of(self._flight)
        }

    def chunk(self, piece: TextPiece, reason: str | None, is_first: bool) -> str:
        """One event of a stream."""
        if not self._is_chat:
            return sse_event(self._frame("", [self._choice({"text": piece.text}, piece, reason)]))
        delta = ({"role": "assistant"} if is_first else {}) | {"content": piece.text}
        return sse_event(
            self._frame("chat.completion.chunk", [self._choice({"delta": delta}, piece, reason)])
        )

    def usage_chunk(self) -> str:
        """The last event of a stream, where it was asked for."""
        return sse_event(self._frame("chat.completion.chunk", []) | {"usage": usage_of(self._flight)})

    def _choice(self, said: dict[str, Any], piece: TextPiece, reason: str | None) -> dict[str, Any]:
        return {"index": 0, **said, "logprobs": self._logprobs(piece), "finish_reason": reason}

    def _logprobs(self, piece: TextPiece) -> dict[str, Any] | None:
        if self._names is None:
            return None
        return (
            chat_logprobs(piece, self._names)
            if self._is_chat
            else completion_logprobs(piece, self._names)
        )

    def _frame(self, chat_object: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        kind = chat_object if self._is_chat else "text_completion"
        return {
            "id": self._flight.request_id,
            "object": kind,
            "created": self._created,
            "model": self._model,
            "choices": choices,
        }


def usage_of(flight: RequestState) -> dict[str, Any]:
    """The tokens of a request; the same numbers as in its event."""
    return {
        "prompt_tokens": flight.prompt_tokens,
        "completion_tokens": flight.completion_tokens,
        "total_tokens": flight.prompt_tokens + flight.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": flight.cached_tokens},
    }


def sse_event(body: dict[str, Any]) -> str:
    """A server-sent event."""
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"

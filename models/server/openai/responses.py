"""Replies in OpenAI's forms: whole, or as chunks of a stream."""

import json
import time
import uuid
from typing import Any

from models.server.openai.detokenizer import TextPiece
from models.server.openai.logprobs import TokenNames, chat_logprobs, completion_logprobs
from models.server.openai.request_parser import Kind
from models.server.request_state import RequestState


def new_request_id(kind: Kind) -> str:
    """Return a new id for a request, its replies and its event."""
    return ("chatcmpl-" if kind == "chat" else "cmpl-") + uuid.uuid4().hex


class ResponseBuilder:
    """Builder of one request's replies. `names` is given if logprobs are requested."""

    def __init__(
        self, kind: Kind, state: RequestState, model: str, names: TokenNames | None
    ) -> None:
        self._is_chat = kind == "chat"
        self._state = state
        self._model = model
        self._names = names
        self._created = int(time.time())

    def whole(self, piece: TextPiece, reason: str | None) -> dict[str, Any]:
        """Build the reply to a request without a stream."""
        content: dict[str, Any] = {"text": piece.text}
        if self._is_chat:
            content = {"message": {"role": "assistant", "content": piece.text}}
        frame = self._frame("chat.completion", [self._choice(content, piece, reason)])
        return frame | {"usage": usage_of(self._state)}

    def chunk(self, piece: TextPiece, reason: str | None, is_first: bool) -> str:
        """Build an event of a stream."""
        content: dict[str, Any] = {"text": piece.text}
        if self._is_chat:
            role = {"role": "assistant"} if is_first else {}
            content = {"delta": role | {"content": piece.text}}
        choice = self._choice(content, piece, reason)
        return sse_event(self._frame("chat.completion.chunk", [choice]))

    def usage_chunk(self) -> str:
        """Build the last event of a stream that includes the usage."""
        frame = self._frame("chat.completion.chunk", [])
        return sse_event(frame | {"usage": usage_of(self._state)})

    def _choice(
        self, content: dict[str, Any], piece: TextPiece, reason: str | None
    ) -> dict[str, Any]:
        return {"index": 0, **content, "logprobs": self._logprobs(piece), "finish_reason": reason}

    def _logprobs(self, piece: TextPiece) -> dict[str, Any] | None:
        if self._names is None:
            return None
        build = chat_logprobs if self._is_chat else completion_logprobs
        return build(piece, self._names)

    def _frame(self, chat_object: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self._state.request_id,
            "object": chat_object if self._is_chat else "text_completion",
            "created": self._created,
            "model": self._model,
            "choices": choices,
        }


def usage_of(state: RequestState) -> dict[str, Any]:
    """Return the token counts of a request, equal to those of its event."""
    return {
        "prompt_tokens": state.prompt_tokens,
        "completion_tokens": state.completion_tokens,
        "total_tokens": state.prompt_tokens + state.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": state.cached_tokens},
    }


def sse_event(body: dict[str, Any]) -> str:
    """Format a server-sent event."""
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"

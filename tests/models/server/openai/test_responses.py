"""Replies in OpenAI's forms."""

import json
from typing import Any

from support.tier import make_tokenizer

from models.protocol import RequestOutput, TokenLogprobs
from models.server.openai.detokenizer import TextPiece
from models.server.openai.logprobs import TokenNames
from models.server.openai.request_parser import Kind
from models.server.openai.responses import ResponseBuilder, new_request_id, sse_event, usage_of
from models.server.request_state import RequestState

PIECE = TextPiece("a", [67], [0], [TokenLogprobs(-1.0, {})])


def state() -> RequestState:
    """Make the state of a request that got three tokens."""
    each = RequestState("id-1", prompt_tokens=5, max_tokens=9, arrival_at=0.0)
    each.completion_tokens = 3
    each.last_output = RequestOutput("id-1", [67], [], cached_tokens=4)
    return each


def builder(kind: Kind, with_logprobs: bool = False) -> ResponseBuilder:
    """Make a builder."""
    names = TokenNames(make_tokenizer()) if with_logprobs else None
    return ResponseBuilder(kind, state(), "tiny", names)


def parse_event(event: str) -> dict[str, Any]:
    """Parse a server-sent event."""
    assert event.startswith("data: ")
    assert event.endswith("\n\n")
    parsed: dict[str, Any] = json.loads(event.removeprefix("data: "))
    return parsed


def test_ids_are_unique_and_name_the_route() -> None:
    """OpenAI's prefixes."""
    assert new_request_id("chat").startswith("chatcmpl-")
    assert len({new_request_id("completion") for _ in range(100)}) == 100


def test_a_whole_completion() -> None:
    """Text, reason and usage."""
    reply = builder("completion").whole(PIECE, "stop")
    assert (reply["id"], reply["object"], reply["model"]) == ("id-1", "text_completion", "tiny")
    choice = {"index": 0, "text": "a", "logprobs": None, "finish_reason": "stop"}
    assert reply["choices"] == [choice]
    assert reply["usage"] == usage_of(state())


def test_a_whole_chat() -> None:
    """The text is the assistant's message."""
    reply = builder("chat").whole(PIECE, "length")
    assert reply["object"] == "chat.completion"
    assert reply["choices"][0]["message"] == {"role": "assistant", "content": "a"}


def test_chunks_of_a_completion() -> None:
    """Each has its text; the last one a reason."""
    event = parse_event(builder("completion").chunk(PIECE, None, is_first=True))
    assert event["object"] == "text_completion"
    assert (event["choices"][0]["text"], event["choices"][0]["finish_reason"]) == ("a", None)
    assert "usage" not in event


def test_chunks_of_a_chat_name_the_role_once() -> None:
    """In the first one."""
    chat = builder("chat")
    first, second = (parse_event(chat.chunk(PIECE, None, is_first=each)) for each in (True, False))
    assert first["object"] == "chat.completion.chunk"
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": "a"}
    assert second["choices"][0]["delta"] == {"content": "a"}


def test_logprobs_have_the_form_of_the_route() -> None:
    """If they were requested."""
    completion = builder("completion", with_logprobs=True).whole(PIECE, "stop")
    chat = builder("chat", with_logprobs=True).whole(PIECE, "stop")
    assert completion["choices"][0]["logprobs"]["token_logprobs"] == [-1.0]
    assert chat["choices"][0]["logprobs"]["content"][0]["logprob"] == -1.0


def test_the_usage_chunk_has_no_choices() -> None:
    """It is the last event before the end."""
    event = parse_event(builder("chat").usage_chunk())
    assert event["choices"] == []
    assert event["usage"]["completion_tokens"] == 3


def test_usage_adds_up() -> None:
    """Cached tokens are part of the prompt's."""
    assert usage_of(state()) == {
        "prompt_tokens": 5,
        "completion_tokens": 3,
        "total_tokens": 8,
        "prompt_tokens_details": {"cached_tokens": 4},
    }


def test_events_are_one_line() -> None:
    """A line break in the text is escaped."""
    assert sse_event({"text": "a\nb"}) == 'data: {"text": "a\\nb"}\n\n'

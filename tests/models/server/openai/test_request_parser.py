"""Parsing of bodies: what is accepted, and the parameter that each error blames."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.inference.engine import engine_info
from support.tier import make_tokenizer

from models.errors import TierError
from models.server.openai.chat import ChatTemplate
from models.server.openai.errors import HttpError
from models.server.openai.request_parser import Kind, ParsedRequest, ServedModel, parse_request

TEMPLATE = ChatTemplate("{% for m in messages %}{{ m.content }}{% endfor %}")
MODEL = ServedModel("tiny", engine_info(context_tokens=256), make_tokenizer(), TEMPLATE)
MESSAGES = [{"role": "user", "content": "hi"}]


def parse(raw: bytes, kind: Kind = "completion") -> ParsedRequest:
    """Parse raw bytes."""
    return parse_request(raw, kind, MODEL)


def completion(**changes: Any) -> ParsedRequest:
    """Parse a valid completion with changes."""
    return parse(json.dumps({"model": "tiny", "prompt": "def"} | changes).encode())


def chat(**changes: Any) -> ParsedRequest:
    """Parse a valid chat with changes."""
    return parse(json.dumps({"model": "tiny", "messages": MESSAGES} | changes).encode(), "chat")


def test_a_plain_request_gets_openais_defaults() -> None:
    """16 tokens for a completion, the whole context for a chat."""
    plain = completion(prompt=[5, 6])
    assert (plain.prompt, plain.sampling.max_tokens) == ([5, 6], 16)
    assert (plain.sampling.temperature, plain.sampling.top_p, plain.sampling.top_k) == (1, 1, 0)
    assert (plain.is_stream, plain.wants_usage, plain.sampling.logprobs) == (False, False, None)
    talk = chat()
    assert talk.sampling.max_tokens == 256 - len(talk.prompt)


def test_null_is_the_same_as_leaving_out() -> None:
    """Clients send null for what they do not set."""
    assert completion(seed=None, stop=None, stream=None) == completion()


def test_parameters_that_change_nothing_are_accepted() -> None:
    """Clients send them with their neutral values."""
    neutral = {"n": 1, "echo": False, "frequency_penalty": 0, "logit_bias": {}}
    assert completion(**neutral) == completion()
    assert chat(tools=[], response_format={"type": "text"}) == chat()


def test_the_sender_is_named_in_two_ways() -> None:
    """OpenAI's newer field counts; what is no text names nobody."""
    assert completion(user="ann").user == "ann"
    assert completion(user="ann", safety_identifier="bob").user == "bob"
    assert completion(user=7, safety_identifier=" ").user is None


def test_usage_of_a_stream_can_be_requested() -> None:
    """Only together with a stream."""
    parsed = completion(stream=True, stream_options={"include_usage": True})
    assert (parsed.is_stream, parsed.wants_usage) == (True, True)


def test_a_prompt_of_token_ids_is_taken_as_it_is() -> None:
    """Also as the only element of a list."""
    assert completion(prompt=[[1, 2, 3]]).prompt == [1, 2, 3]
    assert completion(prompt=["def"]).prompt == completion(prompt="def").prompt


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "prompt beyond the context": ({"prompt": [5] * 257}, "prompt", "Shorten"),
    "long text": ({"prompt": "word " * 1000}, "prompt", "Shorten"),
    "empty prompt": ({"prompt": ""}, "prompt", "at least one token"),
    "empty list": ({"prompt": []}, "prompt", "at least one token"),
    "no prompt": ({"prompt": None}, "prompt", "one text"),
    "several prompts": ({"prompt": ["a", "b"]}, "prompt", "several requests"),
    "unknown token": ({"prompt": [384]}, "prompt", "0..383"),
    "negative token": ({"prompt": [-1]}, "prompt", "0..383"),
    "a truth among tokens": ({"prompt": [True]}, "prompt", "one text"),
    "two choices": ({"n": 2}, "n", "can only be 1"),
    "a truth as a number": ({"n": True}, "n", "can only be 1"),
    "echo": ({"echo": True}, "echo", "can only be False"),
    "unknown parameter": ({"reticulate": 1}, "reticulate", "Leave it out"),
    "endless parameter": ({"x" * 5000: 1}, "x" * 100, "Leave it out"),
    "a chat's parameter": ({"messages": MESSAGES}, "messages", "Leave it out"),
    "penalty": ({"frequency_penalty": 0.5}, "frequency_penalty", "can only be 0"),
    "usage without stream": (
        {"stream_options": {"include_usage": True}},
        "stream_options",
        "requires stream",
    ),
    "unknown stream option": (
        {"stream": True, "stream_options": {"x": 1}},
        "stream_options",
        "can only contain",
    ),
    "stream as text": ({"stream": "yes"}, "stream", "true or false"),
    "no model": ({"model": None}, "model", "Use 'tiny'"),
}
REFUSED_CHATS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no messages": ({"messages": []}, "messages", "at least one"),
    "tools": ({"tools": [{"type": "function"}]}, "tools", "Leave it out"),
    "long chat": (
        {"messages": [{"role": "user", "content": "x y " * 300}]},
        "messages",
        "Shorten",
    ),
    "empty chat": ({"messages": [{"role": "user", "content": ""}]}, "messages", "is empty"),
    "a completion's parameter": ({"prompt": "def"}, "prompt", "Leave it out"),
}


@pytest.mark.parametrize(("changes", "param", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_invalid_completions_are_rejected(changes: dict[str, Any], param: str, words: str) -> None:
    """Each error names its parameter and the next step."""
    with pytest.raises(HttpError, match=words) as caught:
        completion(**changes)
    assert (caught.value.param, caught.value.status) == (param, 400)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("changes", "param", "words"), REFUSED_CHATS.values(), ids=REFUSED_CHATS.keys()
)
def test_invalid_chats_are_rejected(changes: dict[str, Any], param: str, words: str) -> None:
    """In the same way."""
    with pytest.raises(HttpError, match=words) as caught:
        chat(**changes)
    assert (caught.value.param, caught.value.status) == (param, 400)


def test_another_model_is_not_found() -> None:
    """The error names the one that exists."""
    with pytest.raises(HttpError, match=r"There is no model 'gpt-5'\. Use 'tiny'") as caught:
        completion(model="gpt-5")
    assert (caught.value.status, caught.value.code) == (404, "model_not_found")


def test_a_model_without_a_template_has_no_chats() -> None:
    """The error names the other route."""
    model = ServedModel("tiny", engine_info(), make_tokenizer(), None)
    raw = json.dumps({"model": "tiny", "messages": MESSAGES}).encode()
    with pytest.raises(HttpError, match="Use /v1/completions"):
        parse_request(raw, "chat", model)


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "half": b'{"model": "tiny", "prompt": "de',
    "not text": b"\xff\xfe{}",
    "a list": b"[]",
    "no number": b'{"model": "tiny", "prompt": "x", "temperature": NaN}',
    "half a surrogate pair": b'{"model": "tiny", "prompt": "\\ud800"}',
    "a number without end": b'{"model": "tiny", "prompt": "x", "seed": ' + b"9" * 5000 + b"}",
    "deep lists": b'{"model": "tiny", "prompt": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
}


@pytest.mark.parametrize("raw", BODIES.values(), ids=BODIES.keys())
def test_bodies_that_are_not_json_are_rejected(raw: bytes) -> None:
    """The error asks for a JSON object."""
    with pytest.raises(HttpError, match="JSON"):
        parse(raw)


@given(st.binary(max_size=80))
def test_no_bytes_raise_anything_but_errors_of_the_tier(raw: bytes) -> None:
    """A defect would be status 500."""
    with pytest.raises(TierError):
        parse(raw)

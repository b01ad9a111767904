"""What cannot be served is refused in OpenAI's shape with what to do next, and the server stays up."""

from typing import Any

import httpx
import pytest

CHAT = "/v1/chat/completions"
MESSAGES = [{"role": "user", "content": "hi"}]

# What is sent beside a good request, the parameter that is blamed, and a word of the message.
REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "negative max_tokens": ({"max_tokens": -1}, "max_tokens", "from 1"),
    "no max_tokens": ({"max_tokens": 0}, "max_tokens", "from 1"),
    "max_tokens beyond the context": ({"max_tokens": 10**6}, "max_tokens", "ask for less"),
    "max_tokens beyond any number": ({"max_tokens": 10**30}, "max_tokens", "whole number"),
    "max_tokens as text": ({"max_tokens": "2"}, "max_tokens", "whole number"),
    "max_tokens as a truth": ({"max_tokens": True}, "max_tokens", "whole number"),
    "prompt beyond the context": ({"prompt": [5] * 257}, "prompt", "Shorten"),
    "long text": ({"prompt": "word " * 100_000}, "prompt", "Shorten"),
    "empty prompt": ({"prompt": ""}, "prompt", "at least one token"),
    "no prompt": ({"prompt": None}, "prompt", "one text"),
    "several prompts": ({"prompt": ["a", "b"]}, "prompt", "several requests"),
    "unknown token": ({"prompt": [384]}, "prompt", "0..383"),
    "negative token": ({"prompt": [-1]}, "prompt", "0..383"),
    "hot": ({"temperature": 3}, "temperature", "from 0 to 2"),
    "top_p of nothing": ({"top_p": 0}, "top_p", "temperature to 0"),
    "seed below 0": ({"seed": -1}, "seed", "from 0"),
    "endless stop": ({"stop": "x" * 257}, "stop", "256"),
    "too many stops": ({"stop": ["x"] * 17}, "stop", "16"),
    "empty stop": ({"stop": [""]}, "stop", "1 to 256"),
    "two answers": ({"n": 2}, "n", "can only be 1"),
    "echo": ({"echo": True}, "echo", "can only be False"),
    "too many logprobs": ({"logprobs": 21}, "logprobs", "from 0 to 20"),
    "logprobs as in chat": ({"logprobs": True}, "logprobs", "whole number"),
    "unknown parameter": ({"reticulate": 1}, "reticulate", "Leave it out"),
    "unknown parameter of no end": ({"x" * 5000: 1}, "x" * 100, "Leave it out"),
    "penalty": ({"frequency_penalty": 0.5}, "frequency_penalty", "can only be 0"),
    "usage without stream": (
        {"stream_options": {"include_usage": True}},
        "stream_options",
        "needs stream",
    ),
    "stream as text": ({"stream": "yes"}, "stream", "true or false"),
}
REFUSED_CHATS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no messages": ({"messages": []}, "messages", "at least one"),
    "a message without role": ({"messages": [{"content": "x"}]}, "messages", "role"),
    "a role of its own": ({"messages": [{"role": "king", "content": "x"}]}, "messages", "role"),
    "a picture": (
        {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        "messages",
        "text",
    ),
    "top_logprobs alone": ({"top_logprobs": 2}, "top_logprobs", "logprobs to be true"),
    "logprobs as in completions": ({"logprobs": 2}, "logprobs", "true or false"),
    "tools": ({"tools": [{"type": "function"}]}, "tools", "Leave it out"),
    "long talk": ({"messages": [{"role": "user", "content": "x y " * 300}]}, "messages", "Shorten"),
}


def judged(
    answer: httpx.Response, status: int = 400, kind: str = "invalid_request_error"
) -> dict[str, Any]:
    """The error of an answer, which must have OpenAI's shape."""
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == kind
    assert len(error["message"]) < 500
    return error


@pytest.mark.parametrize(("changes", "param", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_completions(server: Any, changes: dict[str, Any], param: str, words: str) -> None:
    """Each names its parameter and the way out."""
    error = judged(server.post(**changes))
    assert error["param"] == param
    assert words in error["message"]


@pytest.mark.parametrize(
    ("changes", "param", "words"), REFUSED_CHATS.values(), ids=REFUSED_CHATS.keys()
)
def test_refused_chats(server: Any, changes: dict[str, Any], param: str, words: str) -> None:
    """Chats as well."""
    error = judged(
        httpx.post(server.url + CHAT, json={"model": "tiny", "messages": MESSAGES} | changes)
    )
    assert error["param"] == param
    assert words in error["message"]


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "half": b'{"model": "tiny", "prompt": "de',
    "not text": b"\xff\xfe{}",
    "a list": b"[]",
    "no number": b'{"model": "tiny", "prompt": "x", "temperature": NaN}',
    "half a pair": b'{"model": "tiny", "prompt": "\\ud800"}',
    "a number without end": b'{"model": "tiny", "prompt": "x", "seed": ' + b"9" * 5000 + b"}",
    "deep": b'{"model": "tiny", "prompt": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_what_is_not_json_is_refused(server: Any, body: bytes) -> None:
    """Whatever the bytes, the answer says to send a JSON object."""
    assert "JSON" in judged(httpx.post(f"{server.url}/v1/completions", content=body))["message"]


def test_a_large_body_is_refused(server: Any) -> None:
    """Beyond 4 MiB nothing is read."""
    answer = httpx.post(f"{server.url}/v1/completions", content=b" " * (6 << 20), timeout=20)
    assert "Send less" in judged(answer, 413)["message"]


def test_another_model_is_not_found(server: Any) -> None:
    """The error says which one there is."""
    error = judged(server.post(model="gpt-5"), 404)
    assert error["code"] == "model_not_found"
    assert "'tiny'" in error["message"]
    assert judged(httpx.get(f"{server.url}/v1/models/gpt-5"), 404)["code"] == "model_not_found"
    assert judged(server.post(model=None))["param"] == "model"


def test_other_routes_and_methods(server: Any) -> None:
    """Unknown routes name the known ones, wrong methods the right ones."""
    assert "/v1/completions" in judged(httpx.get(f"{server.url}/v1/embeddings"), 404)["message"]
    answer = httpx.get(f"{server.url}/v1/completions")
    assert "Use POST" in judged(answer, 405)["message"]
    assert answer.headers["allow"] == "POST"
    judged(httpx.post(f"{server.url}/health"), 405)


def test_refusals_are_counted(server: Any) -> None:
    """A refused request is an event, without tokens."""
    before = server.sample("tokentide:requests_total", outcome="refused")
    server.post(max_tokens=0)
    server.post(model="other")
    assert server.sample("tokentide:requests_total", outcome="refused") == before + 2


def test_it_still_serves(server: Any) -> None:
    """After all of that."""
    assert server.post().status_code == 200

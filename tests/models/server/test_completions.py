"""Completions and chats over HTTP, read by OpenAI's own client."""

import json
import re
import socket
from typing import Any

import httpx
import pytest

MESSAGES = [{"role": "user", "content": "add two numbers"}]
GREEDY: dict[str, Any] = {"temperature": 0, "extra_body": {"ignore_eos": True}}
LONG = {"prompt": "def", "max_tokens": 250, "ignore_eos": True}


def test_a_streamed_completion_equals_the_whole_one(server: Any) -> None:
    """Its last chunk carries the same usage."""
    client = server.client()
    request = {"model": "tiny", "prompt": "def add(", "max_tokens": 24, **GREEDY}
    whole = client.completions.create(**request)
    options = {"stream": True, "stream_options": {"include_usage": True}}
    *chunks, last = client.completions.create(**request, **options)
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole.choices[0].text
    reasons = [chunk.choices[0].finish_reason for chunk in chunks]
    assert [reason for reason in reasons if reason] == ["length"]
    assert last.choices == []
    assert last.usage.prompt_tokens == whole.usage.prompt_tokens
    assert last.usage.completion_tokens == 24
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + 24


def test_a_streamed_chat_equals_the_whole_one(server: Any) -> None:
    """Its first chunk names the role."""
    create = server.client().chat.completions.create
    request = {"model": "tiny", "messages": MESSAGES, **GREEDY}
    whole = create(**request, max_completion_tokens=24)
    chunks = list(create(**request, max_tokens=24, stream=True))
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(chunk.choices[0].delta.content for chunk in chunks)
    assert text == whole.choices[0].message.content
    assert whole.choices[0].finish_reason == chunks[-1].choices[0].finish_reason == "length"
    assert whole.object == "chat.completion"
    assert chunks[0].object == "chat.completion.chunk"


def test_a_chat_is_the_completion_of_its_template(server: Any) -> None:
    """Messages become the checkpoint's prompt, and nothing is added."""
    client = server.client()
    chat = client.chat.completions.create(model="tiny", messages=MESSAGES, max_tokens=12, **GREEDY)
    plain = client.completions.create(
        model="tiny", prompt="user: add two numbers\nassistant:", max_tokens=12, **GREEDY
    )
    assert chat.choices[0].message.content == plain.choices[0].text
    assert chat.usage.prompt_tokens == plain.usage.prompt_tokens


def test_a_chat_may_use_the_whole_context(server: Any) -> None:
    """If max_tokens is not given."""
    chat = server.client().chat.completions.create(model="tiny", messages=MESSAGES, **GREEDY)
    assert chat.usage.total_tokens == 256


def test_token_ids_are_a_prompt_too(server: Any) -> None:
    """A list of ids, or a list of one such list."""
    for prompt in ([5, 6, 7], [[5, 6, 7]]):
        completion = server.client().completions.create(model="tiny", prompt=prompt, max_tokens=1)
        assert completion.usage.prompt_tokens == 3


def test_the_default_length_fits_the_context(server: Any) -> None:
    """A long prompt leaves fewer than 16 tokens."""
    completion = server.client().completions.create(model="tiny", prompt=[5] * 250, **GREEDY)
    assert completion.usage.completion_tokens == 6


def test_a_stop_text_is_not_shown(server: Any) -> None:
    """The completion ends before it, streamed or not."""
    create = server.client().completions.create
    request = {"model": "tiny", "prompt": "def add(", "max_tokens": 40, **GREEDY}
    text = create(**request).choices[0].text
    stop = text[len(text) // 2 :][:3]
    for is_stream in (False, True):
        completion = create(**request, stop=[stop, "never"], stream=is_stream)
        chunks = list(completion) if is_stream else [completion]
        assert "".join(chunk.choices[0].text for chunk in chunks) == text[: text.index(stop)]
        assert chunks[-1].choices[0].finish_reason == "stop"


def test_a_cached_prefix_is_in_the_usage(server: Any) -> None:
    """The second time, whole blocks of the prompt come from the cache."""
    prompt, counts = list(range(100, 140)), []
    for _ in range(2):
        completion = server.client().completions.create(model="tiny", prompt=prompt, max_tokens=1)
        counts.append(completion.usage.prompt_tokens_details.cached_tokens)
    assert counts == [0, 32]


def test_logprobs_of_a_completion(server: Any) -> None:
    """Lists of equal length, one entry per token, with offsets into the text."""
    completion = server.client().completions.create(
        model="tiny", prompt="def add(", max_tokens=12, logprobs=3, **GREEDY
    )
    logprobs, text = completion.choices[0].logprobs, completion.choices[0].text
    lists = (logprobs.tokens, logprobs.token_logprobs, logprobs.top_logprobs, logprobs.text_offset)
    assert {len(each) for each in lists} == {12}
    for top, chosen in zip(logprobs.top_logprobs, logprobs.token_logprobs, strict=True):
        assert 3 <= len(top) <= 4
        assert max(top.values()) == chosen
    assert logprobs.text_offset == sorted(logprobs.text_offset)
    assert text.startswith(logprobs.tokens[0])


def test_logprobs_of_a_chat(server: Any) -> None:
    """Greedy tokens are the likeliest of their alternatives."""
    chat = server.client().chat.completions.create(
        model="tiny", messages=MESSAGES, max_tokens=9, logprobs=True, top_logprobs=2, **GREEDY
    )
    content = chat.choices[0].logprobs.content
    assert len(content) == chat.usage.completion_tokens == 9
    for each in content:
        assert len(each.top_logprobs) == 2
        assert each.top_logprobs[0].token == each.token
        assert each.logprob == each.top_logprobs[0].logprob <= 0


def test_streamed_logprobs_equal_the_whole_ones(server: Any) -> None:
    """Joined entries are the same for any chunks."""
    create = server.client().completions.create
    request = {"model": "tiny", "prompt": "class Point:", "max_tokens": 12, "logprobs": 0, **GREEDY}
    whole = create(**request).choices[0].logprobs
    chunks = [chunk.choices[0].logprobs for chunk in create(**request, stream=True)]
    for name in ("tokens", "text_offset"):
        assert [each for chunk in chunks for each in getattr(chunk, name)] == getattr(whole, name)
    values = [each for chunk in chunks for each in chunk.token_logprobs]
    assert values == pytest.approx(whole.token_logprobs, abs=1e-4)


def test_a_raw_stream_ends_with_done(server: Any) -> None:
    """It consists of server-sent events of JSON."""
    body = {"model": "tiny", "prompt": "x", "stream": True}
    with httpx.stream("POST", f"{server.url}/v1/completions", json=body) as response:
        *events, last = [line for line in response.iter_lines() if line]
    assert response.headers["content-type"].startswith("text/event-stream")
    assert last == "data: [DONE]"
    for event in events:
        assert json.loads(event.removeprefix("data: "))["object"] == "text_completion"


@pytest.mark.parametrize("is_stream", [True, False])
def test_a_client_that_leaves_ends_its_request(server: Any, is_stream: bool) -> None:
    """Nothing is computed for it any longer."""
    aborted = server.sample("vllm:request_success_total", finished_reason="abort")
    url, body = f"{server.url}/v1/completions", {"model": "tiny", "stream": is_stream} | LONG
    with httpx.Client(timeout=0.5 if is_stream else 0.05) as client:
        if is_stream:
            with client.stream("POST", url, json=body) as response:
                next(response.iter_lines())
        else:
            with pytest.raises(httpx.ReadTimeout):
                client.post(url, json=body)
    server.wait_for("vllm:request_success_total", aborted + 1, finished_reason="abort")
    assert server.sample("vllm:num_requests_running") == 0


def test_a_client_that_leaves_during_its_body_is_an_aborted_request(server: Any) -> None:
    """It is logged without tokens."""
    aborted = server.sample("tokentide:requests_total", outcome="aborted")
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(
            b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
            b'Content-Type: application/json\r\n\r\n{"model":'
        )
    server.wait_for("tokentide:requests_total", aborted + 1, outcome="aborted")


def test_refused_requests_are_counted(server: Any) -> None:
    """They are events without tokens, and the server goes on."""
    refused = server.sample("tokentide:requests_total", outcome="refused")
    assert server.post(max_tokens=0).status_code == 400
    assert server.post(model="other").status_code == 404
    assert server.sample("tokentide:requests_total", outcome="refused") == refused + 2
    assert server.post().status_code == 200


def test_a_large_body_is_refused(server: Any) -> None:
    """Beyond 4 MiB nothing is read."""
    response = httpx.post(
        f"{server.url}/v1/completions",
        content=b" " * (6 << 20),
        headers={"Content-Type": "application/json"},
        timeout=20,
    )
    assert response.status_code == 413
    assert "Send less" in response.json()["error"]["message"]


def test_events_name_senders_by_pseudonyms(server: Any) -> None:
    """Headers of a gateway win over the body; no name and no prompt is in any file of the home."""
    names = {"X-Tokentide-Team": "team-of-emma", "X-Tokentide-Key-Alias": "key-of-emma"}
    create = server.client().completions.create
    first = create(
        model="tiny", prompt="marker-prompt", max_tokens=1, user="emma", extra_headers=names
    )
    second = create(
        model="tiny", prompt="def", max_tokens=1, extra_body={"safety_identifier": "emma"}
    )
    other = create(
        model="tiny",
        prompt="def",
        max_tokens=1,
        user="emma",
        extra_headers={"X-Tokentide-Caller": "nora"},
    )
    server.wait_for_event(other.id)
    events = {event["request_id"]: event for event in server.events()}
    assert re.fullmatch("caller-[0-9a-f]{16}", events[first.id]["caller"])
    assert re.fullmatch("team-[0-9a-f]{16}", events[first.id]["team"])
    assert re.fullmatch("key-[0-9a-f]{16}", events[first.id]["key_alias"])
    assert events[second.id]["caller"] == events[first.id]["caller"]
    assert events[second.id]["team"] is None
    assert events[other.id]["caller"] not in {None, events[first.id]["caller"]}
    content = b"".join(path.read_bytes() for path in server.home.rglob("*") if path.is_file())
    assert not any(word in content for word in (b"emma", b"nora", b"marker-prompt"))

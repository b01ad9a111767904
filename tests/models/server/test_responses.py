"""OpenAI's own client is content with what the server answers."""

import json
from typing import Any

import httpx
import pytest

MESSAGES = [{"role": "user", "content": "add two numbers"}]
GREEDY: dict[str, Any] = {"temperature": 0, "extra_body": {"ignore_eos": True}}


def test_a_completion_streams_what_it_says_whole(server: Any) -> None:
    """Chunks joined are the whole answer, and the last one carries the same usage."""
    client = server.client()
    whole = client.completions.create(model="tiny", prompt="def add(", max_tokens=24, **GREEDY)
    stream = client.completions.create(
        model="tiny",
        prompt="def add(",
        max_tokens=24,
        stream=True,
        stream_options={"include_usage": True},
        **GREEDY,
    )
    chunks = list(stream)
    assert "".join(chunk.choices[0].text for chunk in chunks[:-1]) == whole.choices[0].text
    assert [
        chunk.choices[0].finish_reason for chunk in chunks[:-1] if chunk.choices[0].finish_reason
    ] == ["length"]
    assert chunks[-1].choices == []
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (
        whole.usage.prompt_tokens,
        24,
    )
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + 24


def test_a_chat_streams_what_it_says_whole(server: Any) -> None:
    """So do chats, whose first chunk names the role."""
    client = server.client()
    whole = client.chat.completions.create(
        model="tiny", messages=MESSAGES, max_completion_tokens=24, **GREEDY
    )
    chunks = list(
        client.chat.completions.create(
            model="tiny", messages=MESSAGES, max_tokens=24, stream=True, **GREEDY
        )
    )
    assert chunks[0].choices[0].delta.role == "assistant"
    assert (
        "".join(chunk.choices[0].delta.content for chunk in chunks)
        == whole.choices[0].message.content
    )
    assert whole.choices[0].finish_reason == chunks[-1].choices[0].finish_reason == "length"
    assert whole.object == "chat.completion"
    assert chunks[0].object == "chat.completion.chunk"


def test_a_chat_is_the_completion_of_its_template(server: Any) -> None:
    """Messages become the checkpoint's prompt, and nothing else does."""
    client = server.client()
    chat = client.chat.completions.create(model="tiny", messages=MESSAGES, max_tokens=12, **GREEDY)
    plain = client.completions.create(
        model="tiny", prompt="user: add two numbers\nassistant:", max_tokens=12, **GREEDY
    )
    assert chat.choices[0].message.content == plain.choices[0].text
    assert chat.usage.prompt_tokens == plain.usage.prompt_tokens


def test_a_chat_goes_on_to_the_end_of_the_context(server: Any) -> None:
    """Without max_tokens a chat may use all the room there is."""
    chat = server.client().chat.completions.create(model="tiny", messages=MESSAGES, **GREEDY)
    assert chat.usage.total_tokens == 256


def test_tokens_are_a_prompt_too(server: Any) -> None:
    """A list of token numbers is taken as it is; so is a list of one such list."""
    for prompt in ([5, 6, 7], [[5, 6, 7]]):
        found = server.client().completions.create(model="tiny", prompt=prompt, max_tokens=1)
        assert found.usage.prompt_tokens == 3


def test_a_short_room_shortens_the_default(server: Any) -> None:
    """Where max_tokens is not given, the prompt's rest of the context is enough."""
    found = server.client().completions.create(model="tiny", prompt=[5] * 250, **GREEDY)
    assert found.usage.completion_tokens == 6


def test_a_stop_text_is_not_shown(server: Any) -> None:
    """The answer ends before the text that stops it, streamed or not."""
    client = server.client()
    said = (
        client.completions.create(model="tiny", prompt="def add(", max_tokens=40, **GREEDY)
        .choices[0]
        .text
    )
    middle = len(said) // 2
    stop = said[middle : middle + 3]
    for is_stream in (False, True):
        found = client.completions.create(
            model="tiny",
            prompt="def add(",
            max_tokens=40,
            stop=[stop, "never"],
            stream=is_stream,
            **GREEDY,
        )
        chunks = list(found) if is_stream else [found]
        assert "".join(chunk.choices[0].text for chunk in chunks) == said[: said.index(stop)]
        assert chunks[-1].choices[0].finish_reason == "stop"


def test_a_cached_prefix_is_in_the_usage(server: Any) -> None:
    """The second time, the prompt's whole blocks come from the cache."""
    prompt = list(range(100, 140))
    counts = []
    for _ in range(2):
        found = server.client().completions.create(model="tiny", prompt=prompt, max_tokens=1)
        counts.append(found.usage.prompt_tokens_details.cached_tokens)
    assert counts == [0, 32]


def test_logprobs_of_a_completion(server: Any) -> None:
    """Lists of one length, one entry a token, whose offsets cut the text where the tokens do."""
    found = server.client().completions.create(
        model="tiny", prompt="def add(", max_tokens=12, logprobs=3, **GREEDY
    )
    logprobs, text = found.choices[0].logprobs, found.choices[0].text
    assert {
        len(each)
        for each in (
            logprobs.tokens,
            logprobs.token_logprobs,
            logprobs.top_logprobs,
            logprobs.text_offset,
        )
    } == {12}
    assert all(
        3 <= len(top) <= 4 and max(top.values()) == chosen for top, chosen in _pairs(logprobs)
    )
    assert logprobs.text_offset == sorted(logprobs.text_offset)
    assert text.startswith(logprobs.tokens[0])


def _pairs(logprobs: Any) -> list[tuple[dict[str, float], float]]:
    return list(zip(logprobs.top_logprobs, logprobs.token_logprobs, strict=True))


def test_logprobs_of_a_chat(server: Any) -> None:
    """Each token with its bytes and the likeliest at its place; greedy tokens are the likeliest themselves."""
    found = server.client().chat.completions.create(
        model="tiny", messages=MESSAGES, max_tokens=9, logprobs=True, top_logprobs=2, **GREEDY
    )
    content = found.choices[0].logprobs.content
    assert len(content) == found.usage.completion_tokens == 9
    assert all(
        len(each.top_logprobs) == 2 and each.top_logprobs[0].token == each.token for each in content
    )
    assert all(each.logprob == each.top_logprobs[0].logprob <= 0 for each in content)


def test_streamed_logprobs_are_the_whole_ones(server: Any) -> None:
    """Whatever the chunks, their entries joined are those of the whole answer."""
    asked: dict[str, Any] = {
        "model": "tiny",
        "prompt": "class Point:",
        "max_tokens": 12,
        "logprobs": 0,
        **GREEDY,
    }
    client = server.client()
    whole = client.completions.create(**asked).choices[0].logprobs
    chunks = [
        chunk.choices[0].logprobs for chunk in client.completions.create(**asked, stream=True)
    ]
    for name in ("tokens", "text_offset"):
        assert [each for chunk in chunks for each in getattr(chunk, name)] == getattr(whole, name)
    values = [each for chunk in chunks for each in chunk.token_logprobs]
    assert values == pytest.approx(whole.token_logprobs, abs=1e-4)


def test_the_model_is_listed(server: Any) -> None:
    """By its name and with its context."""
    client = server.client()
    assert [model.id for model in client.models.list()] == ["tiny"]
    assert client.models.retrieve("tiny").model_dump()["max_model_len"] == 256


def test_it_is_healthy(server: Any) -> None:
    """While its engine runs."""
    assert httpx.get(f"{server.url}/health").status_code == 200


def test_a_stream_ends_as_openais_do(server: Any) -> None:
    """The raw stream is server-sent events of JSON, and then [DONE]."""
    with httpx.stream(
        "POST",
        f"{server.url}/v1/completions",
        json={"model": "tiny", "prompt": "x", "stream": True},
    ) as answer:
        lines = [line for line in answer.iter_lines() if line]
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert lines[-1] == "data: [DONE]"
    assert all(
        json.loads(line.removeprefix("data: "))["object"] == "text_completion"
        for line in lines[:-1]
    )

"""Reading of responses from an untrusted server: whole lines, and an end to everything."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.loadgen.records import RequestFailure
from models.loadgen.sse import (
    MAX_BYTES,
    MAX_LINE_BYTES,
    StreamedCompletion,
    printable_line,
    read_error_message,
    read_stream,
    split_lines,
)


async def stream_of(parts: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Yield parts as the network delivers them."""
    for part in parts:
        yield part


def lines_of(parts: Sequence[bytes]) -> list[bytes]:
    """Read all lines of the parts."""

    async def read() -> list[bytes]:
        return [line async for line, _ in split_lines(stream_of(parts))]

    return asyncio.run(read())


def read_events(*events: dict[str, Any] | str) -> StreamedCompletion:
    """Read a stream of these events."""
    completion = StreamedCompletion()
    text = "".join(
        f"data: {each if isinstance(each, str) else json.dumps(each)}\n\n" for each in events
    )
    asyncio.run(read_stream(stream_of([text.encode()]), completion))
    return completion


def piece(reason: str | None = None, **content: Any) -> dict[str, Any]:
    """Make an event with one choice."""
    return {"choices": [{"index": 0, "finish_reason": reason, **content}]}


@given(raw=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200), max_size=8))
def test_lines_do_not_depend_on_where_the_network_cuts(raw: bytes, cuts: list[int]) -> None:
    """Cuts may fall within a character."""
    places = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    parts = [raw[start:end] for start, end in pairwise(places)]
    whole = raw.split(b"\n")
    assert lines_of(parts) == (whole if whole[-1] else whole[:-1])


def test_an_endless_line_is_a_failure() -> None:
    """After a megabyte, long before the memory is full."""
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 65536
            yield b"x" * 65536

    with pytest.raises(
        RequestFailure, match="a line of the response is longer than 1,048,576 bytes"
    ):
        asyncio.run(read_stream(endless(), StreamedCompletion()))
    assert taken <= MAX_LINE_BYTES + 65536


def test_an_endless_response_is_a_failure() -> None:
    """A body is bounded, short lines or not."""

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield (b": still here" * 1000 + b"\n") * 100

    with pytest.raises(RequestFailure, match=f"the response is longer than {MAX_BYTES:,} bytes"):
        asyncio.run(read_stream(endless(), StreamedCompletion()))


def test_a_role_alone_is_no_first_token() -> None:
    """A chat's stream may open before the first token."""
    completion = read_events(
        piece(delta={"role": "assistant", "content": ""}),
        piece(delta={"content": "a"}),
        piece("stop", delta={}),
        "[DONE]",
    )
    assert (completion.pieces, len(completion.gaps_s), completion.finish_reason) == (1, 0, "stop")


@pytest.mark.parametrize(
    "content", [{"text": "a"}, {"delta": {"content": "a"}}, {"delta": {"reasoning_content": "a"}}]
)
def test_text_and_reasoning_are_output(content: dict[str, Any]) -> None:
    """Of both endpoints."""
    assert read_events(piece(**content), piece("length", **content)).pieces == 2


def test_a_completion_without_text_has_its_first_token_at_the_end() -> None:
    """A token may be half a character, which gives no text."""
    completion = read_events(piece("length", text=""), "[DONE]")
    assert completion.pieces == 1
    assert completion.first_at is not None


def test_nothing_counts_after_the_end() -> None:
    """Events after [DONE] are ignored."""
    assert read_events(piece("stop", text="a"), "[DONE]", piece("stop", text="b")).pieces == 1


def test_usage_is_what_the_server_counted() -> None:
    """An event may carry several tokens, so pieces are not tokens."""
    completion = read_events(
        piece("stop", text="three tokens here"),
        {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 3}},
    )
    assert (completion.prompt_tokens, completion.output_tokens, completion.pieces) == (5, 3, 1)


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([piece(text="a")], "without a finish_reason"),
        ([piece(text="a"), "[DONE]"], "without a finish_reason"),
        ([piece("abort", text="a"), "[DONE]"], "the server gave up: finish_reason abort"),
        (
            [piece(text="a"), {"error": {"message": "the engine\x1b[2J fell over"}}],
            "an error in the response: the engine \\[2J fell over",
        ),
        ([piece(text="a"), {"error": {"code": 5}}], "an error in the response: without a message"),
        (["{"], "not JSON: {"),
        (["[1]"], "a JSON list where an object was expected"),
        (["[" * 100_000], "not JSON"),
        (
            [{"choices": [], "usage": {"completion_tokens": -1}}],
            "usage.completion_tokens is not a count: -1",
        ),
        (
            [{"choices": [], "usage": {"completion_tokens": 1e300}}],
            "usage.completion_tokens is not a count",
        ),
        (
            [{"choices": [], "usage": {"prompt_tokens": True}}],
            "usage.prompt_tokens is not a count: True",
        ),
        ([{"choices": 5}, {"choices": [7, None]}, {"usage": []}], "without a finish_reason"),
    ],
)
def test_an_invalid_response_is_a_failure(events: list[dict[str, Any] | str], words: str) -> None:
    """The message says what is wrong, and the load test goes on."""
    with pytest.raises(RequestFailure, match=words) as caught:
        read_events(*events)
    assert caught.value.kind == "answer"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": {"message": "no room"}}', "no room"),
        (b'{"detail": "Not Found"}', '{"detail": "Not Found"}'),
        (b"<html>\n<b>502</b>", "<html> <b>502</b>"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, '{"a":' * 40),
        (b"", ""),
    ],
)
def test_an_error_is_quoted_in_short(body: bytes, message: str) -> None:
    """OpenAI's message, or the body as it is."""
    assert asyncio.run(read_error_message(stream_of([body]))) == message


@given(text=st.text())
def test_quoted_text_cannot_control_a_terminal(text: str) -> None:
    """One printable line of at most 200 characters."""
    quoted = printable_line(text)
    assert quoted.isprintable()
    assert len(quoted) <= 200

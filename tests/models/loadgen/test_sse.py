"""Reading answers of a server that is not trusted: whole lines out of any pieces, and an end to everything that could be endless."""

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
    read_error_message,
    split_lines,
    printable_line,
    read_stream,
)


async def pieces(parts: Sequence[bytes]) -> AsyncIterator[bytes]:
    """The parts as they come from the network."""
    for part in parts:
        yield part


def lines_of(parts: Sequence[bytes]) -> list[bytes]:
    """All lines of the parts."""

    async def read() -> list[bytes]:
        return [line async for line, _ in split_lines(pieces(parts))]

    return asyncio.run(read())


def answer_of(*events: dict[str, Any] | str) -> StreamedCompletion:
    """What is understood of a stream of these events."""
    answer = StreamedCompletion()
    text = "".join(
        f"data: {each if isinstance(each, str) else json.dumps(each)}\n\n" for each in events
    )
    asyncio.run(read_stream(pieces([text.encode()]), answer))
    return answer


def piece(reason: str | None = None, **said: Any) -> dict[str, Any]:
    """An event with one choice."""
    return {"choices": [{"index": 0, "finish_reason": reason, **said}]}


@given(raw=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200), max_size=8))
def test_lines_do_not_depend_on_where_the_network_cuts(raw: bytes, cuts: list[int]) -> None:
    """Also in the middle of a character or a line's end."""
    places = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    parts = [raw[start:end] for start, end in pairwise(places)]
    whole = raw.split(b"\n")
    assert lines_of(parts) == (whole if whole[-1] else whole[:-1])


def test_an_endless_line_is_given_up() -> None:
    """At a megabyte, long before the memory is full."""
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 65536
            yield b"x" * 65536

    with pytest.raises(RequestFailure, match="a line of the answer is longer than 1,048,576 bytes"):
        asyncio.run(read_stream(endless(), StreamedCompletion()))
    assert taken <= MAX_LINE_BYTES + 65536


def test_an_endless_answer_is_given_up() -> None:
    """However short its lines are."""

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield (b": still here" * 1000 + b"\n") * 100

    with pytest.raises(RequestFailure, match=f"the answer is longer than {MAX_BYTES:,} bytes"):
        asyncio.run(read_stream(endless(), StreamedCompletion()))


def test_a_role_alone_is_no_first_token() -> None:
    """A chat stream may open before the model has said anything."""
    answer = answer_of(
        piece(delta={"role": "assistant", "content": ""}),
        piece(delta={"content": "a"}),
        piece("stop", delta={}),
        "[DONE]",
    )
    assert (answer.pieces, len(answer.gaps_s), answer.finish_reason) == (1, 0, "stop")


@pytest.mark.parametrize(
    "said", [{"text": "a"}, {"delta": {"content": "a"}}, {"delta": {"reasoning_content": "a"}}]
)
def test_text_and_reasoning_are_output(said: dict[str, Any]) -> None:
    """Of both endpoints."""
    assert answer_of(piece(**said), piece("length", **said)).pieces == 2


def test_an_answer_without_text_has_a_first_token_at_its_end() -> None:
    """A token may be half a character, of which no text comes."""
    answer = answer_of(piece("length", text=""), "[DONE]")
    assert answer.pieces == 1
    assert answer.first_at is not None


def test_nothing_counts_after_the_end() -> None:
    """What follows [DONE] belongs to nobody."""
    assert answer_of(piece("stop", text="a"), "[DONE]", piece("stop", text="b")).pieces == 1


def test_usage_is_what_the_server_counted() -> None:
    """One event may carry several tokens, so pieces are not tokens."""
    answer = answer_of(
        piece("stop", text="three tokens here"),
        {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 3}},
    )
    assert (answer.prompt_tokens, answer.output_tokens, answer.pieces) == (5, 3, 1)


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([piece(text="a")], "without a finish_reason"),
        ([piece(text="a"), "[DONE]"], "without a finish_reason"),
        ([piece("abort", text="a"), "[DONE]"], "the server gave up: finish_reason abort"),
        (
            [piece(text="a"), {"error": {"message": "the engine\x1b[2J fell over"}}],
            "an error in the answer: the engine \\[2J fell over",
        ),
        ([piece(text="a"), {"error": {"code": 5}}], "an error in the answer: without a message"),
        (["{"], "not JSON: {"),
        (["[1]"], "a JSON list where an object was expected"),
        (["[" * 100_000], "not JSON"),
        (
            [{"choices": [], "usage": {"completion_tokens": -1}}],
            "usage.completion_tokens is no count: -1",
        ),
        (
            [{"choices": [], "usage": {"completion_tokens": 1e300}}],
            "usage.completion_tokens is no count",
        ),
        (
            [{"choices": [], "usage": {"prompt_tokens": True}}],
            "usage.prompt_tokens is no count: True",
        ),
        ([{"choices": 5}, {"choices": [7, None]}, {"usage": []}], "without a finish_reason"),
    ],
)
def test_a_bad_answer_is_a_fault_that_says_what_is_bad(
    events: list[dict[str, Any] | str], said: str
) -> None:
    """It is never half an answer, and never ends the run."""
    with pytest.raises(RequestFailure, match=said) as caught:
        answer_of(*events)
    assert caught.value.kind == "answer"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"message": "no room"}}', "no room"),
        (b'{"detail": "Not Found"}', '{"detail": "Not Found"}'),
        (b"<html>\n<b>502</b>", "<html> <b>502</b>"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, '{"a":' * 40),
        (b"", ""),
    ],
)
def test_an_error_is_quoted_short(body: bytes, said: str) -> None:
    """OpenAI's message, or the body as it is."""
    assert asyncio.run(read_error_message(pieces([body]))) == said


@given(text=st.text())
def test_quoted_text_cannot_command_a_terminal(text: str) -> None:
    """One printable line of at most 200 characters."""
    quoted = printable_line(text)
    assert quoted.isprintable()
    assert len(quoted) <= 200

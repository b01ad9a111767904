"""From the bytes of an answer to what matters of it. The server is not trusted: lines, bodies and numbers are bounded.

A piece is one event of a stream that carries output. A server may send several tokens in one, so the gaps between pieces are what a
reader sees, not the time per token.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from models.loadgen.records import RequestFailure

MAX_LINE_BYTES = 1 << 20
MAX_BYTES = 64 << 20
MAX_ERROR_BYTES = 64 << 10
MAX_MESSAGE = 200  # characters
MAX_COUNT = 1 << 31
UNFINISHED = ("abort", "error")  # finish reasons of an answer that the server gave up


@dataclass
class StreamedCompletion:
    """What was seen so far; moments are those of `perf_counter`."""

    first_at: float | None = None
    latest_at: float | None = None
    end_at: float | None = None
    gaps_s: list[float] = field(default_factory=list)
    pieces: int = 0
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    finish_reason: str | None = None

    def take(self, event: dict[str, Any], at: float) -> None:
        """Add an event of a stream, or a whole answer."""
        if error := event.get("error"):
            raise RequestFailure(
                "answer", f"an error in the answer: {extract_error_text(error) or 'without a message'}"
            )
        for choice in _dicts(event.get("choices")):
            reason = choice.get("finish_reason")
            if _has_output(choice) or (reason and not self.pieces):
                self._add_piece(at)
            if isinstance(reason, str):
                self.finish_reason = reason
        usage = event.get("usage")
        if isinstance(usage, dict):
            self.prompt_tokens, self.output_tokens = (
                _count(usage, "prompt_tokens"),
                _count(usage, "completion_tokens"),
            )

    def must_be_whole(self) -> None:
        """Raise where the server broke off or gave up."""
        if self.finish_reason is None:
            raise RequestFailure("answer", "the answer ended without a finish_reason")
        if self.finish_reason in UNFINISHED:
            raise RequestFailure("answer", f"the server gave up: finish_reason {self.finish_reason}")

    def _add_piece(self, at: float) -> None:
        self.pieces += 1
        if self.latest_at is None:
            self.first_at = at
        else:
            self.gaps_s.append(at - self.latest_at)
        self.latest_at = at


async def read_stream(chunks: AsyncIterator[bytes], answer: StreamedCompletion) -> None:
    """Read server-sent events to the end; the answer ends with `[DONE]`, or with the stream where a server sends none."""
    async for line, at in split_lines(chunks):
        name, _, data = line.partition(b":")
        if name != b"data" or answer.end_at is not None:
            continue
        if (data := data.strip()) == b"[DONE]":
            answer.end_at = at
        else:
            answer.take(_object(data), at)
    answer.end_at = answer.end_at or perf_counter()
    answer.must_be_whole()


async def read_completion(chunks: AsyncIterator[bytes], answer: StreamedCompletion) -> None:
    """Read an answer that is not streamed: it has an end, and no first token that anybody saw."""
    raw = await read_bounded(chunks, MAX_BYTES)
    answer.end_at = perf_counter()
    answer.take(_object(raw), answer.end_at)
    answer.must_be_whole()
    answer.first_at = None


async def split_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[bytes, float]]:
    """The lines of a stream and when each was whole."""
    kept, read = bytearray(), 0
    async for chunk in chunks:
        at = perf_counter()
        if (read := read + len(chunk)) > MAX_BYTES:
            raise RequestFailure("oversized", f"the answer is longer than {MAX_BYTES:,} bytes")
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            yield _line(kept, end), at
            kept.clear()
        _line(kept, rest)
        kept += rest
    if kept:
        yield _line(kept, b""), perf_counter()


async def read_bounded(chunks: AsyncIterator[bytes], most: int) -> bytes:
    """The whole body, which must not be longer than `most` bytes."""
    raw = bytearray()
    async for chunk in chunks:
        raw += chunk
        if len(raw) > most:
            raise RequestFailure("oversized", f"the answer is longer than {most:,} bytes")
    return bytes(raw)


async def read_error_message(chunks: AsyncIterator[bytes]) -> str:
    """What an answer with an error status says: OpenAI's message, or the body as it is."""
    raw = await read_bounded(chunks, MAX_ERROR_BYTES)
    try:
        found = _object(raw)
    except RequestFailure:
        found = {}
    return extract_error_text(found.get("error")) or printable_line(raw.decode(errors="replace"))


def extract_error_text(error: object) -> str:
    """The message of an error in OpenAI's shape; empty where there is none."""
    message = error.get("message") if isinstance(error, dict) else error
    return printable_line(message) if isinstance(message, str) else ""


def printable_line(text: str) -> str:
    """Text of a server, short and on one line, without what a terminal would obey."""
    short = "".join(each if each.isprintable() else " " for each in text[: 4 * MAX_MESSAGE])
    return " ".join(short.split())[:MAX_MESSAGE]


def _line(kept: bytearray, end: bytes) -> bytes:
    if len(kept) + len(end) > MAX_LINE_BYTES:
        raise RequestFailure("oversized", f"a line of the answer is longer than {MAX_LINE_BYTES:,} bytes")
    return bytes(kept) + end


def _object(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as problem:
        raise RequestFailure(
            "answer", f"not JSON: {printable_line(raw[:MAX_MESSAGE].decode(errors='replace'))}"
        ) from problem
    if not isinstance(found, dict):
        raise RequestFailure("answer", f"a JSON {type(found).__name__} where an object was expected")
    return found


def _dicts(found: object) -> list[dict[str, Any]]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _has_output(choice: dict[str, Any]) -> bool:
    """Text, reasoning or a tool call. A chat stream may open with the role alone, which is no output."""
    said = choice.get("delta") or choice.get("message") or choice
    return isinstance(said, dict) and any(
        said.get(name)
        for name in ("text", "content", "reasoning_content", "reasoning", "tool_calls")
    )


def _count(usage: dict[str, Any], name: str) -> int | None:
    count = usage.get(name)
    if count is None:
        return None
    if type(count) is not int or not 0 <= count <= MAX_COUNT:
        raise RequestFailure("answer", f"usage.{name} is no count: {printable_line(str(count)[:MAX_MESSAGE])}")
    return count

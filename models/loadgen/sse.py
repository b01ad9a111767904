"""Reading of responses. The server is not trusted: lines, bodies and numbers are bounded.

A piece is an event of a stream that carries output. It may carry several tokens, so the gaps
between pieces are what a reader sees, not the time per token.
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
UNFINISHED = ("abort", "error")  # finish reasons of a completion that the server gave up
OUTPUT_FIELDS = ("text", "content", "reasoning_content", "reasoning", "tool_calls")


@dataclass
class StreamedCompletion:
    """A completion as far as it has arrived. Moments are those of `perf_counter`."""

    first_at: float | None = None
    latest_at: float | None = None
    end_at: float | None = None
    gaps_s: list[float] = field(default_factory=list)
    pieces: int = 0
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    finish_reason: str | None = None
    kept: list[dict[str, Any]] | None = None  # all events, where somebody wants to read them

    def add_event(self, event: dict[str, Any], at: float) -> None:
        """Add an event of a stream, or a whole response."""
        if self.kept is not None:
            self.kept.append(event)
        if error := event.get("error"):
            message = extract_error_text(error) or "without a message"
            raise RequestFailure("answer", f"an error in the response: {message}")
        for choice in _dicts(event.get("choices")):
            reason = choice.get("finish_reason")
            if _has_output(choice) or (reason and not self.pieces):
                self._add_piece(at)
            if isinstance(reason, str):
                self.finish_reason = reason
        usage = event.get("usage")
        if isinstance(usage, dict):
            self.prompt_tokens = _read_count(usage, "prompt_tokens")
            self.output_tokens = _read_count(usage, "completion_tokens")

    def check_finished(self) -> None:
        """Raise if the server broke off or gave up."""
        if self.finish_reason is None:
            raise RequestFailure("answer", "the response ended without a finish_reason")
        if self.finish_reason in UNFINISHED:
            reason = self.finish_reason
            raise RequestFailure("answer", f"the server gave up: finish_reason {reason}")

    def _add_piece(self, at: float) -> None:
        self.pieces += 1
        if self.latest_at is None:
            self.first_at = at
        else:
            self.gaps_s.append(at - self.latest_at)
        self.latest_at = at


async def read_stream(chunks: AsyncIterator[bytes], completion: StreamedCompletion) -> None:
    """Read server-sent events to the end.

    The completion ends with `[DONE]`, or with the stream if the server sends none.
    """
    async for line, at in split_lines(chunks):
        name, _, data = line.partition(b":")
        if name != b"data" or completion.end_at is not None:
            continue
        if (data := data.strip()) == b"[DONE]":
            completion.end_at = at
        else:
            completion.add_event(_parse_object(data), at)
    completion.end_at = completion.end_at or perf_counter()
    completion.check_finished()


async def read_completion(chunks: AsyncIterator[bytes], completion: StreamedCompletion) -> None:
    """Read a response without a stream. It has an end, but no first token that anyone saw."""
    raw = await read_bounded(chunks, MAX_BYTES)
    completion.end_at = perf_counter()
    completion.add_event(_parse_object(raw), completion.end_at)
    completion.check_finished()
    completion.first_at = None


async def split_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[bytes, float]]:
    """Split a stream into lines. Yield each with the moment at which it was complete."""
    kept, size = bytearray(), 0
    async for chunk in chunks:
        at = perf_counter()
        if (size := size + len(chunk)) > MAX_BYTES:
            raise RequestFailure("oversized", f"the response is longer than {MAX_BYTES:,} bytes")
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            yield _join_line(kept, end), at
            kept.clear()
        _join_line(kept, rest)
        kept += rest
    if kept:
        yield _join_line(kept, b""), perf_counter()


async def read_bounded(chunks: AsyncIterator[bytes], limit: int) -> bytes:
    """Read a whole body of at most `limit` bytes."""
    raw = bytearray()
    async for chunk in chunks:
        raw += chunk
        if len(raw) > limit:
            raise RequestFailure("oversized", f"the response is longer than {limit:,} bytes")
    return bytes(raw)


async def read_error_message(chunks: AsyncIterator[bytes]) -> str:
    """Read the message of an error response: OpenAI's field, or the whole body."""
    raw = await read_bounded(chunks, MAX_ERROR_BYTES)
    try:
        body = _parse_object(raw)
    except RequestFailure:
        body = {}
    return extract_error_text(body.get("error")) or printable_line(raw.decode(errors="replace"))


def extract_error_text(error: object) -> str:
    """Return the message of an error in OpenAI's form, or an empty text."""
    message = error.get("message") if isinstance(error, dict) else error
    return printable_line(message) if isinstance(message, str) else ""


def printable_line(text: str) -> str:
    """Return a server's text as one short line without control characters for the terminal."""
    short = "".join(each if each.isprintable() else " " for each in text[: 4 * MAX_MESSAGE])
    return " ".join(short.split())[:MAX_MESSAGE]


def _join_line(kept: bytearray, end: bytes) -> bytes:
    if len(kept) + len(end) > MAX_LINE_BYTES:
        raise RequestFailure(
            "oversized", f"a line of the response is longer than {MAX_LINE_BYTES:,} bytes"
        )
    return bytes(kept) + end


def _parse_object(raw: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(raw)
    except (ValueError, RecursionError) as error:
        quoted = printable_line(raw[:MAX_MESSAGE].decode(errors="replace"))
        raise RequestFailure("answer", f"not JSON: {quoted}") from error
    if not isinstance(parsed, dict):
        kind = type(parsed).__name__
        raise RequestFailure("answer", f"a JSON {kind} where an object was expected")
    return parsed


def _dicts(items: object) -> list[dict[str, Any]]:
    return [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []


def _has_output(choice: dict[str, Any]) -> bool:
    """Look for text, reasoning or a tool call. A role alone, as chats may open, is no output."""
    content = choice.get("delta") or choice.get("message") or choice
    return isinstance(content, dict) and any(content.get(name) for name in OUTPUT_FIELDS)


def _read_count(usage: dict[str, Any], name: str) -> int | None:
    count = usage.get(name)
    if count is None:
        return None
    if type(count) is not int or not 0 <= count <= MAX_COUNT:
        quoted = printable_line(str(count)[:MAX_MESSAGE])
        raise RequestFailure("answer", f"usage.{name} is not a count: {quoted}")
    return count

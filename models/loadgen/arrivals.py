"""Arrival times and lengths of requests: a recorded trace or a Poisson process.

A trace is a CSV file, plain or gzipped, with the columns of the public Azure LLM inference traces:
TIMESTAMP (ISO 8601; UTC if it has no zone), ContextTokens and GeneratedTokens. The text of requests
is made in `prompts`.
"""

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import TextIOWrapper
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import IO

from models.errors import TierError

COLUMNS = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
GZIP_MAGIC = b"\x1f\x8b"
MAX_TOKENS = 10_000_000  # of one request; more is a damaged row


class BadTrace(TierError):
    """The trace is unreadable, or one of its rows is not a request."""


@dataclass(frozen=True)
class Arrival:
    """One future request."""

    at_s: float  # seconds after the start of the load test
    prompt_tokens: int
    output_tokens: int


def poisson_arrivals(
    rate: float, requests: int, prompt_tokens: int, output_tokens: int, seed: int
) -> list[Arrival]:
    """Draw independent arrivals of `rate` requests per second. Equal seeds give equal times."""
    random = Random(seed)  # noqa: S311 - no secret, and it must be repeatable
    gaps = (random.expovariate(rate) for _ in range(requests))
    return [Arrival(at_s, prompt_tokens, output_tokens) for at_s in accumulate(gaps)]


def read_trace(path: Path) -> list[Arrival]:
    """Read a trace in the order of its times. The first request arrives at 0 s."""
    with _open_text(path) as file:
        try:
            rows = [*_parse_rows(csv.DictReader(file), path)]
        except (csv.Error, UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BadTrace(
                f"{path} is not a whole CSV file ({error}). Download it again."
            ) from error
    if not rows:
        raise BadTrace(f"{path} contains no request. Name a trace with at least one row.")
    rows.sort(key=lambda row: row[0])
    start = rows[0][0]
    return [Arrival((at - start).total_seconds(), prompt, output) for at, prompt, output in rows]


def scale_speed(arrivals: Iterable[Arrival], speed: float) -> list[Arrival]:
    """Return the same requests, arriving `speed` times as fast."""
    return [replace(each, at_s=each.at_s / speed) for each in arrivals]


def cap_tokens(arrival: Arrival, max_tokens: int) -> Arrival:
    """Shorten a request so that prompt and completion together fit in `max_tokens`, at least 2.

    The prompt is shortened first, down to half of the limit; then the completion is.
    """
    room = max(max_tokens // 2, max_tokens - arrival.prompt_tokens)
    output = min(arrival.output_tokens, room)
    prompt = min(arrival.prompt_tokens, max_tokens - output)
    return replace(arrival, prompt_tokens=prompt, output_tokens=output)


@contextmanager
def _open_text(path: Path) -> Iterator[IO[str]]:
    with ExitStack() as stack:
        try:
            raw = stack.enter_context(path.open("rb"))
        except OSError as error:
            raise BadTrace(
                f"The trace {path} cannot be opened ({error.strerror}). "
                "Name a readable CSV file with --trace."
            ) from error
        is_gzipped = raw.peek(2).startswith(GZIP_MAGIC)
        file = stack.enter_context(gzip.GzipFile(fileobj=raw)) if is_gzipped else raw
        yield stack.enter_context(TextIOWrapper(file, encoding="utf-8-sig", newline=""))


def _parse_rows(reader: "csv.DictReader[str]", path: Path) -> Iterator[tuple[datetime, int, int]]:
    if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
        raise BadTrace(
            f"{path} has no column {missing[0]}. A trace has the columns {', '.join(COLUMNS)}."
        )
    for row in reader:
        try:
            yield _parse_row(row)
        except (ValueError, TypeError) as error:
            raise BadTrace(
                f"{path}, line {reader.line_num} is not a request ({error}). Correct or remove it."
            ) from error


def _parse_row(row: Mapping[str, str]) -> tuple[datetime, int, int]:
    at = datetime.fromisoformat(row["TIMESTAMP"])
    prompt, output = int(row["ContextTokens"]), int(row["GeneratedTokens"])
    if not (1 <= prompt <= MAX_TOKENS and 1 <= output <= MAX_TOKENS):
        raise ValueError(f"{prompt} and {output} tokens; each must be 1 to {MAX_TOKENS:,}")
    return at if at.tzinfo else at.replace(tzinfo=UTC), prompt, output

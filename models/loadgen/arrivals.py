"""When requests arrive and how long they are: a recorded trace or a Poisson process. What is in them is not decided here.

A trace is a CSV file, plain or gzipped, in the columns of the public Azure LLM inference traces: TIMESTAMP (ISO 8601; UTC where it names
no zone), ContextTokens and GeneratedTokens.
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
    """The trace cannot be read, or a row of it cannot be a request."""


@dataclass(frozen=True)
class Arrival:
    """One request to come: seconds after the first moment of the run, tokens of the prompt, tokens wanted."""

    at_s: float
    prompt_tokens: int
    output_tokens: int


def poisson_arrivals(
    rate: float, requests: int, prompt_tokens: int, output_tokens: int, seed: int
) -> list[Arrival]:
    """`rate` requests a second on average, each independent of the others; the same seed gives the same moments."""
    moments = Random(seed)  # noqa: S311 - no secret, and it must be repeatable
    gaps = (moments.expovariate(rate) for _ in range(requests))
    return [Arrival(at_s, prompt_tokens, output_tokens) for at_s in accumulate(gaps)]


def read_trace(path: Path) -> list[Arrival]:
    """The requests of a trace in the order of their times; the first comes at 0 s."""
    with _opened(path) as file:
        try:
            rows = [*_rows(csv.DictReader(file), path)]
        except (csv.Error, UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error) as problem:
            raise BadTrace(
                f"{path} is not a CSV file, or not whole ({problem}). Download it again."
            ) from problem
    if not rows:
        raise BadTrace(f"{path} holds no request. Name a trace with at least one row.")
    rows.sort(key=lambda row: row[0])
    start = rows[0][0]
    return [Arrival((at - start).total_seconds(), prompt, output) for at, prompt, output in rows]


def scale_speed(arrivals: Iterable[Arrival], speed: float) -> list[Arrival]:
    """The same requests, `speed` times as fast."""
    return [replace(each, at_s=each.at_s / speed) for each in arrivals]


def cap_tokens(arrival: Arrival, max_tokens: int) -> Arrival:
    """The request with prompt and answer together within `max_tokens`, at least 2.

    The prompt gives way first, down to half of the room; then the answer does.
    """
    output = min(arrival.output_tokens, max(max_tokens // 2, max_tokens - arrival.prompt_tokens))
    return replace(
        arrival,
        prompt_tokens=min(arrival.prompt_tokens, max_tokens - output),
        output_tokens=output,
    )


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    with ExitStack() as closing:
        try:
            raw = closing.enter_context(path.open("rb"))
        except OSError as problem:
            raise BadTrace(
                f"The trace {path} cannot be opened ({problem.strerror}). Name a readable CSV file with --trace."
            ) from problem
        is_gzipped = raw.peek(2).startswith(GZIP_MAGIC)
        file = closing.enter_context(gzip.GzipFile(fileobj=raw)) if is_gzipped else raw
        yield closing.enter_context(TextIOWrapper(file, encoding="utf-8-sig", newline=""))


def _rows(reader: "csv.DictReader[str]", path: Path) -> Iterator[tuple[datetime, int, int]]:
    if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
        raise BadTrace(
            f"{path} has no column {missing[0]}. A trace has the columns {', '.join(COLUMNS)}."
        )
    for row in reader:
        try:
            yield _row(row)
        except (ValueError, TypeError) as problem:
            raise BadTrace(
                f"{path}, line {reader.line_num} is no request ({problem}). Mend or remove it."
            ) from problem


def _row(row: Mapping[str, str]) -> tuple[datetime, int, int]:
    at = datetime.fromisoformat(row["TIMESTAMP"])
    prompt, output = int(row["ContextTokens"]), int(row["GeneratedTokens"])
    if not (1 <= prompt <= MAX_TOKENS and 1 <= output <= MAX_TOKENS):
        raise ValueError(f"{prompt} and {output} tokens; each must be 1 to {MAX_TOKENS:,}")
    return at if at.tzinfo else at.replace(tzinfo=UTC), prompt, output

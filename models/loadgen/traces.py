"""Recorded arrivals: public traces of requests, plain or gzipped.

- Azure LLM inference (CSV): TIMESTAMP (ISO 8601; UTC if it has no zone), ContextTokens,
  GeneratedTokens.
- BurstGPT (CSV): Timestamp (seconds), Request tokens, Response tokens. Requests that failed have 0
  tokens there and are left out.
- Mooncake (a JSON object a line): timestamp (milliseconds), input_length, output_length. Its
  hash_ids, which prompts begin alike, are not used.
"""

import csv
import gzip
import json
import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import IO, Any, NamedTuple

from models.errors import TierError
from models.loadgen.arrivals import Arrival

GZIP_MAGIC = b"\x1f\x8b"
MAX_TOKENS = 10_000_000  # of one request; more is a damaged row

Request = tuple[float, int, int]  # seconds since any instant, prompt tokens, output tokens


class BadTrace(TierError):
    """The trace is unreadable, or one of its rows is not a request."""


class Columns(NamedTuple):
    """Names of a form of traces, and how its instants are read as seconds."""

    at: str
    prompt: str
    output: str
    seconds: Callable[[Any], float]
    has_failures: bool = False  # rows with 0 tokens


def _instant(text: str) -> float:
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


AZURE = Columns("TIMESTAMP", "ContextTokens", "GeneratedTokens", _instant)
BURSTGPT = Columns("Timestamp", "Request tokens", "Response tokens", float, has_failures=True)
MOONCAKE = Columns("timestamp", "input_length", "output_length", lambda at: float(at) / 1000)
CSV_FORMS = (AZURE, BURSTGPT)


def read_trace(path: Path) -> list[Arrival]:
    """Read a trace in the order of its times. The first request arrives at 0 s."""
    with _open_text(path) as file:
        try:
            first = file.readline()
            lines = chain([first], file)
            read = _read_objects if first.lstrip().startswith("{") else _read_table
            requests = [*read(lines, path)]
        except (csv.Error, UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BadTrace(
                f"{path} is not a whole text file ({error}). Download it again."
            ) from error
    if not requests:
        raise BadTrace(f"{path} contains no request. Name a trace with at least one row.")
    requests.sort(key=lambda request: request[0])
    start = requests[0][0]
    # Seconds since 1970 in a float keep tenths of a microsecond.
    return [Arrival(round(at - start, 6), prompt, output) for at, prompt, output in requests]


@contextmanager
def _open_text(path: Path) -> Iterator[IO[str]]:
    with ExitStack() as stack:
        try:
            raw = stack.enter_context(path.open("rb"))
        except OSError as error:
            raise BadTrace(
                f"The trace {path} cannot be opened ({error.strerror}). "
                "Name a readable file with --trace."
            ) from error
        is_gzipped = raw.peek(2).startswith(GZIP_MAGIC)
        file = stack.enter_context(gzip.GzipFile(fileobj=raw)) if is_gzipped else raw
        yield stack.enter_context(TextIOWrapper(file, encoding="utf-8-sig", newline=""))


def _read_table(lines: Iterator[str], path: Path) -> Iterator[Request]:
    reader = csv.DictReader(lines)
    named = reader.fieldnames or ()
    columns = next((each for each in CSV_FORMS if set(each[:3]) <= set(named)), None)
    if columns is None:
        forms = " or ".join(", ".join(each[:3]) for each in CSV_FORMS)
        raise BadTrace(
            f"{path} is no trace that is known. Name a CSV file with the columns {forms}, or one "
            f"with a JSON object a line that has {', '.join(MOONCAKE[:3])}."
        )
    for row in reader:
        yield from _parse(row, columns, path, reader.line_num)


def _read_objects(lines: Iterator[str], path: Path) -> Iterator[Request]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise _bad_line(path, number, error) from error
            yield from _parse(row, MOONCAKE, path, number)


def _parse(row: Any, columns: Columns, path: Path, line: int) -> Iterator[Request]:
    try:
        found = _parse_row(row, columns)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise _bad_line(path, line, error) from error
    if found:
        yield found


def _parse_row(row: Mapping[str, Any], columns: Columns) -> Request | None:
    at = columns.seconds(row[columns.at])
    prompt, output = int(row[columns.prompt]), int(row[columns.output])
    if columns.has_failures and 0 in (prompt, output):
        return None
    if not math.isfinite(at):
        raise ValueError(f"{at} is no instant")
    if not (1 <= prompt <= MAX_TOKENS and 1 <= output <= MAX_TOKENS):
        raise ValueError(f"{prompt} and {output} tokens; each must be 1 to {MAX_TOKENS:,}")
    return at, prompt, output


def _bad_line(path: Path, line: int, error: Exception) -> BadTrace:
    return BadTrace(f"{path}, line {line} is not a request ({error}). Correct or remove it.")

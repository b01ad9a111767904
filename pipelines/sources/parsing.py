"""Parsing of answers: from bytes to checked values and typed columns."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl

from pipelines.archive import Answer
from pipelines.errors import BadAnswer

Payload = dict[str, Any]
"""A decoded JSON object."""

ACCOUNT = re.compile(r'("user_id"\s*:\s*")[^"]*')
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class ParsedTables:
    """One answer as frames by raw table, with notes on what was odd but acceptable.

    A row without one of the `required` columns of its table is quarantined; the others are loaded.
    """

    frames: dict[str, pl.DataFrame]
    required: dict[str, tuple[str, ...]]
    notes: list[str] = field(default_factory=list)


def complete_rows(parsed: ParsedTables, table: str) -> pl.DataFrame:
    """Return the rows of a table that have all its required columns."""
    frame = parsed.frames[table]
    # Counting nulls starts no query, and most answers have none.
    if not any(frame[name].null_count() for name in parsed.required[table]):
        return frame
    return frame.filter(is_complete(parsed, table))


def is_complete(parsed: ParsedTables, table: str) -> pl.Expr:
    """Return the condition that a row has all required columns of its table."""
    return pl.all_horizontal(pl.col(name).is_not_null() for name in parsed.required[table])


def decode_json(answer: Answer, body: bytes) -> Payload:
    """Decode the JSON object in these bytes; raise BadAnswer where there is none.

    Fractions stay text, so that no count is silently rounded.
    """
    try:
        value = json.loads(body, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(
            f"The answer is not JSON ({error}); it starts with {quoted(body, 80)!r}. "
            "The bytes are kept; the next run asks again."
        ) from error
    if not isinstance(value, dict):
        raise BadAnswer(f"The answer is a JSON {type(value).__name__}, not an object.")
    if problem := error_of(value):
        raise BadAnswer(f"The source answered with an error instead of data ({problem}).")
    return value


def error_of(payload: Payload) -> str | None:
    """Return code and message of an error that came in place of data, whatever its status."""
    error = payload.get("error")
    if not error or payload.get("data"):
        return None
    fields = error if isinstance(error, dict) else {"message": error}
    words = (fields.get("code"), fields.get("message") or fields.get("name"))
    found = ": ".join(str(word) for word in words if word is not None)
    return ACCOUNT.sub(r"\1[id]", " ".join(found.split()))[:200] or "without a message"


def quoted(body: bytes, length: int) -> str:
    """Return the beginning of these bytes on one line, for a message, without an account's id."""
    text = ACCOUNT.sub(r"\1[id]", body[: 4 * length].decode("utf-8", "replace"))
    return " ".join(text.split())[:length]


def rows_of(payload: dict[str, Any], *path: str) -> list[dict[str, Any]]:
    """Return the list of objects at this path.

    Anything else in it becomes an empty object, which is quarantined for what it lacks.
    """
    value: Any = need(payload, *path)
    if not isinstance(value, list):
        raise BadAnswer(f"{'.'.join(path)} is not a list.")
    return [row if type(row) is dict else {} for row in value]


def need(payload: dict[str, Any], *path: str) -> Any:
    """Return the value at this path. Raise BadAnswer where it is missing; there is no default."""
    value: Any = payload
    for name in path:
        if not isinstance(value, dict) or name not in value:
            raise BadAnswer(f"The answer has no {'.'.join(path)}.")
        value = value[name]
    return value


def an_instant(value: object, name: str) -> datetime:
    """Parse an ISO 8601 instant with its zone."""
    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise BadAnswer(f"{name} is {value!r}, which is no instant.") from error
    if instant.tzinfo is None:
        raise BadAnswer(f"{name} is {value!r}, which names no time zone.")
    return instant


def a_day(value: object, name: str) -> date:
    """Parse a UTC day written as YYYY-MM-DD."""
    try:
        return (
            date.fromisoformat(value)
            if isinstance(value, str) and ISO_DATE.fullmatch(value)
            else _no_day(value, name)
        )
    except ValueError as error:
        raise BadAnswer(f"{name} is {value!r}, which no calendar has.") from error


def a_count(value: object, name: str) -> int:
    """Parse a whole number that is not negative, sent as a number or as text."""
    if isinstance(value, bool) or not str(value).isdecimal():
        raise BadAnswer(f"{name} is {value!r}, which is no count.")
    return int(str(value))


def text(rows: Sequence[dict[str, Any]], key: str) -> pl.Series:
    """Return a column of text; numbers are written out, anything else becomes null."""
    return pl.Series(key, [_written(row.get(key)) for row in rows], dtype=pl.String)


def count(rows: Sequence[dict[str, Any]], key: str) -> pl.Series:
    """Return a column of counts, sent as numbers or as text; invalid ones become null."""
    numbers = text(rows, key).cast(pl.Int64, strict=False)
    return numbers.set(numbers < 0, None)


def number(rows: Sequence[dict[str, Any]], key: str) -> pl.Series:
    """Return a column of fractions; anything else becomes null."""
    numbers = text(rows, key).cast(pl.Float64, strict=False)
    return numbers.set(~numbers.is_finite(), None)


def inner(rows: Sequence[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Return the nested object of each row; an empty one where there is none."""
    return [value if type(value := row.get(key)) is dict else {} for row in rows]


def as_json(rows: Sequence[dict[str, Any]], key: str) -> pl.Series:
    """Return a column of nested values, written as JSON."""
    return pl.Series(
        key,
        [
            json.dumps(row[key], sort_keys=True) if row.get(key) is not None else None
            for row in rows
        ],
        dtype=pl.String,
    )


def unknown_keys(where: str, rows: Iterable[dict[str, Any]], known: frozenset[str]) -> list[str]:
    """Return a note for each key that the API description lacks; its value stays in the archive."""
    return [f"unknown key {key!r} in {where}" for key in sorted(set().union(*rows) - known)]


def _written(value: object) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _no_day(value: object, name: str) -> date:
    raise BadAnswer(f"{name} is {value!r}, which is no day.")

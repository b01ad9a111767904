"""Files of usage as rows: ccusage's JSON, LiteLLM's spend logs, OpenTelemetry's GenAI spans, CSV.

Token counts get one meaning: prompt tokens without those read from or written to a
cache, which stand beside them. ccusage counts so; LiteLLM and OpenTelemetry count all input
tokens, so cached ones are taken off. A row whose day or counts cannot be read keeps the reason.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import polars as pl

from pipelines.errors import BadSetting

UsageFormat = Literal["ccusage", "litellm", "otel", "csv"]

MAX_BYTES = 512 * 1024 * 1024
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_DAY = "its day is not stated"
NO_COUNT = "a count of its tokens cannot be read"
ADVICE = (
    "It may be the JSON of ccusage, LiteLLM's spend logs, OpenTelemetry's GenAI spans as OTLP "
    "JSON, or a CSV with the columns date, model, prompt_tokens and completion_tokens."
)
# Names of a CSV's columns, and of the fields of LiteLLM's log.
ALIASES = {
    "date": ("date", "day", "start_time", "startTime", "timestamp", "created_at"),
    "model": ("model", "model_name", "model_id"),
    "prompt_tokens": ("prompt_tokens", "input_tokens"),
    "completion_tokens": ("completion_tokens", "output_tokens", "generation_tokens"),
    "cached_tokens": ("cached_tokens", "cache_read_tokens", "cached_prompt_tokens"),
    "cache_write_tokens": ("cache_write_tokens", "cache_creation_tokens"),
    "stated_usd": ("stated_usd", "cost", "spend", "cost_usd"),
}


@dataclass(frozen=True)
class UsageRow:
    """One row of usage: a model's tokens on a UTC day, and the cost that the file states."""

    model: str | None
    date: date | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    cache_write_tokens: int | None
    stated_usd: float | None
    reason: str | None = None


TYPES = {
    "model": pl.String,
    "date": pl.Date,
    **dict.fromkeys(
        ("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens"), pl.Int64
    ),
    "stated_usd": pl.Float64,
    "reason": pl.String,
}


def read_usage(path: Path) -> tuple[UsageFormat, pl.DataFrame]:
    """Return the format of a file, and its rows. Raise BadSetting where it is none of ours."""
    if not path.is_file():
        raise BadSetting(f"{path} is no file.")
    if path.stat().st_size > MAX_BYTES:
        raise BadSetting(f"{path} has more than {MAX_BYTES >> 20} MiB. Split it by months.")
    if path.suffix.lower() == ".csv":
        return "csv", _frame(_csv_rows(path))
    documents = _documents(path)
    name = _format_of(documents)
    return name, _frame(READERS[name](documents))


def _frame(rows: Iterable[UsageRow]) -> pl.DataFrame:
    columns = [field.name for field in fields(UsageRow)]
    values = [tuple(getattr(row, name) for name in columns) for row in rows]
    return pl.DataFrame(values, schema=TYPES, orient="row").with_row_index("row", offset=1)


def _documents(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file: one, a list of them, or one a line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        try:
            found = json.loads(text)
        except json.JSONDecodeError:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise BadSetting(f"{path} is neither JSON nor lines of JSON ({error}). {ADVICE}") from error
    listed = found if isinstance(found, list) else [found]
    return [each for each in listed if isinstance(each, dict)]


def _format_of(documents: list[dict[str, Any]]) -> UsageFormat:
    first = documents[0] if documents else {}
    if "resourceSpans" in first:
        return "otel"
    if set(first) & {"daily", "monthly", "weekly", "sessions", "projects", "blocks"}:
        return "ccusage"
    if "model" in first and set(first) & {"startTime", "spend", "request_id"}:
        return "litellm"
    raise BadSetting(f"The file is of no form that is known. {ADVICE}")


def _ccusage_rows(documents: list[dict[str, Any]]) -> Iterator[UsageRow]:
    """Yield a row for each model of each entry. Only an entry of a day has the price of a day."""
    for document in documents:
        projects = document.get("projects")
        named = projects.values() if isinstance(projects, dict) else []
        kinds = ("daily", "weekly", "monthly", "sessions", "blocks")
        for entries in [*(document.get(kind) for kind in kinds), *named]:
            for entry in entries if isinstance(entries, list) else []:
                yield from _ccusage_entry(entry if isinstance(entry, dict) else {})


def _ccusage_entry(entry: Mapping[str, Any]) -> Iterator[UsageRow]:
    day = _day(entry.get("date", entry.get("period")))
    reason = None if day else "it is of no single day; export it by day (ccusage daily --json)"
    models = entry.get("modelBreakdowns")
    for model in models if isinstance(models, list) else []:
        counts = [
            _count(model.get(name))
            for name in ("inputTokens", "outputTokens", "cacheReadTokens", "cacheCreationTokens")
        ]
        yield _row(model.get("modelName"), day, counts, model.get("cost"), reason)


def _litellm_rows(documents: list[dict[str, Any]]) -> Iterator[UsageRow]:
    for entry in documents:
        metadata = _object(entry.get("metadata"))
        usage = _object(metadata.get("usage_object"))
        details = _object(usage.get("prompt_tokens_details"))
        cached = usage.get("cache_read_input_tokens", details.get("cached_tokens", 0))
        written = usage.get("cache_creation_input_tokens", 0)
        counts = [_count(entry.get(name)) for name in ("prompt_tokens", "completion_tokens")]
        counts += [_count(cached), _count(written)]
        yield _row(
            entry.get("model"),
            _day(entry.get("startTime")),
            _without_cache(counts),
            entry.get("spend"),
        )


def _otel_rows(documents: list[dict[str, Any]]) -> Iterator[UsageRow]:
    """Yield a row for each span that counts tokens; an agent's span repeats those of its calls."""
    for span in _spans(documents):
        listed = span.get("attributes")
        found = {
            each.get("key"): _otlp_value(each.get("value"))
            for each in (listed if isinstance(listed, list) else [])
            if isinstance(each, dict)
        }
        operation = str(found.get("gen_ai.operation.name", "chat"))
        if "gen_ai.usage.input_tokens" not in found or operation.endswith("_agent"):
            continue
        counts = [
            _count(found.get(f"gen_ai.usage.{name}", 0 if "cache" in name else None))
            for name in (
                "input_tokens",
                "output_tokens",
                "cache_read.input_tokens",
                "cache_creation.input_tokens",
            )
        ]
        model = found.get("gen_ai.response.model") or found.get("gen_ai.request.model")
        nanoseconds = _count(span.get("startTimeUnixNano"))
        day = (EPOCH + timedelta(microseconds=nanoseconds / 1000)).date() if nanoseconds else None
        yield _row(model, day, _without_cache(counts), None)


def _spans(documents: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for document in documents:
        for resource in document.get("resourceSpans") or []:
            for scope in resource.get("scopeSpans") or []:
                yield from (span for span in scope.get("spans") or [] if isinstance(span, dict))


def _csv_rows(path: Path) -> Iterator[UsageRow]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        names = {
            ours: next((name for name in theirs if name in (reader.fieldnames or [])), None)
            for ours, theirs in ALIASES.items()
        }
        needed = ("date", "model", "prompt_tokens", "completion_tokens")
        if missing := [name for name in needed if names[name] is None]:
            raise BadSetting(f"{path} has no column {missing[0]!r}. {ADVICE}")
        for line in reader:
            value = {ours: line.get(name) if name else None for ours, name in names.items()}
            counts = [_count(value[name]) for name in ("prompt_tokens", "completion_tokens")]
            counts += [_count(value[name] or 0) for name in ("cached_tokens", "cache_write_tokens")]
            yield _row(value["model"], _day(value["date"]), counts, value["stated_usd"])


def _row(
    model: object,
    day: date | None,
    counts: list[int | None],
    stated: object,
    reason: str | None = None,
) -> UsageRow:
    name = str(model) if model else None
    why = reason or (
        "its model is not stated"
        if name is None
        else NO_DAY
        if day is None
        else NO_COUNT
        if None in counts
        else None
    )
    prompt, completion, cached, written = counts
    return UsageRow(name, day, prompt, completion, cached, written, _dollars(stated), why)


def _without_cache(counts: list[int | None]) -> list[int | None]:
    """Take cached tokens off the prompt tokens that hold them."""
    prompt, completion, cached, written = counts
    if prompt is None or cached is None or written is None or cached + written > prompt:
        return [None, completion, cached, written]
    return [prompt - cached - written, completion, cached, written]


def _day(value: object) -> date | None:
    """Return the UTC day of a text that is a day or an instant."""
    try:
        if isinstance(value, str) and DAY.fullmatch(value):
            return date.fromisoformat(value)
        instant = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return instant.astimezone(UTC).date() if instant.tzinfo else instant.date()


def _count(value: object) -> int | None:
    is_count = not isinstance(value, bool) and str(value).isascii() and str(value).isdecimal()
    return int(str(value)) if is_count and len(str(value)) < 19 + 1 else None


def _dollars(value: object) -> float | None:
    try:
        return None if value in (None, "") else float(str(value))
    except ValueError:
        return None


def _object(value: object) -> dict[str, Any]:
    """Return an object, which a log may hold as text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def _otlp_value(value: object) -> object:
    """Return the one value of OTLP's typed object; its whole numbers are text."""
    return next(iter(value.values()), None) if isinstance(value, dict) else value


READERS: dict[UsageFormat, Callable[[list[dict[str, Any]]], Iterator[UsageRow]]] = {
    "ccusage": _ccusage_rows,
    "litellm": _litellm_rows,
    "otel": _otel_rows,
}

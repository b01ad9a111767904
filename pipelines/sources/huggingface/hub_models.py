"""The Hub's list of models, most downloaded first, in pages: counters and stated bases.

`downloads` is a rolling sum of 30 days; `downloadsAllTime` only grows, and a day's downloads are
its difference. A field that is not named by `expand[]` does not come, and one that is missing is
unknown, never 0. A download is a GET or HEAD of a file, so mirrors and tests count too.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
import polars as pl

from pipelines.archive import Answer
from pipelines.errors import BadAnswer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.client.links import next_path
from pipelines.sources.huggingface.base_models import base_of, tags_with
from pipelines.sources.huggingface.formats import format_of, parameters_of
from pipelines.sources.huggingface.hub_page import COUNTS, MODELS, HubPage
from pipelines.sources.parsing import error_of, quoted
from pipelines.sources.source import Source

PATH = "/api/models"
# As the ATOM Report counts: text generation, and models that read images too.
PIPELINE_TAGS = ("text-generation", "image-text-to-text")
FIELDS = (
    *("downloads", "downloadsAllTime", "likes", "createdAt", "tags"),
    *("baseModels", "safetensors", "gguf"),
)
PAGE_ROWS = 1000
# A list ends at the first page whose last model has fewer downloads in 30 days than this: of those
# below there are hundreds of thousands, with a small part of all downloads.
MIN_DOWNLOADS = 300
MAX_PAGES = 20
MAX_COUNT = 1 << 62
MAX_ID = 200
KEYS = ("hub_id", "model_id")
LICENCE_TAG = "license:"
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def fetch(client: SourceClient, pipeline_tag: str) -> Iterator[Answer]:
    """Yield the pages of one kind of model, from the most downloaded down."""
    query = [
        ("pipeline_tag", pipeline_tag),
        ("sort", "downloads"),
        ("limit", str(PAGE_ROWS)),
        *(("expand[]", field) for field in FIELDS),
    ]
    path: str | None = f"{PATH}?{urlencode(query)}"
    seen: set[str] = set()
    while path is not None and len(seen) < MAX_PAGES:
        if path in seen:
            raise BadAnswer("The next page is one that was had already; the list was left there.")
        seen.add(path)
        answer = client.ask(
            SOURCE, path, budget=client.budget, context={"pipeline_tag": pipeline_tag}
        )
        yield answer
        counts = client.payloads[answer.answer_id].frames[COUNTS]
        fewest = counts["downloads_30d"].min()
        if isinstance(fewest, int) and fewest < MIN_DOWNLOADS:
            return
        path = next_path(client.base, answer)


def decode(answer: Answer, body: bytes) -> HubPage:
    """Decode a page and keep what is used of it; raise BadAnswer where it is no list."""
    payload = read_json(body)
    if not isinstance(payload, list):
        raise BadAnswer(f"The answer is a JSON {type(payload).__name__}, not a list.")
    rows = [row if type(row) is dict else {} for row in payload]
    counts = _frame(map(_counts, rows), COUNT_TYPES)
    if rows and counts["downloads_all_time"].null_count() == len(rows):
        raise BadAnswer("No model of the page has its all-time count.")
    models = models_of(rows, counts.select(KEYS), answer.context.get("pipeline_tag"))
    return HubPage({COUNTS: counts, MODELS: models}, {COUNTS: KEYS, MODELS: KEYS})


def models_of(rows: list[dict[str, Any]], names: pl.DataFrame, tag: str | None) -> pl.DataFrame:
    """Return what repositories say of themselves, a row of raw.hub_models each."""
    facts = _frame(map(_facts, rows), FACT_TYPES)
    kind = pl.Series("pipeline_tag", [tag], dtype=pl.String).new_from_index(0, len(rows))
    created = facts["created_at"].cast(pl.Datetime("us", "UTC"))
    return pl.DataFrame([*names.get_columns(), kind, created, *facts.get_columns()[1:]])


def parse(answer: Answer, page: HubPage) -> HubPage:
    """Return the page: decoding reads it already, so that a month of pages fits into memory."""
    return page


COUNT_TYPES = {
    "hub_id": pl.String,
    "model_id": pl.String,
    "downloads_30d": pl.Int64,
    "downloads_all_time": pl.Int64,
    "likes": pl.Int64,
}
FACT_TYPES = {
    "created_at": pl.Int64,
    "relation": pl.String,
    "base_evidence": pl.String,
    "base_ids": pl.String,
    "format": pl.String,
    "parameters": pl.Int64,
    "licence": pl.String,
}


def _frame(
    rows: Iterable[tuple[object, ...]], types: Mapping[str, type[pl.DataType]]
) -> pl.DataFrame:
    """Return a frame of rows; made by columns, which takes half as long."""
    columns = list(zip(*rows, strict=True)) or [()] * len(types)
    return pl.DataFrame(
        [
            pl.Series(name, values, dtype=kind)
            for (name, kind), values in zip(types.items(), columns, strict=True)
        ]
    )


def _counts(row: dict[str, Any]) -> tuple[object, ...]:
    return (
        text_of(row.get("_id")),
        text_of(row.get("id")),
        _count(row.get("downloads")),
        _count(row.get("downloadsAllTime")),
        _count(row.get("likes")),
    )


def _facts(row: dict[str, Any]) -> tuple[object, ...]:
    base, form = base_of(row), format_of(row)
    return (
        _instant(row.get("createdAt")),
        base.relation,
        base.evidence,
        "\n".join(base.ids),
        form,
        _count(parameters_of(row, form)),
        _licence(row),
    )


def _licence(row: dict[str, Any]) -> str | None:
    """Return the licence that a repository states, of several the first."""
    stated = tags_with(row, LICENCE_TAG)
    return text_of(stated[0][len(LICENCE_TAG) :]) if stated else None


def text_of(value: object) -> str | None:
    """Return a text of a usual length, None where it is none."""
    return value if isinstance(value, str) and 0 < len(value) <= MAX_ID else None


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < MAX_COUNT else None


def _instant(value: object) -> int | None:
    """Return an instant in microseconds since 1970."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        return (found - EPOCH) // MICROSECOND if found and found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def read_json(body: bytes) -> object:
    """Return what JSON holds; raise BadAnswer where it is none, or states an error."""
    try:
        payload = _parse_json(body)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(
            f"The answer is not JSON ({error}); it starts with {quoted(body, 80)!r}."
        ) from error
    if isinstance(payload, dict) and (problem := error_of(payload)):
        raise BadAnswer(f"The source answered with an error instead of data ({problem}).")
    return payload


def _parse_json(body: bytes) -> object:
    """Parse JSON, twice as fast where all of it is strict.

    Half a surrogate in a template, which a repository may have, is not.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        # Integers only as long as any count: a longer one would be slow, and is none.
        return json.loads(body, parse_float=str)


SOURCE = Source(
    "hub_models",
    parse,
    tables=("hub_counts", "hub_models"),
    assets=("raw_downloads",),
    decode=decode,
    # An empty list is no answer, however often it comes; half a list is found by its captures.
    min_share=0.0,
    figures=("downloads_all_time",),
    is_conditional=False,
)

"""OpenRouter's keyless index of exports: the data sets that there are, and results of benchmarks.

A data set that we do not read is noted when it first appears. The leaderboard of OpenRouter's own
runs is read from its newest file, which its manifest names. Results of Artificial Analysis are left
out: their terms do not allow it. Source: OpenRouter, CC BY 4.0.
"""

from collections.abc import Iterator
from typing import Any

import polars as pl

from pipelines.archive import Answer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.openrouter import benchmarks, exports
from pipelines.sources.parsing import (
    ParsedTables,
    Payload,
    an_instant,
    rows_of,
    unknown_keys,
)
from pipelines.sources.source import Source

PATH = "/datasets/exports"
LEADERBOARD = "benchmark-leaderboard"
KNOWN_DATASETS = frozenset(
    {"benchmark-runs", LEADERBOARD, "search-benchmark-lanes", "rankings-daily"}
)
OWN_RUNS = "openrouter"
NOT_ALLOWED = "artificial-analysis"


def fetch(client: SourceClient) -> Iterator[Answer]:
    """Yield the index, then the manifest and file of the newest leaderboard."""
    index = client.ask(INDEX, f"{PATH}/index.json")
    yield index
    named = {row.get("id") for row in rows_of(client.payloads[index.answer_id], "datasets")}
    if LEADERBOARD not in named:
        return
    answer = client.ask(exports.MANIFEST, f"{PATH}/{LEADERBOARD}/latest.manifest.json")
    yield answer
    manifest: exports.Manifest = client.payloads[answer.answer_id]
    # The address is built from the day, never taken from the manifest.
    path = f"{PATH}/{LEADERBOARD}/{manifest.snapshot}.{manifest.kind}"
    yield client.ask(SOURCE, path, context=exports.file_context(manifest))


def parse_index(answer: Answer, payload: Payload) -> ParsedTables:
    """Return no tables, and a note for each data set that we do not know."""
    rows = rows_of(payload, "datasets")
    new = [row for row in rows if row.get("id") not in KNOWN_DATASETS]
    notes = [
        f"new data set {row.get('id')!r} ({row.get('title')}) among the exports" for row in new
    ]
    return ParsedTables({}, {}, notes)


def parse(answer: Answer, payload: pl.DataFrame | Payload) -> ParsedTables:
    """Rows of raw.benchmarks, one a model, test and metric of OpenRouter's own runs."""
    rows: list[dict[str, Any]] = (
        payload.to_dicts()
        if isinstance(payload, pl.DataFrame)
        else rows_of(payload, "data" if "data" in payload else "rows")
    )
    allowed = [{"source": OWN_RUNS, **row} for row in rows if row.get("source") != NOT_ALLOWED]
    as_of = an_instant(answer.context.get("as_of"), "the manifest's retrieved_at")
    notes = unknown_keys("benchmark leaderboard", rows, benchmarks.KEYS)
    return benchmarks.scores_of(allowed, as_of, notes)


INDEX = Source("exports_index", parse_index, tables=(), assets=("raw_usage",))
SOURCE = Source(
    "benchmarks_export",
    parse,
    tables=("benchmarks",),
    assets=("raw_usage",),
    decode=exports.decode,
    min_share=0.5,
    figures=("score",),
)

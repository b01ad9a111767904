"""Epoch AI's capabilities index: one scale over many benchmarks, 90 % intervals (CC BY 4.0).

A CSV file that is fitted again and replaced in place, so every answer is a version of all scores.
Models vanish, several countries may stand in a cell, and the models that anchor the scale have no
interval. A wrong address answers with a page.
"""

import io

import polars as pl

from pipelines.archive import Answer
from pipelines.errors import BadAnswer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.parsing import ParsedTables
from pipelines.sources.source import Source

PATH = "/data/eci_scores.csv"
TABLE = "raw.epoch_scores"
# Their columns, and ours.
NAMES = {
    "Model": "model_name",
    "Display name": "display_name",
    "eci": "score",
    "eci_ci_low": "score_low",
    "eci_ci_high": "score_high",
    "date": "released_date",
    "Organization": "organization",
    "Country (of organization)": "countries",
    "Model accessibility": "accessibility",
    "Accessibility group": "accessibility_group",
}
KEYS = frozenset({*NAMES, "model_versions"})
NEEDED = ("Model", "eci")
FIGURES = ("score", "score_low", "score_high")


def fetch(client: SourceClient) -> Answer:
    """Request the newest fit; an unchanged one costs a conditional request."""
    return client.ask(SOURCE, PATH, budget=client.budget)


def decode(answer: Answer, body: bytes) -> pl.DataFrame:
    """Decode the CSV file; raise BadAnswer on a page or another file."""
    try:
        rows = pl.read_csv(io.BytesIO(body), infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise BadAnswer(f"The index is no CSV file ({error}).") from error
    if missing := [name for name in NEEDED if name not in rows.columns]:
        raise BadAnswer(f"The index has no column {missing[0]!r}; it has {rows.columns[:8]}.")
    return rows


def parse(answer: Answer, rows: pl.DataFrame) -> ParsedTables:
    """Rows of raw.epoch_scores, one a model."""
    notes = [f"unknown key {name!r} in the index" for name in rows.columns if name not in KEYS]
    absent = [pl.lit(None, dtype=pl.String).alias(name) for name in NAMES if name not in rows]
    texts = rows.with_columns(absent).select(
        pl.col(theirs).str.strip_chars().replace("", None).alias(ours)
        for theirs, ours in NAMES.items()
    )
    scores = texts.with_columns(
        *(_number(name) for name in FIGURES),
        pl.col("released_date").str.to_date("%Y-%m-%d", strict=False),
    )
    return ParsedTables({TABLE: scores}, {TABLE: ("model_name", "score")}, notes)


def _number(name: str) -> pl.Expr:
    value = pl.col(name).cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value).alias(name)


SOURCE = Source(
    "epoch_index",
    parse,
    tables=("epoch_scores",),
    assets=("raw_epoch",),
    decode=decode,
    min_share=0.5,
    figures=("score",),
)

"""Sizes of models as the ATOM project curates them (Apache-2.0): total and active parameters apart.

One row per repository on Hugging Face, in billions. A row may name no active parameters: then the
model is dense where `is_moe` says so, and otherwise nothing is known of it.
"""

import polars as pl

from pipelines.archive import Answer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.parsing import ParsedTables
from pipelines.sources.references.csv_rows import CsvRow, decode_rows
from pipelines.sources.source import Source

PATH = "/Interconnects-AI/tracked-models/main/metadata/model_parameters.csv"
TABLE = "raw.model_parameters"
NEEDED = ("model_id", "total_params_b", "active_params_b")
BILLION = 10**9
# More billions than any model has; a figure beyond is another unit.
MAX_BILLIONS = 100_000


def fetch(client: SourceClient) -> Answer:
    """Request the list of sizes; an unchanged file costs a conditional request."""
    return client.ask(SOURCE, PATH, budget=client.budget)


def decode(answer: Answer, body: bytes) -> list[CsvRow]:
    """Decode the rows of the file."""
    return decode_rows(body, NEEDED)


def parse(answer: Answer, rows: list[CsvRow]) -> ParsedTables:
    """Return one row per repository, in parameters; one without a total is quarantined."""
    frame = pl.DataFrame(
        [
            (
                row["model_id"].strip() or None,
                row["total_params_b"],
                row["active_params_b"],
                row.get("is_moe", "").strip().lower(),
                row.get("notes", "").strip() or None,
            )
            for row in rows
        ],
        schema=dict.fromkeys(
            (
                "hugging_face_id",
                "total_parameters",
                "active_parameters",
                "is_mixture_of_experts",
                "notes",
            ),
            pl.String,
        ),
        orient="row",
    ).with_columns(
        _whole("total_parameters"),
        _whole("active_parameters"),
        pl.col("is_mixture_of_experts").replace_strict(
            {"true": True, "false": False}, default=None, return_dtype=pl.Boolean
        ),
    )
    return ParsedTables({TABLE: frame}, {TABLE: ("hugging_face_id", "total_parameters")})


def _whole(column: str) -> pl.Expr:
    """Return a column of billions as whole parameters; what is no such number is null."""
    billions = pl.col(column).str.strip_chars().cast(pl.Float64, strict=False)
    return (
        pl.when(billions.is_between(0, MAX_BILLIONS, closed="right"))
        .then(billions * BILLION)
        .round()
        .cast(pl.Int64)
        .alias(column)
    )


SOURCE = Source(
    "atom_parameters",
    parse,
    tables=("model_parameters",),
    assets=("raw_references",),
    decode=decode,
    min_share=0.8,
)

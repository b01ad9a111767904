"""Regions of organisations on Hugging Face, as the ATOM project curates them (Apache-2.0).

One row per namespace: us, china, eu, other or unknown. A region is the seat of the releasing
organisation itself, never that of the lab whose weights it starts from.
"""

import polars as pl

from pipelines.archive import Answer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.parsing import ParsedTables
from pipelines.sources.references.csv_rows import CsvRow, decode_rows
from pipelines.sources.source import Source

PATH = "/Interconnects-AI/tracked-models/main/metadata/organization_regions.csv"
TABLE = "raw.organisation_regions"
NEEDED = ("hf_org", "region")


def fetch(client: SourceClient) -> Answer:
    """Request the list of regions; an unchanged file costs a conditional request."""
    return client.ask(SOURCE, PATH, budget=client.budget)


def decode(answer: Answer, body: bytes) -> list[CsvRow]:
    """Decode the rows of the file."""
    return decode_rows(body, NEEDED)


def parse(answer: Answer, rows: list[CsvRow]) -> ParsedTables:
    """Return one row per namespace; one without a region is quarantined."""
    frame = pl.DataFrame(
        [(row["hf_org"] or None, row["region"] or None, row.get("notes") or None) for row in rows],
        schema={"hugging_face_author": pl.String, "region": pl.String, "notes": pl.String},
        orient="row",
    )
    return ParsedTables({TABLE: frame}, {TABLE: ("hugging_face_author", "region")})


SOURCE = Source(
    "atom_regions",
    parse,
    tables=("organisation_regions",),
    assets=("raw_references",),
    decode=decode,
    min_share=0.8,
)

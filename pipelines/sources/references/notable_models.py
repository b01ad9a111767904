"""Notable models as Epoch AI lists them (CC BY 4.0): organisation, its country, accessibility.

A cell may name several organisations and several countries, and then does not say which belongs to
which. The list is edited in place.
"""

import polars as pl

from pipelines.archive import Answer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.parsing import ParsedTables
from pipelines.sources.references.csv_rows import CsvRow, decode_rows
from pipelines.sources.source import Source

PATH = "/data/notable_ai_models.csv"
TABLE = "raw.notable_models"
COLUMNS = {
    "Model": "model_name",
    "Organization": "organisations",
    "Country (of organization)": "countries",
    "Model accessibility": "accessibility",
    "Publication date": "published_date",
    "Link": "link",
}
NEEDED = ("Model", "Organization", "Country (of organization)", "Model accessibility")


def fetch(client: SourceClient) -> Answer:
    """Request the table of notable models."""
    return client.ask(SOURCE, PATH, budget=client.budget)


def decode(answer: Answer, body: bytes) -> list[CsvRow]:
    """Decode the rows of the file; abstracts in it may have line breaks."""
    return decode_rows(body, NEEDED)


def parse(answer: Answer, rows: list[CsvRow]) -> ParsedTables:
    """Return one row per model; one without a name is quarantined."""
    frame = pl.DataFrame(
        [tuple(row.get(name, "").strip() or None for name in COLUMNS) for row in rows],
        schema=dict.fromkeys(COLUMNS.values(), pl.String),
        orient="row",
    )
    return ParsedTables({TABLE: frame}, {TABLE: ("model_name",)})


SOURCE = Source(
    "epoch_models",
    parse,
    tables=("notable_models",),
    assets=("raw_references",),
    decode=decode,
    min_share=0.8,
)

"""Epoch's table: cells of several lines, and columns that are read by name."""

import gzip
from pathlib import Path

from support.source_payloads import archived_answer

from pipelines.sources.parsing import complete_rows
from pipelines.sources.references.notable_models import SOURCE, TABLE


def test_columns_are_found_by_name() -> None:
    """The table has forty of them, in an order that may change."""
    body = (
        b"Model accessibility,Model,Abstract,Country (of organization),Organization\n"
        b'API access,M 1,"a\nb",China,Lab\n'
    )
    parsed = SOURCE.parse(archived_answer(), SOURCE.decode(archived_answer(), body))
    assert parsed.frames[TABLE].rows() == [("M 1", "Lab", "China", "API access", None, None)]


def test_the_recorded_table_is_whole(recordings: Path) -> None:
    name = "epoch_notable_ai_models_2026-05-02.csv.gz"
    body = gzip.decompress((recordings / "reference-tables" / name).read_bytes())
    parsed = SOURCE.parse(archived_answer(), SOURCE.decode(archived_answer(), body))
    assert complete_rows(parsed, TABLE).height == 1011

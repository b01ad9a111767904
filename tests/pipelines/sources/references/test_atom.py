"""The list of regions: rows by namespace; one without a region is quarantined."""

from pathlib import Path

from support.source_payloads import archived_answer

from pipelines.sources.parsing import complete_rows
from pipelines.sources.references.atom import SOURCE, TABLE


def test_a_row_without_a_region_is_incomplete() -> None:
    body = b"hf_org,region,notes\nLab,us,\nother,,seat unknown\n"
    parsed = SOURCE.parse(archived_answer(), SOURCE.decode(archived_answer(), body))
    assert complete_rows(parsed, TABLE).rows() == [("Lab", "us", None)]
    assert parsed.frames[TABLE].height == 2


def test_the_recorded_list_is_whole(recordings: Path) -> None:
    body = (recordings / "huggingface" / "atom" / "organization_regions.csv").read_bytes()
    parsed = SOURCE.parse(archived_answer(), SOURCE.decode(archived_answer(), body))
    rows = complete_rows(parsed, TABLE)
    assert rows.height == parsed.frames[TABLE].height == 118
    assert {*rows["region"]} == {"us", "china", "eu", "other", "unknown"}

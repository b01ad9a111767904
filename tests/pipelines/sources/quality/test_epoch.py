"""Epoch AI's index: columns as recorded, pages refused, anchors without an interval."""

from pathlib import Path

import pytest
from support.source_payloads import archived_answer

from pipelines.errors import BadAnswer
from pipelines.sources.parsing import ParsedTables, complete_rows
from pipelines.sources.quality.epoch import SOURCE, TABLE

HEAD = (
    "Model,Display name,eci,eci_ci_low,eci_ci_high,date,Organization,Country (of organization),"
    "Model accessibility,Accessibility group,model_versions\n"
)
PLAIN = "GLM-5,GLM-5 (max),149.5,147.25,152,2026-02-11,Z.ai,China,Open weights,Open weights,\n"


def parse(text: str) -> ParsedTables:
    answer = archived_answer()
    parsed: ParsedTables = SOURCE.parse(answer, SOURCE.decode(answer, text.encode()))
    return parsed


def test_a_row_is_a_score_with_its_interval() -> None:
    [row] = parse(HEAD + PLAIN).frames[TABLE].to_dicts()
    assert row.pop("released_date").isoformat() == "2026-02-11"
    assert row == {
        "model_name": "GLM-5",
        "display_name": "GLM-5 (max)",
        "score": 149.5,
        "score_low": 147.25,
        "score_high": 152.0,
        "organization": "Z.ai",
        "countries": "China",
        "accessibility": "Open weights",
        "accessibility_group": "Open weights",
    }


def test_an_anchor_has_no_interval_and_a_cell_several_countries() -> None:
    """A quoted cell may hold commas and ends of lines."""
    anchor = 'GPT-5,GPT-5,150.0,,,2025-08-07,OpenAI,"United States of America,\nFrance",,,\n'
    [row] = parse(HEAD + anchor).frames[TABLE].to_dicts()
    assert (row["score_low"], row["score_high"]) == (None, None)
    assert row["countries"] == "United States of America,\nFrance"


def test_what_is_no_score_is_quarantined() -> None:
    """A date that no calendar has is unknown, and the row is kept."""
    parsed = parse(HEAD + PLAIN + PLAIN.replace("149.5", "n/a").replace("02-11", "02-31"))
    assert parsed.frames[TABLE]["released_date"].to_list()[1] is None
    assert complete_rows(parsed, TABLE).height == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [("<!doctype html><p>Not found", "no column 'Model'"), ("", "no CSV file")],
)
def test_a_page_is_refused(text: str, words: str) -> None:
    with pytest.raises(BadAnswer, match=words):
        parse(text)


def test_a_new_column_is_noted() -> None:
    assert parse("Model,eci,license\nGLM-5,149.5,MIT\n").notes == [
        "unknown key 'license' in the index"
    ]


def test_the_recorded_index_is_read_whole(recordings: Path) -> None:
    """All 140 models; the two that anchor the scale have no interval."""
    parsed = parse((recordings / "epoch" / "eci_scores_2026-02-08.csv").read_text())
    rows = complete_rows(parsed, TABLE)
    assert (rows.height, rows["score_low"].null_count(), parsed.notes) == (140, 2, [])

"""Tables of documents are made from the result files."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.reporting.result_file import (
    ROOT,
    BadResult,
    Result,
    ResultRow,
    read_evidence,
    row,
)
from benchmarks.reporting.tables import (
    BLOCK,
    lines,
    number,
    pages,
    read_described,
    source,
    with_tables,
)

RESULT = Result(
    suite="inference",
    command="python benchmarks/inference.py",
    measured_on="2026-11-25",
    machine="two cores",
    commit="0123456789abcdef",
    versions=None,
    load=None,
    is_quick=False,
    reasons={"versions": "not noted", "load": "not noted"},
    rows=(
        row("1", "speed", 280, "tok/s", variant="ours"),
        row("8", "speed", 1180.4, "tok/s", variant="ours"),
        row(
            "1", "ratio", 0.67, "times", variant="theirs", low=0.56, high=0.72, aim=1, better="more"
        ),
        ResultRow("all", None, "wall", None, "s", 21, 47, 10, False),
    ),
)


@pytest.mark.parametrize("page", pages(read_described()))
def test_a_document_has_the_tables_of_the_files(page: str) -> None:
    """If it has not: `python benchmarks/run.py --tables`."""
    made = with_tables(ROOT / page, read_described(), read_evidence())
    assert (ROOT / page).read_text(encoding="utf-8") == made


def test_every_result_stands_in_a_table() -> None:
    shown = {table.get("suite") for table in read_described().values()}
    assert {result.suite for result in read_evidence()} <= shown


def test_a_list_has_aims_and_bold_misses() -> None:
    found = list(lines({"suite": "inference"}, [RESULT]))
    assert found[1] == "| figure | measured | least to most | aim | met |"
    assert "| ours speed (8) | 1,180 tok/s | | | |" in found
    assert "| theirs ratio (1) | **0.67** | 0.56 to 0.72 | 1 | **no** |" in found
    # Where no median was noted, the spread is what was measured.
    assert "| wall (all) | **21 to 47 s** | | 10 s | **no** |" in found


def test_a_pivot_has_a_column_for_each_figure() -> None:
    columns = [
        {"head": "at 1", "figure": "speed", "setting": "1"},
        {"head": "at 8", "figure": "speed", "setting": "8"},
        {"head": "ratio", "figure": "ratio", "setting": "1"},
        {"head": "aim", "figure": "ratio", "setting": "1", "show": "aim"},
    ]
    table = {"suite": "inference", "by": ["variant"], "keys": [""], "columns": columns}
    found = list(lines(table, [RESULT]))
    assert found[1] == "| | at 1 | at 8 | ratio | aim |"
    assert found[3:5] == [
        "| ours | 280 | 1,180 | | |",
        "| theirs | | | **0.67** (0.56 to 0.72) | 1 |",
    ]
    assert found[5] == ""


def test_texts_name_figures() -> None:
    table = {
        "head": ["what", ""],
        "lines": [["speed", "{inference; speed; 8} or {inference; wall}"]],
    }
    assert "| speed | 1,180 tok/s or **21 to 47 s** |" in list(lines(table, [RESULT]))
    with pytest.raises(LookupError, match="0 rows of inference: memory"):
        list(lines(table | {"lines": [["{inference; memory}"]]}, [RESULT]))
    with pytest.raises(BadResult, match="no result of overlap"):
        list(lines({"suite": "overlap"}, [RESULT]))


def test_a_table_says_where_its_figures_come_from() -> None:
    """Command, day, machine and commit; what is not known with its reason."""
    text = source(RESULT)
    assert text.startswith(
        "`python benchmarks/inference.py`; 2026-11-25; two cores; commit 0123456789ab"
    )
    unknown = replace(RESULT, commit=None, reasons=RESULT.reasons | {"commit": "lost"})
    assert "commit unknown: lost" in source(unknown)


def test_a_table_that_is_missing_or_unknown_is_named(tmp_path: Path) -> None:
    described = {"other": {"page": "README.md", "suite": "ingest"}}
    with pytest.raises(BadResult, match=r"README.md and tables.toml differ in other, summary"):
        with_tables(ROOT / "README.md", described, [])


def test_numbers_end_without_zeros() -> None:
    assert [number(each) for each in (0.3, 19.0, 1110, 24.51, 1024.5)] == [
        "0.3",
        "19",
        "1,110",
        "24.51",
        "1,024.5",
    ]
    assert BLOCK.findall("text") == []

"""Result files keep a run with its circumstances, and refuse what is no evidence."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.reporting.result_file import (
    BadResult,
    Load,
    Result,
    ResultRow,
    find_row,
    read_evidence,
    read_result,
    row,
    write_result,
)

RESULT = Result(
    suite="overlap",
    command="python benchmarks/overlap.py --rounds 9",
    measured_on="2026-11-25",
    machine="two cores",
    commit=None,
    versions={"python": "3.11.7"},
    load=Load(0.5, 2.0),
    is_quick=False,
    reasons={"commit": "measured before results were kept"},
    rows=(
        row("1.06", "gain", 1.63456, "times", variant="waves-4", aim=1.5, better="more"),
        row("1.06", "memory", 12345.6, "MiB", variant="waves-4", aim=1000),
    ),
)


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = write_result(tmp_path, RESULT)
    assert read_result(path) == RESULT
    assert read_evidence(tmp_path) == [RESULT]
    # A line for each row, so that two runs can be compared.
    assert sum('"figure"' in line for line in path.read_text().splitlines()) == 2


def test_figures_are_rounded_and_beside_their_aim() -> None:
    gain, memory = RESULT.rows
    assert (gain.value, gain.is_met) == (1.635, True)
    assert (memory.value, memory.is_met) == (12346, False)
    assert row("s", "f", 1.0).is_met is None
    # It is judged before it is rounded.
    assert row("s", "f", 10.00004, "s", aim=10.0).is_met is False


def test_a_quick_run_is_no_evidence(tmp_path: Path) -> None:
    """It can be written and read, and nothing is made from it."""
    path = write_result(tmp_path, replace(RESULT, is_quick=True))
    assert read_result(path).is_quick
    with pytest.raises(BadResult, match=r"overlap.json is of a quick run"):
        read_evidence(tmp_path)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"commit": "abcdef0"}, "needs either commit or the reason"),
        ({"commit": "abcdef0-dirty", "reasons": {}}, "a commit that is none.*run.py --suite"),
        ({"measured_on": "yesterday"}, "a day that is none"),
        ({"command": None}, "has no command"),
        ({"rows": (ResultRow("a", None, "b", "1", "s"),)}, "value '1', which is no number"),
        ({"rows": (ResultRow("a", None, "b", math.nan, "s"),)}, "which is no number"),
        ({"rows": (ResultRow("a", None, "b", 1, "s", low=3, high=2),)}, "a low above its high"),
        ({"machine": None}, "needs either machine or the reason"),
        ({"rows": ()}, "has no rows"),
        ({"rows": RESULT.rows * 2}, "has two rows of"),
        ({"rows": (ResultRow("a", None, "b", None, "s"),)}, "has no figure"),
        ({"rows": (ResultRow("a", None, "b", 1, "s", aim=2),)}, "an aim without is_met"),
        ({"rows": (ResultRow("a", "", "b", 1, "s"),)}, "has an empty variant"),
    ],
)
def test_what_says_too_little_is_refused(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(BadResult, match=reason):
        write_result(tmp_path, replace(RESULT, **changes))  # type: ignore[arg-type]
    assert not [*tmp_path.iterdir()]


def test_a_file_that_is_no_result_is_named(tmp_path: Path) -> None:
    write_result(tmp_path, RESULT)
    (tmp_path / "overlap.json").rename(tmp_path / "other.json")
    with pytest.raises(BadResult, match="is of the suite 'overlap'"):
        read_evidence(tmp_path)
    content = json.loads((tmp_path / "other.json").read_text())
    for damaged in (
        "{",
        "[]",
        json.dumps(content | {"rows": [{"figure": "gain"}]}),
        json.dumps(content | {"reasons": None}),
    ):
        (tmp_path / "other.json").write_text(damaged)
        with pytest.raises(BadResult, match=r"other.json is no result"):
            read_evidence(tmp_path)


def test_a_row_is_found_by_words_that_name_it_alone() -> None:
    assert find_row([RESULT], "overlap", "gain", None, None).value == 1.635
    assert find_row([RESULT], "overlap", "gain", "1.06", "waves-4").value == 1.635
    with pytest.raises(LookupError, match="0 rows of overlap: gain, 2"):
        find_row([RESULT], "overlap", "gain", "2", None)
    twice = replace(RESULT, rows=(*RESULT.rows, row("2", "gain", 1.0)))
    with pytest.raises(LookupError, match="2 rows"):
        find_row([twice], "overlap", "gain", None, None)

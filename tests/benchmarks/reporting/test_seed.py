"""The warehouse's seed of measurements is what the result files say."""

import csv

from benchmarks.reporting.result_file import Load, Result, read_evidence, row
from benchmarks.reporting.seed import HEADER, SEED, seed_text


def test_the_seed_is_made_from_the_files() -> None:
    """If it is not: `python benchmarks/run.py --tables`."""
    assert SEED.read_text(encoding="utf-8") == seed_text(read_evidence())


def test_a_row_has_the_circumstances_of_its_run() -> None:
    result = Result(
        suite="loading",
        command="python benchmarks/loading.py",
        measured_on=None,
        machine="two cores, busy",
        commit="abc",
        versions={"python": "3.11", "duckdb": "1.5"},
        load=Load(1, 2.5),
        is_quick=False,
        reasons={"measured_on": "not noted"},
        rows=(row("s", "a call", 0.5, "CPU s", aim=1),),
    )
    [found] = csv.DictReader(seed_text([result]).splitlines())
    assert tuple(found) == HEADER
    assert found["benchmark"] == "loading"
    assert (found["value"], found["aim"], found["is_met"]) == ("0.5", "1", "true")
    assert (found["measured_on"], found["measured_on_reason"]) == ("", "not noted")
    assert (found["hardware"], found["commit_sha"]) == ("two cores, busy", "abc")
    assert found["versions"] == "python 3.11, duckdb 1.5"
    assert (found["load_low"], found["load_high"], found["load_reason"]) == ("1", "2.5", "")

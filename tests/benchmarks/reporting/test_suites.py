"""Suites name scripts that exist, and say what they lack."""

from pathlib import Path

import pytest

from benchmarks.reporting.result_file import read_evidence
from benchmarks.reporting.rows import ROWS
from benchmarks.reporting.suites import BadSuite, Suite, choose, read_suites, script_of

SUITES = read_suites()


@pytest.mark.parametrize("suite", SUITES.values(), ids=lambda suite: suite.name)
def test_the_script_of_a_suite_exists_and_writes_json(suite: Suite) -> None:
    assert '"--json"' in script_of(suite).read_text(encoding="utf-8")
    assert suite.question.endswith((".", "?"))


def test_each_suite_has_rows_and_each_result_a_suite() -> None:
    assert ROWS.keys() == SUITES.keys()
    for result in read_evidence():
        assert result.command.startswith(f"python benchmarks/{SUITES[result.suite].script}")


def test_a_suite_says_what_it_lacks(tmp_path: Path) -> None:
    suite = Suite("a", "a.py", "?", ("--home", "HOME", "-v"), ("--peer", "PYTHON"))
    with pytest.raises(BadSuite, match="needs --home"):
        suite.words({}, is_quick=False)
    with pytest.raises(BadSuite, match="has no quick form"):
        suite.words({}, is_quick=True)
    given = {"HOME": str(tmp_path)}
    assert suite.words(given, is_quick=False) == ["--home", "HOME", "-v"]
    with_peer = suite.words(given | {"PYTHON": "python"}, is_quick=False)
    assert with_peer == ["--home", "HOME", "-v", "--peer", "PYTHON"]
    # A result has no local paths.
    assert suite.command(with_peer) == "python benchmarks/a.py --home HOME -v --peer PYTHON"


def test_what_exists_is_not_made_again(tmp_path: Path) -> None:
    suite = Suite("a", "a.py", "?", ("--home", "HOME"), makes="HOME")
    with pytest.raises(BadSuite, match="which exists"):
        suite.words({"HOME": str(tmp_path)}, is_quick=False)
    assert suite.words({"HOME": str(tmp_path / "new")}, is_quick=False)


def test_suites_are_chosen_by_name() -> None:
    """Without names, all but those that need somebody's hands."""
    assert [suite.name for suite in choose(SUITES, ["overlap", "ingest"])] == ["ingest", "overlap"]
    by_hand = [suite for suite in SUITES.values() if suite.by_hand]
    assert {suite.name for suite in by_hand} == {"speculation_beside_other_work", "scale"}
    assert choose(SUITES, []) == [suite for suite in SUITES.values() if not suite.by_hand]
    with pytest.raises(BadSuite, match="no suite 'overlop'"):
        choose(SUITES, ["overlop"])

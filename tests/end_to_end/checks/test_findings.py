"""Each finding of loading in rankings: an answer that has it alone, after one that has none."""

from contextlib import closing
from pathlib import Path

import pytest
from support.checks.findings import ALL, FINDINGS, TEXT, answer_with
from support.checks.stated import read_stated
from support.checks.upstream import Response, good
from support.loading import fresh_warehouse, keep_answer, load_all

from pipelines.archive import Archive
from pipelines.loading.rankings import FOLDER

STATED = read_stated("findings")


def keep(archive: Archive, response: Response) -> None:
    keep_answer(archive, response.body, response.at, ALL, params=response.params)


@pytest.mark.parametrize("reason", FINDINGS)
def test_a_finding_comes_alone(reason: str, tmp_path: Path) -> None:
    """But for those that are stated to come with it."""
    archive = Archive(tmp_path / "raw")
    with closing(fresh_warehouse()) as con:
        keep(archive, good(ALL))
        keep(archive, good(TEXT))
        assert {outcome for outcome, *_ in load_all(con, archive)} == {"loaded"}
        keep(archive, answer_with(reason))
        [(outcome, _, _)] = load_all(con, archive)
        found = {row[0] for row in con.sql("select distinct reason from raw.quarantine").fetchall()}
    assert outcome in ("partial", "quarantined")
    assert found == {reason, *STATED[reason].get("also", ())}


def test_every_finding_is_stated() -> None:
    """As often as the SQL names one."""
    problems = (FOLDER / "rankings_problems.sql").read_text()
    assert STATED.keys() == FINDINGS.keys()
    assert all(f"'{reason}'" in problems for reason in STATED)

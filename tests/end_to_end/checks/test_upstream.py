"""The eight failures of an upstream, for each source of the market: what loading makes of them."""

from contextlib import closing
from pathlib import Path

import pytest
from support.checks.home import good_payloads
from support.checks.stated import read_stated
from support.checks.upstream import ALL, Response, failed, good
from support.loading import fresh_warehouse, keep_answer, load_all

from pipelines.archive import Archive
from pipelines.sources.registry import SOURCES

STATED = read_stated("upstream")
# A manifest and an index have no rows; the files that they name have their failures.
WITHOUT_ROWS = {"rankings_export_manifest", "exports_index"}
# A file that a person gives is no answer of an upstream; loading has its tests.
GIVEN = {"hub_history"}
# One repository is no list of rows; the tests of its source have its failures.
SINGLE = {"hub_repositories"}


def keep(archive: Archive, response: Response) -> None:
    keep_answer(
        archive,
        response.body,
        response.at,
        response.source,
        status=response.status,
        params=response.params,
        context=response.context,
    )


def test_every_failure_of_every_source_is_stated() -> None:
    assert {name.partition(",")[0] for name in STATED} == (
        SOURCES.keys() - WITHOUT_ROWS - GIVEN - SINGLE
    )
    assert STATED.keys() == good_payloads().keys()
    assert {name: tuple(failures) for name, failures in STATED.items()} == dict.fromkeys(
        STATED, ALL
    )


@pytest.mark.parametrize("failure", ALL)
@pytest.mark.parametrize("name", STATED)
def test_a_failure_has_its_outcome(name: str, failure: str, tmp_path: Path) -> None:
    """After a whole answer of the day before, which is loaded as it is."""
    stated = STATED[name][failure]
    archive = Archive(tmp_path / "raw")
    with closing(fresh_warehouse()) as con:
        keep(archive, good(name))
        [(before, _, _)] = load_all(con, archive)
        keep(archive, failed(name, failure))
        [(outcome, rows, reason)] = load_all(con, archive)
    assert before == "loaded"
    assert outcome == stated["outcome"]
    assert stated.get("reason", "") in (reason or "")
    # What is loaded though it looks odd is stated to be right, with why.
    assert (outcome in ("loaded", "unchanged")) == ("because" in stated)
    assert (rows == 0) == (outcome not in ("loaded", "partial")) or failure == "empty"


@pytest.mark.parametrize("name", STATED)
def test_the_next_whole_answer_is_no_failure(name: str, tmp_path: Path) -> None:
    archive = Archive(tmp_path / "raw")
    with closing(fresh_warehouse()) as con:
        keep(archive, good(name))
        keep(archive, failed(name, "none"))
        found = load_all(con, archive)
    assert {outcome for outcome, *_ in found} <= {"loaded", "unchanged"}

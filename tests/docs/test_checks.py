"""The page of checks is that of the checks as they are."""

from pathlib import Path

from support.checks.document import PAGE, write_page
from support.checks.stated import read_stated
from support.rules.source_files import ROOT

from pipelines.transform.manifest import read_manifest


def test_the_page_is_current(tmp_path: Path) -> None:
    """If it is not: `PYTHONPATH=.:tests python -m support.checks.document`."""
    page = write_page(read_manifest(tmp_path))
    assert PAGE.read_text() == page
    assert "<!--" not in page


def test_each_check_outside_of_queries_names_a_test() -> None:
    assert all((ROOT / row["test"]).is_file() for row in read_stated("others").values())

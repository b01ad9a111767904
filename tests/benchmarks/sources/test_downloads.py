"""The benchmark of downloads works at a small size."""

import json

import pytest

from benchmarks.sources import downloads


def test_it_measures_both(capsys: pytest.CaptureFixture[str]) -> None:
    downloads.main(["--days", "2", "--pages", "1", "--author-days", "1000"])
    figures = json.loads(capsys.readouterr().out)
    assert figures["load"]["rows"] == 2 * downloads.PAGE_ROWS
    assert figures["shares"]["rows"] == 1000

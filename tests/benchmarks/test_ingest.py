"""ingest.py compares contenders that agree on what was loaded. Its figures mean nothing here."""

import pytest


@pytest.mark.long
@pytest.mark.slow
def test_ingest_compares_the_contenders_that_are_installed(run) -> None:
    """Every contender loads the same 59 days, or the benchmark fails and writes no report."""
    names = ("ours-from-dicts", "ours-from-bytes", "dlt-parquet", "dagster-in-memory")
    options = [word for name in names for word in ("--contender", name)]
    report = run("ingest.py", "--quick", *options)
    figures = {figure["what"]: figure["median"] for figure in report["figures"]}
    assert figures["ours, dicts to tables"] > 0
    assert figures["ours, archive to tables"] > 0
    assert "59 days" in report["rankings"]

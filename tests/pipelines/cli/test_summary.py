"""What a person is told of the asked-for days: each one, in runs of neighbours."""

from datetime import date, timedelta

from pipelines.cli.summary import runs_of
from pipelines.ingest.days import DayStatus
from pipelines.ingest.market import MarketExtract

FIRST = date(2025, 3, 1)


def test_neighbours_with_one_reason_are_one_line() -> None:
    """Thirty-one bad days are one line, and none is left out; a gap or another reason begins another."""
    month = [DayStatus(FIRST + timedelta(days=n), "failed", "negative count") for n in range(31)]
    later = [
        DayStatus(date(2025, 4, 3), "failed", "negative count"),
        DayStatus(date(2025, 4, 4), "failed", "short day"),
    ]
    assert runs_of([*month, *later]) == [month, [later[0]], [later[1]]]


def test_days_that_the_source_does_not_have_are_no_failure() -> None:
    """Exit code 0 is for: everything that is offered got through. Nothing offered at all is a failure."""
    missing = DayStatus(FIRST, "missing", "the source has no such day")
    assert MarketExtract("run", [missing], []).is_complete
    assert not MarketExtract(
        "run", [missing, DayStatus(FIRST, "failed", "short day")], []
    ).is_complete
    assert not MarketExtract("run", [DayStatus(FIRST, "not offered", "")], []).is_complete

"""The window of a rankings table."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import BadAnswer
from pipelines.sources.openrouter.rankings_table import COLUMNS, MAX_WINDOW, RankingsTable

EMPTY = pl.DataFrame(schema=COLUMNS)
AS_OF = datetime(2026, 5, 12, 2, tzinfo=UTC)


@given(start=st.dates(date(2000, 1, 1), date(2100, 1, 1)), length=st.integers(-500, 500))
def test_a_window_is_at_most_about_a_year(start: date, length: int) -> None:
    """Each of its days becomes a row, so a longer one is refused, as is a reversed one."""
    end = start + timedelta(days=length)
    if 0 <= length <= MAX_WINDOW.days:
        assert RankingsTable(EMPTY, start, end, AS_OF).end == end
        return
    with pytest.raises(BadAnswer, match="a year at most"):
        RankingsTable(EMPTY, start, end, AS_OF)


def test_a_table_is_of_all_traffic_by_default() -> None:
    """By day, from the Data API, without notes."""
    table = RankingsTable(EMPTY, date(2026, 5, 1), date(2026, 5, 1), AS_OF)
    assert (table.slice, table.grain, table.origin, table.notes) == ("all", "day", "data_api", [])

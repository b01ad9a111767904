"""OpenRouter's keyed rankings: windows, slices and parsing."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from support import payloads
from support.simulator import FAST_RETRIES, KEY, SimulatedMarket, simulated_market
from support.source_payloads import parse, with_changes

from pipelines.settings import Settings
from pipelines.sources.client.http import SourceClient
from pipelines.sources.openrouter import rankings

DAY = timedelta(days=1)
AS_OF = datetime(2026, 5, 12, 2, tzinfo=UTC)


def days(first: date, last: date) -> list[date]:
    return [first + n * DAY for n in range((last - first).days + 1)]


@pytest.fixture(scope="module")
def market() -> Iterator[SimulatedMarket]:
    """Serve a market in November."""
    with simulated_market(now=datetime(2026, 11, 21, 9, tzinfo=UTC)) as running:
        yield running


@hypothesis_settings(deadline=None, derandomize=True, max_examples=300)
@given(start=st.dates(date(2025, 1, 1), date(2029, 12, 31)), length=st.integers(0, 1200))
def test_windows_cover_every_day_once_besides_the_trailing_week(start: date, length: int) -> None:
    """Each window also holds a trailing week, and none is too long."""
    end = start + length * DAY
    found = list(rankings.windows(start, end))
    assert found[-1][1] == end
    assert all(last - first + DAY <= rankings.MAX_WINDOW for first, last in found)
    assert all(first >= rankings.FIRST_DAY for first, _ in found)
    # Without its trailing part a window starts where the one before it ended.
    begins = [start, *(last + DAY for _, last in found[:-1])]
    assert all(first <= begin <= last for begin, (first, last) in zip(begins, found, strict=True))
    covered = [
        day for begin, (_, last) in zip(begins, found, strict=True) for day in days(begin, last)
    ]
    assert covered == days(start, end)
    # The trailing part makes a short window a week long, and is left out otherwise.
    for begin, (first, last) in zip(begins, found, strict=True):
        assert (
            first == begin or last - first + DAY == rankings.TRAILING or first == rankings.FIRST_DAY
        )


def test_windows_of_known_ranges() -> None:
    """One for each calendar year; a short one reaches back over a week."""
    assert list(rankings.windows(date(2025, 1, 1), date(2026, 2, 28))) == [
        (date(2025, 1, 1), date(2025, 12, 31)),
        (date(2026, 1, 1), date(2026, 2, 28)),
    ]
    assert list(rankings.windows(date(2026, 6, 19), date(2026, 6, 19))) == [
        (date(2026, 6, 13), date(2026, 6, 19))
    ]
    assert list(rankings.windows(date(2025, 1, 2), date(2025, 1, 2))) == [
        (date(2025, 1, 1), date(2025, 1, 2))
    ]
    assert list(rankings.windows(date(2026, 2, 2), date(2026, 2, 1))) == []


def test_estimates_are_requested_by_whole_weeks(market: SimulatedMarket, tmp_path: Path) -> None:
    """Exact slices by day; sampled ones from a Monday to a Sunday, so that no week is partial."""
    settings = Settings(tmp_path / "home", market.url, KEY)
    with closing(SourceClient(settings, "run", FAST_RETRIES)) as client:
        exact = rankings.fetch_slice(
            client, "modality", "text", date(2026, 10, 22), date(2026, 11, 20)
        )
        weekly = rankings.fetch_slice(
            client, "category", "marketing/seo", date(2026, 10, 22), date(2026, 11, 20)
        )
    assert exact.params == {
        "start_date": "2026-10-22",
        "end_date": "2026-11-20",
        "modality": "text",
    }
    assert weekly.params == {
        "start_date": "2026-10-19",
        "end_date": "2026-11-15",
        "period": "week",
        "category": "marketing/seo",
    }


def test_rankings_become_a_table() -> None:
    """Rows stay text until they are checked; the filter comes from the request."""
    table = parse("rankings", payloads.RANKINGS, params={"start_date": "x", "modality": "text"})
    assert table.rows.rows()[0] == ("2026-05-11", "openai/gpt-4o-2024-05-13", "12345678")
    assert table.rows.columns == ["date", "model_permaslug", "total_tokens"]
    assert (table.start, table.end, table.as_of) == (date(2026, 4, 12), date(2026, 5, 11), AS_OF)
    assert (table.slice, table.grain, table.origin) == ("modality=text", "day", "data_api")
    weekly = parse(
        "rankings", payloads.RANKINGS, params={"category": "marketing/seo", "period": "week"}
    )
    assert (weekly.slice, weekly.grain) == ("category=marketing/seo", "week")
    assert parse("rankings", payloads.RANKINGS).slice == "all"


def test_counts_sent_as_numbers_are_noted() -> None:
    """They are accepted, with a note that they are not text as published."""
    table = parse("rankings", with_changes("rankings", total_tokens=9007199254740993))
    assert table.rows["total_tokens"][0] == "9007199254740993"
    assert table.notes == ["rankings-daily sends token counts as JSON numbers, not as text"]

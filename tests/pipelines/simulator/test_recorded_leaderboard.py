"""A recorded page of the leaderboard, in the columns of its data set."""

from datetime import UTC, datetime
from pathlib import Path

from pipelines.simulator.recorded_leaderboard import read_leaderboard
from pipelines.simulator.replay import ReplayMarket

MODEL = {
    "rank": 20,
    "model": "glm-5",
    "vendor": "Z.ai",
    "license": "open",
    "score": 1456,
    "ci": 6,
    "votes": 11101,
}


def test_a_row_has_the_interval_and_the_day_of_the_page() -> None:
    [row] = read_leaderboard({"meta": {"last_updated": "Mar 26, 2026"}, "models": [MODEL]})
    assert (row["rating_lower"], row["rating"], row["rating_upper"]) == (1450.0, 1456.0, 1462.0)
    assert row["leaderboard_publish_date"] == "2026-03-26"


def test_recordings_are_served(recordings: Path) -> None:
    """The leaderboard of a day, and the index; no history was recorded."""
    market, now = ReplayMarket(recordings), datetime(2026, 4, 1, tzinfo=UTC)
    assert len(market.leaderboard("text", now, is_whole=False)) == 30
    assert len(market.index_scores(now)) == 140

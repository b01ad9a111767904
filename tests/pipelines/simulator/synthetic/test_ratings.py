"""Ratings of the synthetic market: publications by week, an index that is refitted."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines.simulator.synthetic.market import SyntheticMarket

NOW = datetime(2026, 6, 20, 8, tzinfo=UTC)


def test_the_newest_publication_is_the_last_of_the_history() -> None:
    """A publication stays as it was."""
    market = SyntheticMarket(1)
    newest: Any = market.leaderboard("text", NOW, is_whole=False)
    whole: Any = market.leaderboard("text", NOW, is_whole=True)
    assert {row["leaderboard_publish_date"] for row in newest} == {"2026-06-15"}
    assert [row for row in whole if row["leaderboard_publish_date"] == "2026-06-15"] == newest
    earlier: Any = market.leaderboard("text", NOW - timedelta(days=7), is_whole=False)
    assert [row for row in whole if row["leaderboard_publish_date"] == "2026-06-08"] == earlier


def test_leaderboards_differ_and_no_model_is_rated_before_its_launch() -> None:
    market = SyntheticMarket(1)
    text, styled = (
        market.leaderboard(leaderboard, NOW, is_whole=False)
        for leaderboard in ("text", "text_style_control")
    )
    assert text != styled
    early: Any = market.leaderboard("text", datetime(2025, 1, 7, tzinfo=UTC), is_whole=False)
    assert "gpt-5" not in {row["model_name"] for row in early}


def test_the_index_is_refitted() -> None:
    """Scores move a little from week to week, within their intervals."""
    market = SyntheticMarket(1)
    before, after = (
        {row["Model"]: row for row in market.index_scores(at)}
        for at in (NOW - timedelta(days=7), NOW)
    )
    moved = [name for name in before if before[name]["eci"] != after[name]["eci"]]
    assert len(moved) == len(before)

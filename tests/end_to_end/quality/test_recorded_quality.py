"""The recorded leaderboard of 2026-03-30 and index of 2026-02-08, through the whole pipeline."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from support.simulator import FAST_RETRIES, KEY, simulated_market, sql

from pipelines.ingest.quality import extract_quality
from pipelines.settings import Settings
from pipelines.transform.build import build

pytestmark = pytest.mark.slow

GAP = (
    "select member_model, other_model, gap_points, round(gap_points_low, 1), "
    "round(gap_points_high, 1), round(gap_percent, 2), round(gap_percent_low, 1), "
    "round(gap_percent_high, 1), round(win_rate, 3), is_certain, version_date "
    "from marts.quality_gap_daily "
    "where date = '2026-03-30' and measure = '{}' and dimension = '{}'"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, recordings: Path) -> Settings:
    """Build a home of the recorded measures of quality, once for all tests here."""
    now = datetime(2026, 4, 1, 8, tzinfo=UTC)
    with simulated_market(mode="replay", recordings=recordings, now=now) as simulator:
        settings = Settings(
            home=tmp_path_factory.mktemp("recorded") / "home",
            openrouter_url=simulator.url,
            openrouter_key=KEY,
            arena_url=simulator.archive_url,
            epoch_url=simulator.archive_url,
        )
        extract = extract_quality(settings, retry_policy=FAST_RETRIES)
        # One page was recorded, and no history.
        assert [failure.what for failure in extract.failures] == ["history of the leaderboard text"]
        build(settings)
    return settings


def gap(home: Settings, measure: str, dimension: str) -> tuple[Any, ...]:
    [row] = sql(home, GAP.format(measure, dimension))
    return row


def test_the_best_us_model_led_by_2_7_percent(home: Settings) -> None:
    """39 points of 1465: what the press had, here with its interval."""
    assert gap(home, "arena_text", "country") == (
        "claude-opus-4-6-thinking",
        "qwen3.5-max-preview",
        39.0,
        28.2,
        49.8,
        2.66,
        1.9,
        3.4,
        0.556,
        True,
        date(2026, 3, 26),
    )


def test_open_weights_were_48_points_behind(home: Settings) -> None:
    row = gap(home, "arena_text", "weights")
    assert row[1:3] == ("glm-5", 48.0)
    assert row[9]


def test_the_index_has_another_gap_and_no_rate_of_wins(home: Settings) -> None:
    """By the models that were out on the day; months are by its scale."""
    row = gap(home, "epoch", "country")
    assert (row[0], row[1], round(row[2], 2)) == ("Gemini 3 Pro", "Qwen3-Max", 8.71)
    assert row[8] is None
    [(months, low, high)] = sql(
        home,
        "select months_behind, months_behind_low, months_behind_high "
        "from marts.quality_gap_daily where date = '2026-02-01' and measure = 'epoch' "
        "and dimension = 'country'",
    )
    assert low < months < high
    assert 3 < months < 9


def test_nothing_recorded_is_of_an_unknown_country(home: Settings) -> None:
    """A maker that the seed lacks has the country that the index names."""
    assert sql(home, "select model_name from marts.model_quality where country = 'unknown'") == []

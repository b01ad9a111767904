"""Benchmarks and tasks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.simulator.synthetic.catalogue import Catalogue
from pipelines.simulator.synthetic.quality import MODELS_PER_TAG, TAGS, benchmarks, tasks

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2025, 1, 12), datetime(2026, 11, 21)).map(
    lambda instant: instant.replace(tzinfo=UTC)
)
few = settings(max_examples=10, deadline=None, derandomize=True)


@few
@given(seed=st.integers(0, 20), now=MOMENTS)
def test_task_shares_sum_to_one(seed, now):
    """Over the tags, over the macro categories, and within each of them."""
    found = tasks(seed, now)
    for share in ("usage_share", "token_share"):
        assert sum(row[share] for row in found["classifications"]) == pytest.approx(1)
        assert sum(row[share] for row in found["macro_categories"]) == pytest.approx(1)
        for macro in found["macro_categories"]:
            within = [
                row[f"category_{share}"]
                for row in found["classifications"]
                if row["macro_category"] == macro["key"]
            ]
            assert sum(within) == pytest.approx(1)


@few
@given(now=MOMENTS)
def test_a_tag_names_its_top_models(now):
    """Best first and not all of them, so their shares do not reach one."""
    for row in tasks(1, now)["classifications"]:
        shares = [model["tag_token_share"] for model in row["models"]]
        assert len(shares) == MODELS_PER_TAG
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) < 1
        assert row["tag"].startswith(f"{row['macro_category']}:")


def test_the_classification_is_of_yesterday():
    """It changes by the day, and not within one."""
    assert tasks(1, NOW)["as_of"] == "2026-11-20"
    assert tasks(1, NOW) == tasks(1, NOW + timedelta(hours=14))
    assert tasks(1, NOW) != tasks(1, NOW + timedelta(hours=15))
    assert [row["tag"] for row in tasks(1, NOW)["classifications"]] == [tag for tag, _, _ in TAGS]


def test_benchmarks_cover_the_listed_models():
    """Three sources, each with the same models; the undated id names them."""
    found = benchmarks(1, NOW)
    by_source = {}
    for row in found:
        by_source.setdefault(row["source"], set()).add(row["model_permaslug"])
    assert set(by_source) == {"artificial-analysis", "design-arena", "openrouter"}
    assert len({frozenset(names) for names in by_source.values()}) == 1
    assert by_source["openrouter"] <= {one.model.id for one in Catalogue(1, NOW).current()}


def test_benchmarks_keep_their_bounds():
    """Accuracies are fractions, rates are percentages, places sum to their total."""
    for row in benchmarks(1, NOW):
        assert 0 < row.get("accuracy", 0.5) <= 1.05
        assert 0 < row.get("primary_score", 0.5) <= 1
        assert 0 < row.get("win_rate", 50) <= 100
        if stats := row.get("tournament_stats"):
            assert stats["total"] == sum(count for name, count in stats.items() if name != "total")


def test_benchmarks_run_on_monday():
    """All of a week have its first instant."""
    stamps = {row["last_run_timestamp"] for row in benchmarks(1, NOW) if "benchmark_type" in row}
    assert stamps == {"2026-11-16T00:00:00Z"}

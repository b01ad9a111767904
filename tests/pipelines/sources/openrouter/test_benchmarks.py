"""OpenRouter's benchmarks as rows of raw.benchmarks."""

from datetime import UTC, datetime

from support import payloads
from support.source_payloads import parse


def test_benchmarks_become_a_row_for_each_metric() -> None:
    """Each leaderboard keeps its names; a null figure gives no row."""
    at = datetime(2026, 6, 3, 12, tzinfo=UTC)
    assert parse("benchmarks", payloads.BENCHMARKS).frames["raw.benchmarks"].rows() == [
        ("artificial-analysis", "openai/gpt-4o", "GPT-4o", None, "intelligence_index", 71.2, at),
        ("artificial-analysis", "openai/gpt-4o", "GPT-4o", None, "agentic_index", 58.3, at),
        ("design-arena", "x/y", "Y", "models/codecategories", "elo", 1423.0, at),
        ("design-arena", "x/y", "Y", "models/codecategories", "win_rate", 72.0, at),
        ("openrouter", "x/y", "Y", "gpqa_diamond", "accuracy", 0.72, at),
        ("openrouter", "x/y", "Y", "search_widesearch/exa/server-tool", "primary_score", 0.5, at),
    ]

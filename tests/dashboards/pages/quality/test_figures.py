"""Charts of quality: a line and a band a measure, an area for tokens."""

from datetime import date

import polars as pl

from dashboards.components.theme import Theme
from dashboards.pages.quality.figures import gap, price_and_quality

GAP = {
    "date": date(2026, 3, 30),
    "measure": "arena_text",
    "member": "US",
    "other_member": "CN",
    "member_model": "claude-opus-4-6-thinking",
    "other_model": "qwen3.5-max-preview",
    "gap_points": 39.0,
    "gap_points_low": 28.2,
    "gap_points_high": 49.8,
    "gap_percent": 2.66,
    "win_rate": 0.556,
    "version_date": date(2026, 3, 26),
    "is_hindsight": False,
}
ANCHOR = {
    "measure": "epoch",
    "gap_points_low": None,
    "gap_points_high": None,
    "win_rate": None,
    "is_hindsight": True,
}


def test_a_measure_is_a_line_with_its_interval() -> None:
    """One without an interval has no band, and an index no rate of wins."""
    made = gap(pl.DataFrame([GAP, {**GAP, **ANCHOR}], infer_schema_length=None), Theme())
    lines = {trace.name: trace for trace in made.data}
    assert list(lines) == ["Arena: text: interval", "Arena: text", "Epoch index"]
    assert "+39.0 (+2.7 %), 56 % of votes expected" in lines["Arena: text"].text[0]
    assert lines["Epoch index"].text[0].endswith("version of 2026-03-26, by a later version")


def test_a_model_that_is_not_ranked_is_a_ring() -> None:
    """Tokens that are not known are no small area."""
    rows = pl.DataFrame(
        {
            "model_id": ["z-ai/glm-5", "openai/gpt-5"],
            "country": ["CN", "US"],
            "weights": ["open", "closed"],
            "score": [1456.0, 1480.0],
            "usd_per_mtok": [0.9, 3.4],
            "tokens": [None, 5_000_000_000],
        }
    )
    chinese, american = price_and_quality(rows, Theme()).data
    assert chinese.marker.symbol[0] == "circle-open"
    assert american.marker.symbol[0] == "circle"
    assert american.customdata[0] == "5.0 B tokens in 28 days"
    assert price_and_quality(rows, Theme()).layout.xaxis.type == "log"

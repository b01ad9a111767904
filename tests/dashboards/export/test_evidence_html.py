"""The page of a bundle: statement, sentence, weeks, figures and sources in one file."""

from datetime import UTC, datetime
from pathlib import Path

from support.statements.pages import china_above_us, open_shares

from dashboards.export.evidence_html import build_evidence_page
from dashboards.pages.claims.comparison import judge_claim
from dashboards.pages.claims.weeks import Sides

NOW = datetime(2026, 6, 20, tzinfo=UTC)
ANSWERS = {"sources": ["rankings_daily"], "is_of_any": False, "outcomes": ["loaded"]}


def test_a_claim_is_there_with_its_weeks_and_sources(tmp_path: Path) -> None:
    generation = open_shares(tmp_path / "home")
    claim = china_above_us()
    rows = judge_claim(claim, generation)
    sides = Sides(*claim.comparison.sides)
    page = build_evidence_page(generation, rows[0]["evidence_sql"], rows, ANSWERS, NOW, sides)
    for part in (
        "Only if you count the nine models on OpenRouter&#39;s chart",
        "2026-03-02 to 2026-03-22 (3 weeks)",
        "Labs of China and Labs of the United States",
        "rankings_daily",
        "https://openrouter.ai/api/v1/rankings",
        "default-src &#39;none&#39;",
    ):
        assert part in page
    assert page.count('class="graph-data"') == 3
    assert str(tmp_path) not in page


def test_a_query_without_claim_is_there_with_its_rows(tmp_path: Path) -> None:
    """A source that was not used is not named."""
    generation = open_shares(tmp_path / "home")
    page = build_evidence_page(
        generation, "select 41 + 1 as answer;", [], {**ANSWERS, "sources": []}, NOW
    )
    assert ">42</td>" in page
    assert "The figures rest on no answer of a source." in page
    assert "The claim and its verdicts" not in page

"""Citations: a line and an entry for BibTeX that say of which generation a verdict is."""

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from dashboards.statements.citation import Citation

META = {
    "generation": 12,
    "published_at": datetime(2026, 4, 6, 9, tzinfo=UTC),
    "citation": "Source: OpenRouter (openrouter.ai/rankings), as of 2026-04-06.",
}
ROW = {"claim_id": "five-weeks", "statement": "5 weeks & 100 % of_it."}


def test_a_citation_names_statement_finding_generation_source_and_address() -> None:
    text = Citation.of(ROW, "Only by day.", META, "/claims?claim=five-weeks").text()
    assert text == (
        "“5 weeks & 100 % of_it.” Only by day. Tokentide, generation 12, 2026-04-06, "
        "/claims?claim=five-weeks. Source: OpenRouter (openrouter.ai/rankings), as of 2026-04-06."
    )


def test_bibtex_has_its_fields_and_no_letter_that_tex_reads() -> None:
    entry = Citation.of(ROW, "Only by day.", META, "/claims?claim=five-weeks").bibtex()
    assert entry.startswith("@misc{tokentide-five-weeks,\n")
    assert "  title = {{5 weeks \\& 100 \\% of\\_it.}},\n" in entry
    assert "  year = {2026}" in entry


@given(title=st.text(max_size=40))
def test_no_statement_ends_its_field(title: str) -> None:
    """Braces that are not escaped are as many as the entry's own."""
    entry = Citation.of({**ROW, "statement": title}, "", META, "/claims").bibtex()
    plain = re.sub(r"\\text\w+\{\}|\\[{}]", "", entry)
    assert plain.count("{") == plain.count("}") == 8


def test_figures_as_of_an_instant_have_no_generation() -> None:
    text = Citation.of(ROW, "", {**META, "generation": None}, "/claims").text()
    assert "Tokentide, as of an instant, 2026-04-06" in text

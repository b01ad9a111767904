"""The part of a bundle that a person opens: README.md, index.html, and citations."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dashboards.components.filters import href
from dashboards.export.evidence_html import build_evidence_page
from dashboards.generations import OpenGeneration
from dashboards.pages.claims.weeks import Sides
from dashboards.statements.citation import Citation
from dashboards.statements.comparison import SavedClaim
from dashboards.statements.judging import OVERALL
from dashboards.statements.wording import basis_words, plain_sentence
from pipelines.archive import utc_now
from pipelines.evidence.inputs import USED
from pipelines.transform.lineage import Origins
from warehouse.connection import open_published

README = (Path(__file__).parent / "bundle_readme.md").read_text()
NO_CLAIM = "A figure of Tokentide"
OF_NO_OTHERS = "The figures rest on no data of others."


def write_opening(
    folder: Path,
    path: Path,
    query: str,
    rows: Sequence[dict[str, Any]],
    origins: Origins,
    meta: dict[str, Any],
    saved: SavedClaim | None = None,
) -> None:
    """Write the files that say what a bundle is; `rows` are those of its claim, if it has one."""
    # The sum over all bases first, whichever basis the query is of.
    rows = sorted(rows, key=lambda row: (row["basis"] != OVERALL, row["basis"]))
    sides = Sides.of(saved.comparison) if saved else None
    generation = OpenGeneration(path, open_published)
    answers = {
        "sources": sorted(origins.sources),
        "is_of_any": origins.is_of_any,
        "outcomes": list(USED),
    }
    page = build_evidence_page(generation, query, rows, answers, utc_now(), sides)
    (folder / "index.html").write_text(page)
    source = meta["citation"] if origins.sources else OF_NO_OTHERS
    if rows:
        address = href("/claims", claim=rows[0]["claim_id"])
        facts = {**meta, "citation": source, "published_at": generation.meta.published_at}
        citation = Citation.of(rows[0], plain_sentence(rows), facts, address)
        (folder / "citation.bib").write_text(citation.bibtex())
        source = f"{source}\n{citation.text()}"
    (folder / "citation.txt").write_text(f"{source}\n")
    title = rows[0]["statement"] if rows else NO_CLAIM
    finding = plain_sentence(rows) if rows else "The query is in `query.sql`."
    bases = ", ".join(basis_words(row["basis"]) for row in rows)
    text = README.format(
        title=title, finding=finding, bases=bases or "none", version=meta["tokentide_version"]
    )
    (folder / "README.md").write_text(text)

"""Ways to take a claim along: its citation, its address, and a zip of all that it rests on."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from urllib.parse import urlencode

import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboards.components.filters import href
from dashboards.components.page import Card
from dashboards.components.widgets import html_attributes
from dashboards.query import Query
from dashboards.statements.citation import Citation
from dashboards.statements.judging import OVERALL
from dashboards.statements.wording import basis_words, plain_sentence

META = Query("select generation, published_at, citation from marts.meta", is_verbatim=True)
EVIDENCE = (
    "Each is a zip file: the figures, every raw answer behind them, a page that opens by itself, "
    "and a script that computes the figures again: "
)


def take_along_card(
    rows: Sequence[dict[str, Any]], address: str, has_evidence: bool, extra: Sequence[str] = ()
) -> Card:
    """Return the card for the rows of a claim, the one over all bases included.

    `extra` are lines such as the command that makes the same claim; each can be copied.
    """
    claim = next((row for row in rows if row["basis"] == OVERALL), rows[0])
    bases = _evidence_bases(rows) if has_evidence else ()
    return Card(
        key="take-along",
        title="Cite it, check it, send it",
        query=META,
        draw=_drawing(
            claim["claim_id"],
            claim["statement"],
            plain_sentence(rows),
            address,
            bases,
            tuple(extra),
        ),
        width="full",
        height=160,
    )


def _evidence_bases(rows: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Return one basis for each query, since a bundle holds one; a single query needs no basis."""
    found: dict[str, str] = {}
    for row in rows:
        if row["basis"] != OVERALL and row["evidence_sql"]:
            found.setdefault(row["evidence_sql"], row["basis"])
    return tuple(found.values())


@cache
def _drawing(
    claim_id: str,
    statement: str,
    sentence: str,
    address: str,
    bases: tuple[str, ...],
    extra: tuple[str, ...],
) -> Any:
    def draw(rows: pl.DataFrame, _: Any) -> Component:
        row = {"claim_id": claim_id, "statement": statement}
        citation = Citation.of(row, sentence, rows.row(0, named=True), address)
        return html.Div(
            [
                _copyable("Citation", citation.text(), is_address=False),
                _copyable("BibTeX", citation.bibtex(), is_address=False),
                _copyable("Address", address, is_address=True),
                *(_copyable("Command", each, is_address=False) for each in extra),
                *_downloads(claim_id, bases),
            ]
        )

    return draw


def _copyable(name: str, text: str, *, is_address: bool) -> Component:
    attributes = {"data_copy": text, "aria_label": f"Copy: {name}"}
    if is_address:
        attributes["data_address"] = "yes"
    copy = html.Button("Copy", className="action", **html_attributes(**attributes))
    label = html_attributes(aria_label=name)
    pre = html.Pre(text, className="query wrapped", tabIndex=0, role="region", **label)
    return html.Div([html.Strong(name), " ", copy, pre], className="card-query")


def _downloads(claim_id: str, bases: Sequence[str]) -> list[Component]:
    if not bases:
        return []
    links = [
        html.Li(
            html.A(
                f"Evidence: {basis_words(basis)}" if len(bases) > 1 else "Evidence of every basis",
                href=evidence_address(f"{claim_id}:{basis}"),
                download="",
            )
        )
        for basis in bases
    ]
    command = html.Code("python recompute.py")
    note = html.P([EVIDENCE, command, "."], className="card-note")
    return [html.Strong("Evidence"), note, html.Ul(links)]


def evidence_address(name: str) -> str:
    """Return where the evidence of a claim (id or id:basis) is downloaded."""
    return f"/download/evidence.zip?{urlencode({'claim': name})}"


def claim_address(claim_id: str) -> str:
    """Return the lasting address of a claim."""
    return href("/claims", claim=claim_id)

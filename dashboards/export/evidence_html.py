"""The page of an evidence bundle: one HTML file with figure, verdict, citation and sources."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboards.components.page import Card, CardPage, Listed, rows_only
from dashboards.components.theme import Theme
from dashboards.components.widgets import format_instant, plain_table
from dashboards.export.report import ReportOptions, build_report
from dashboards.generations import OpenGeneration
from dashboards.pages.claims import tables
from dashboards.pages.claims.take_along import META
from dashboards.pages.claims.weeks import COUNTRIES, Sides, normalise, week_cards
from dashboards.query import Query, query

HEADINGS = ("Source", "Answers", "First fetched", "Last fetched", "Address of the newest")


def build_evidence_page(
    generation: OpenGeneration,
    sql: str,
    rows: Sequence[Mapping[str, Any]],
    answers: Mapping[str, Any],
    now: datetime,
    sides: Sides | None = None,
) -> str:
    """Return the file for a query, and for the rows of its claim where it has one.

    `answers` are the values of the query `claims/sources`.
    """
    asked = Query(sql.strip().rstrip(";"), is_verbatim=True)
    found = [
        *([_statement_card(rows)] if rows else []),
        *_figures(generation, asked, sides or COUNTRIES),
        _sources_card(answers),
    ]

    def cards(*_: Any) -> Sequence[Listed]:
        return found

    page = CardPage(
        path="/evidence",
        name="Evidence",
        about=(
            "A figure with what it rests on. Beside this file lie the raw answers and "
            "recompute.py, which computes the figure again."
        ),
        controls=lambda _: (),
        cards=cards,
    )
    return build_report(generation, [ReportOptions(page)], Theme(), now)


def _statement_card(rows: Sequence[Mapping[str, Any]]) -> Card:
    frame = pl.DataFrame([dict(row) for row in rows], infer_schema_length=None)
    return Card(
        key="statement",
        title="The claim and its verdicts",
        query=META,
        draw=lambda *_: tables.claim(frame),
        width="full",
    )


def _figures(generation: OpenGeneration, asked: Query, sides: Sides) -> list[Card]:
    evidence = Card(
        key="evidence",
        title="The figures",
        query=asked,
        draw=tables.evidence(1),
        unit="the rows that the query finds",
        width="full",
        height=320,
        empty="The query finds no rows.",
    )
    weeks = normalise(generation.frame(asked))
    if weeks is None:
        return [evidence]
    bases = weeks["basis"].unique(maintain_order=True).to_list()
    plain = Card(
        key="evidence",
        title="The figures",
        query=asked,
        draw=rows_only(tables.plain_evidence),
        width="full",
    )
    return [*week_cards(asked, bases, sides), plain]


def _sources_card(answers: Mapping[str, Any]) -> Card:
    return Card(
        key="sources",
        title="The sources",
        query=query("claims/sources", **answers),
        draw=rows_only(_sources),
        unit="raw answers; answers.csv lists each with its SHA-256",
        width="full",
        empty="The figures rest on no answer of a source.",
    )


def _sources(rows: pl.DataFrame) -> Component:
    lines = [
        [
            row["source"],
            html.Td(f"{row['answers']:,}", className="number"),
            format_instant(row["first_fetched_at"]),
            format_instant(row["last_fetched_at"]),
            row["url"],
        ]
        for row in rows.to_dicts()
    ]
    return plain_table(HEADINGS, lines, "Sources")

"""The figures behind a card as CSV, from the generation that the page shows."""

from urllib.parse import parse_qsl

import duckdb
import polars as pl
from flask import Flask, Response, request

from dashboards.components.filters import LONGEST, read_filters
from dashboards.components.grid import flat
from dashboards.components.page import Card
from dashboards.generations import Published
from dashboards.pages import page_of


def add_to(server: Flask, published: Published) -> None:
    """Serve `/download/card.csv?page=…&card=…&generation=…&search=…`."""

    @server.get("/download/card.csv")
    def card_csv() -> Response:
        asked = dict(parse_qsl(request.query_string.decode()[:LONGEST]))
        generation = published.numbered(
            int(asked["generation"]) if asked.get("generation", "").isdigit() else None
        )
        if generation is None:
            return Response(
                "That generation is no longer kept. Reload the page for the newest one.\n",
                410,
                mimetype="text/plain",
            )
        page = page_of(asked.get("page", ""))
        filters = read_filters(asked.get("search"), page.controls(generation))
        found = [
            card
            for card in page.cards_for(filters, generation)
            if isinstance(card, Card) and card.key == asked.get("card")
        ]
        if not found:
            return Response("There is no such card.\n", 404, mimetype="text/plain")
        try:
            rows = generation.frame(found[0].query)
        except duckdb.Error as error:
            return Response(f"{error}\n", 500, mimetype="text/plain")
        return as_csv(
            rows,
            f"{found[0].key}-generation-{generation.meta.generation}.csv",
            generation.meta.citation,
        )


def as_csv(rows: pl.DataFrame, name: str, citation: str) -> Response:
    """A download with a header line; how to cite it stands in an HTTP header, so that the file stays plain CSV."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Citation": citation.encode("ascii", "replace").decode(),
    }
    return Response(flat(rows).write_csv(), mimetype="text/csv; charset=utf-8", headers=headers)

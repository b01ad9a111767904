"""Downloads of the rows behind a card as CSV, from the generation that the page shows."""

import duckdb
import polars as pl
from flask import Flask, Response, request

from dashboards.components.filters import parse_search
from dashboards.components.grid import flatten
from dashboards.components.page import Card, PageView
from dashboards.components.theme import Theme
from dashboards.generations import GenerationStore
from dashboards.pages import find_page


def add_downloads(server: Flask, store: GenerationStore) -> None:
    """Serve `/download/card.csv?page=…&card=…&generation=…&search=…`."""

    @server.get("/download/card.csv")
    def download_card() -> Response:
        asked = parse_search(request.query_string.decode())
        number = asked.get("generation", "")
        generation = store.numbered(int(number) if number.isdigit() else None)
        if generation is None:
            text = "That generation is no longer kept. Reload the page for the newest one.\n"
            return Response(text, 410, mimetype="text/plain")
        page = find_page(asked.get("page", ""))
        view = PageView(page, generation, Theme(), asked.get("search", ""))
        cards = [card for card in view.cards() if isinstance(card, Card)]
        card = next((card for card in cards if card.key == asked.get("card")), None)
        if card is None:
            return Response("There is no such card.\n", 404, mimetype="text/plain")
        try:
            rows = generation.frame(card.query)
        except duckdb.Error as error:
            return Response(f"{error}\n", 500, mimetype="text/plain")
        name = f"{card.key}-generation-{generation.meta.generation}.csv"
        return build_csv(rows, name, generation.meta.citation)


def build_csv(rows: pl.DataFrame, name: str, citation: str) -> Response:
    """Build a download. The citation stands in an HTTP header, so that the file stays plain CSV."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Citation": citation.encode("ascii", "replace").decode(),
    }
    return Response(flatten(rows).write_csv(), mimetype="text/csv; charset=utf-8", headers=headers)

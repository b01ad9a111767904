"""Downloads of the rows behind a card as CSV, from the generation that the page shows."""

import duckdb
import polars as pl
from flask import Flask, Response, request

from dashboards.components.filters import parse_search
from dashboards.components.grid import write_csv
from dashboards.components.page import Card, PageView
from dashboards.components.theme import Theme
from dashboards.generations import GenerationStore
from dashboards.names import Names
from dashboards.pages import find_page
from dashboards.views import find_shown

# Columns of slugs and codes; a download has their names beside them.
SLUG_COLUMNS = (
    "member",
    "overtaken",
    "leader",
    "author_slug",
    "model_family",
    "model_permaslug",
    "model_id",
)

MAX_DIGITS = 12


def add_downloads(server: Flask, store: GenerationStore) -> None:
    """Serve `/download/card.csv?page=…&card=…&generation=…&search=…`."""

    @server.get("/download/card.csv")
    def download_card() -> Response:
        asked = parse_search(request.query_string.decode(errors="replace"))
        number, search = asked.get("generation", ""), asked.get("search", "")
        if number and not is_whole_number(number):
            return Response("A generation is a whole number.\n", 400, mimetype="text/plain")
        page = find_page(asked.get("page", ""))
        generation = find_shown(store, page, search, int(number)) if number else store.newest()
        if generation is None:
            text = "That generation is no longer kept. Reload the page for the newest one.\n"
            return Response(text, 410, mimetype="text/plain")
        view = PageView(page, generation, Theme(), search)
        cards = [card for card in view.cards() if isinstance(card, Card)]
        card = next((card for card in cards if card.key == asked.get("card")), None)
        if card is None:
            return Response("There is no such card.\n", 404, mimetype="text/plain")
        try:
            rows = generation.frame(card.query)
        except duckdb.Error as error:
            return Response(f"{error}\n", 500, mimetype="text/plain")
        past = generation.meta.past_day
        version = f"as-known-on-{past}" if past else f"generation-{generation.meta.generation}"
        name = f"{card.key}-{version}.csv"
        return build_csv(add_names(rows, generation.names), name, generation.meta.citation)


def add_names(rows: pl.DataFrame, names: Names) -> pl.DataFrame:
    """Add the names of labs, families, listings and countries beside their slugs and codes."""
    columns = [name for name in SLUG_COLUMNS if rows.schema.get(name) == pl.String]
    return rows.with_columns(
        pl.Series(
            f"{column}_name",
            [None if slug is None else names.name(slug) for slug in rows[column].to_list()],
            pl.String,
        )
        for column in columns
    )


def is_whole_number(text: str) -> bool:
    """Return true for digits 0 to 9, few enough to be read; other scripts have digits too."""
    return text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS


def build_csv(rows: pl.DataFrame, name: str, citation: str) -> Response:
    """Build a download. The citation stands in an HTTP header, so that the file stays plain CSV."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Citation": citation.encode("ascii", "replace").decode(),
    }
    return Response(write_csv(rows), mimetype="text/csv; charset=utf-8", headers=headers)

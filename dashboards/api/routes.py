"""All addresses for programs, which need the same access as the pages."""

from importlib.resources import files

from flask import Flask, Response

from dashboards.api.cost_metrics import add_cost_metrics
from dashboards.api.feeds import add_feeds
from dashboards.api.prices import add_prices
from dashboards.api.tables import add_tables
from dashboards.generations import GenerationStore

# Tables, feeds and prices in the words that generators of clients read.
OPENAPI = (files("dashboards.api") / "openapi.json").read_text(encoding="utf-8")


def add_api(server: Flask, store: GenerationStore) -> None:
    """Serve tables, feeds, prices and metrics of the newest generation."""
    for add in (add_tables, add_feeds, add_prices, add_cost_metrics):
        add(server, store)

    @server.get("/data/openapi.json")
    def show_openapi() -> Response:
        return Response(OPENAPI, mimetype="application/json")

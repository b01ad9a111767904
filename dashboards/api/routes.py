"""All addresses for programs, which need the same access as the pages."""

from flask import Flask

from dashboards.api.cost_metrics import add_cost_metrics
from dashboards.api.feeds import add_feeds
from dashboards.api.prices import add_prices
from dashboards.api.tables import add_tables
from dashboards.generations import GenerationStore


def add_api(server: Flask, store: GenerationStore) -> None:
    """Serve tables, feeds, prices and metrics of the newest generation."""
    for add in (add_tables, add_feeds, add_prices, add_cost_metrics):
        add(server, store)

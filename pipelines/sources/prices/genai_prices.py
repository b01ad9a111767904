"""Prices that pydantic/genai-prices curates by hand (MIT), of the provider OpenRouter.

Most prices have no date, so they are those of the day on which the file was read; loading remembers
them from then on. Some name the day from which they hold.
"""

import json
from typing import Any

from pipelines.archive import Answer
from pipelines.errors import BadAnswer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.parsing import rows_of
from pipelines.sources.prices.price_table import PriceTable, make_table
from pipelines.sources.source import Source

PATH = "/pydantic/genai-prices/main/prices/data.json"
PROVIDER = "openrouter"
FIGURES = {
    "input_mtok": "prompt_usd_per_mtok",
    "output_mtok": "completion_usd_per_mtok",
    "cache_read_mtok": "cached_usd_per_mtok",
    "cache_write_mtok": "cache_write_usd_per_mtok",
}


def fetch(client: SourceClient) -> Answer:
    """Request the file of all providers."""
    return client.ask(SOURCE, PATH, budget=client.budget)


def decode(answer: Answer, body: bytes) -> list[dict[str, Any]]:
    """Decode the list of providers; raise BadAnswer where there is none."""
    try:
        value = json.loads(body, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(f"The file of prices is not JSON ({error}).") from error
    return rows_of({"providers": value}, "providers")


def parse(answer: Answer, providers: list[dict[str, Any]]) -> PriceTable:
    """Return the prices that OpenRouter's models have on the day of the answer."""
    found = [row for row in providers if row.get("id") == PROVIDER]
    if not found:
        raise BadAnswer(f"The file of prices has no provider {PROVIDER!r}.")
    day = answer.fetched_at.date()
    rows = [row for row in rows_of(found[0], "models") if isinstance(row.get("id"), str)]
    return make_table([_model(row, day.isoformat()) for row in rows], day, [], has_past=False)


def _model(row: dict[str, Any], day: str) -> dict[str, Any]:
    stated = row.get("prices")
    dated = stated if isinstance(stated, list) else [{"prices": stated}]
    points = [point for each in dated if (point := _point(each, day)) is not None]
    points.sort(key=lambda point: str(point["date"]))
    current = [point for point in points if str(point["date"]) <= day]
    # A price without a date holds unless one with a date has begun.
    past = [point for point in current if not point["is_undated"]] or current
    return {"id": row["id"], "name": row.get("name"), "last_seen": None, "points": past}


def _point(entry: object, day: str) -> dict[str, Any] | None:
    """Return one price with its day, None where it holds under another condition than a day."""
    fields = entry if isinstance(entry, dict) else {}
    constraint, prices = fields.get("constraint") or {}, fields.get("prices")
    if not isinstance(constraint, dict) or set(constraint) - {"start_date"}:
        return None
    figures = prices if isinstance(prices, dict) else {}
    tiers = {name: value for name, value in figures.items() if isinstance(value, dict)}
    return {
        "date": constraint.get("start_date", day),
        "is_undated": not constraint,
        **{ours: _base(figures.get(theirs)) for theirs, ours in FIGURES.items()},
        "tiers": json.dumps(tiers, sort_keys=True) if tiers else None,
    }


def _base(figure: object) -> str | None:
    """Return the price of the first token: of prices by length the one that holds from there."""
    value = figure.get("base") if isinstance(figure, dict) else figure
    return None if value is None else str(value)


SOURCE = Source(
    "prices_genai",
    parse,
    tables=("price_archives", "price_series", "price_points"),
    assets=("raw_prices",),
    decode=decode,
    min_share=0.8,
    figures=("prompt_usd_per_mtok", "completion_usd_per_mtok"),
)

"""Our own cost as a price file in LiteLLM's form, which its `register_model` reads."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import polars as pl
from flask import Flask, Response, request

from dashboards.api.answers import json_response, refuse, respond
from dashboards.generations import GenerationStore, OpenGeneration
from dashboards.query import query

# LiteLLM's name of any server that speaks vLLM's API.
PROVIDER = "hosted_vllm"
DEFAULT_HOURS, MAX_HOURS = 24, 24 * 366
NOTES = (
    "Cost of our own tokens, by Tokentide's figures of {hours} from {first} to {last} UTC, for "
    "{services}: devices, other fixed cost and energy, idle time included, over all tokens. What a "
    "prompt token costs apart from a generated one is not known, so both have the same price."
)
SIMULATED_LOAD = " The load is simulated: a load generator asked, and nobody was served."
NEEDS = frozenset({"local_efficiency_hourly"})


def add_prices(server: Flask, store: GenerationStore) -> None:
    """Serve `/prices/litellm.json?hours=…`."""

    @server.get("/prices/litellm.json")
    def show_prices() -> Response:
        text = request.args.get("hours", str(DEFAULT_HOURS))
        hours = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
        if not 1 <= hours <= MAX_HOURS:
            problem = f"hours must be a whole number from 1 to {MAX_HOURS}, such as hours=24."
            return refuse(problem, HTTPStatus.BAD_REQUEST)
        source = f"{request.host_url}data/local_efficiency_hourly.json"
        return respond(
            store, lambda generation: json_response(price_file(generation, hours, source))
        )


def price_file(generation: OpenGeneration, hours: int, source: str) -> dict[str, Any]:
    """Return the prices by model name. A model whose cost is not known is left out."""
    if not generation.tables >= NEEDS:
        return {}
    costs = generation.frame(query("api/model_costs", hours=hours))
    return {
        f"{PROVIDER}/{row['model_name']}": _price(row, source, generation.meta.simulated_services)
        for row in costs.filter(pl.col("usd_per_token").is_finite()).iter_rows(named=True)
    }


def _price(row: dict[str, Any], source: str, simulated: Sequence[str]) -> dict[str, Any]:
    first, last = row["first_hour_at"], row["last_hour_at"]
    count = round((last - first).total_seconds() / 3600) + 1
    notes = NOTES.format(
        hours="an hour" if count == 1 else f"{count} hours",
        first=f"{first:%Y-%m-%dT%H:00}",
        last=f"{last:%Y-%m-%dT%H:59}",
        services=", ".join(row["services"]),
    )
    if is_simulated := not set(simulated).isdisjoint(row["services"]):
        notes += SIMULATED_LOAD
    price = row["usd_per_token"]
    return {
        "input_cost_per_token": price,
        "output_cost_per_token": price,
        # Without it LiteLLM would let tokens from the cache cost something else.
        "cache_read_input_token_cost": price,
        "litellm_provider": PROVIDER,
        "mode": "chat",
        "source": source,
        "metadata": {"notes": notes, "is_load_simulated": is_simulated},
    }

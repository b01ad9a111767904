"""Answers of sources beside the market, written from one plain list of models and prices."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from support.checks.hub_list import encode_hub

MODELS = 40
LISTED = "2026-01-01"


def price_list() -> dict[str, Any]:
    """Return a list of models with their prices, in no archive's form yet."""
    return {
        "data": [
            {"id": f"lab/model-{number}", "prompt": f"0.{number + 1}", "completion": "1.5"}
            for number in range(MODELS)
        ]
    }


def _openrouterlist(payload: Any, at: datetime) -> Any:
    day = at.date().isoformat()
    return {
        "as_of": day,
        "models": {
            str(row["id"]): {
                "name": row["id"],
                "first_seen": LISTED,
                "last_seen": day,
                "present_now": True,
                "points": [[LISTED, row["prompt"], row["completion"]]],
            }
            for row in payload["data"]
        },
    }


def _genai(payload: Any, at: datetime) -> Any:
    models = [
        {
            "id": row["id"],
            "name": row["id"],
            "prices": {"input_mtok": row["prompt"], "output_mtok": row["completion"]},
        }
        for row in payload["data"]
    ]
    return [{"id": "openrouter", "models": models}]


def _litellm(payload: Any, at: datetime) -> Any:
    # A million tokens at the price of the list; what is no figure stays as it is.
    return {
        f"openrouter/{row['id']}": {
            "input_cost_per_token": _per_token(row["prompt"]),
            "output_cost_per_token": _per_token(row["completion"]),
        }
        for row in payload["data"]
    }


def _models_dev(payload: Any, at: datetime) -> Any:
    models = {
        str(row["id"]): {
            "id": row["id"],
            "name": row["id"],
            "cost": {"input": row["prompt"], "output": row["completion"]},
        }
        for row in payload["data"]
    }
    return {"openrouter": {"id": "openrouter", "models": models}}


def _per_token(price: Any) -> Any:
    try:
        return str(Decimal(price).scaleb(-6))
    except (ArithmeticError, TypeError, ValueError):
        return price


ENCODERS: dict[str, Callable[[Any, datetime], Any]] = {
    "prices_openrouterlist": _openrouterlist,
    "prices_genai": _genai,
    "prices_models_dev": _models_dev,
    "prices_litellm": _litellm,
    "hub_models": encode_hub,
}

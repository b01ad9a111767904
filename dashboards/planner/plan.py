"""The query of a plan, the only place of its figures, and the choices that a plan has."""

from collections.abc import Sequence
from typing import Any

from dashboards.planner.devices import assumed
from dashboards.planner.inputs import PlanInputs
from dashboards.query import Query, query

NEEDS = (
    "local_cost_daily",
    "make_or_buy_daily",
    "market_tokens_daily",
    "model_prices_daily",
    "models",
    "served_tokens_hourly",
    "service_cost_daily",
    "service_make_or_buy_daily",
    "services",
)
# Loads at which the curve is drawn.
CURVE = tuple(percent / 100 for percent in range(2, 101, 2))
PLAIN = (
    "devices",
    "idle_watts",
    "prompt_share",
    "cached_share",
    "energy",
    "pue",
    "amortisation",
    "other_costs",
)


def plan_query(inputs: PlanInputs, loads: Sequence[float] = ()) -> Query:
    """Return the query of a plan: a row for each kind of price at the plan's load and at others."""
    speed, low, high = inputs.speeds or (None, None, None)
    guess = assumed()
    values: dict[str, Any] = {
        "family": inputs.family,
        "target": inputs.target,
        "preset": inputs.preset.key if inputs.preset else None,
        "given": list(inputs.names),
        "day": inputs.day,
        "device_price": inputs.device_price,
        "watts": inputs.watts,
        "tokens_per_second": speed,
        "tokens_per_second_low": low,
        "tokens_per_second_high": high,
        "hours": None if inputs.loads is None else list(inputs.loads),
        "loads": list(loads),
        "assumed_load": guess.load,
        "assumed_prompt_share": guess.prompt_share,
        "assumed_energy": guess.energy_usd_per_kwh,
        "assumed_pue": guess.pue,
        "assumed_amortisation": guess.amortisation_years,
        "assumed_speed_margin": guess.speed_margin,
    }
    return query("planner/plan", **values, **{name: inputs.given.get(name) for name in PLAIN})

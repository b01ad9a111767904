"""A tier of known speed, power and load beside a market of known tokens and prices."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from support.marts.compiled_sql import Marts, Row

DAY = date(2026, 6, 18)
MIDNIGHT = datetime(2026, 6, 18, tzinfo=UTC)
CHAIN = [
    "local_tokens_daily",
    "local_cost_daily",
    "local_vs_market_grains_daily",
    "make_or_buy_daily",
    "local_vs_market_daily",
    "devices_for_share_daily",
    "make_or_buy_sensitivity",
]
COLUMNS = {
    "marts.served_tokens_hourly": """
        hour_at timestamptz, target varchar, model_name varchar, prompt_tokens bigint,
        generation_tokens bigint, cached_prompt_tokens bigint, covered_seconds double,
            timed_seconds double, busy_seconds double,
        timed_prompt_tokens bigint, timed_generation_tokens bigint, service varchar""",
    "marts.local_efficiency_hourly": """
        hour_at timestamptz, target varchar, model_name varchar, mean_watts double,
        power_provenance varchar""",
    "intermediate.target_terms_daily": """
        target varchar, day date, from_at timestamptz, until_at timestamptz,
        is_in_tier_file boolean, devices integer, device_kind varchar, has_cost boolean,
        capex_usd decimal(18, 4), amortisation_years double, opex_usd_per_hour decimal(18, 6),
            idle_watts double,
        energy_usd_per_kwh decimal(18, 6), pue double""",
    "marts.cluster_efficiency_hourly": """
        hour_at timestamptz, cluster varchar, total_tokens_per_second_per_device double""",
    "intermediate.cluster_members": """
        cluster varchar, target varchar, from_at timestamptz, until_at timestamptz""",
    "marts.served_models": """
        target varchar, model_name varchar, canonical_slug varchar, model_permaslug varchar,
        model_id varchar,
        model_family varchar, weights_quantization varchar""",
    "marts.market_tokens_daily": """
        date date, model_permaslug varchar, model_family varchar, author_slug varchar,
        total_tokens bigint,
        is_other boolean""",
    "marts.market_days": (
        "date date, platform_tokens bigint, cutoff_tokens bigint, is_missing boolean, "
        "is_other_missing boolean"
    ),
    "marts.model_prices_daily": """
        date date, model_id varchar, kind varchar, prompt_usd_per_mtok decimal(18, 9),
        completion_usd_per_mtok decimal(18, 9), cached_usd_per_mtok decimal(18, 9),
            price_basis varchar, provider_name varchar,
        is_free boolean""",
}

# What is planted: two devices that serve 8,000 tokens a second while busy, at 500 W each, and draw
# 100 W each while idle.
SPEED, BUSY_WATTS, IDLE_WATTS = 8000, 1000, 200
# One half of 0.004 USD a second is the devices' price over two years, the other runs on; a joule is
# 1e-7 USD.
FIXED, USD_PER_JOULE = 0.004, 1e-7
# Of ten tokens six are computed prompt tokens, two are cached ones, two are generated.
MARKET_USD = 0.6 * 2 + 0.2 * 0.5 + 0.2 * 10


def terms(**more: Any) -> Row:
    """Return the terms of ours, the same for the whole day."""
    row: Row = {
        "target": "ours",
        "day": DAY,
        "from_at": MIDNIGHT,
        "until_at": MIDNIGHT + timedelta(days=1),
        "is_in_tier_file": True,
        "devices": 2,
        "device_kind": "K",
        "has_cost": True,
        "capex_usd": Decimal("63115.2"),
        "amortisation_years": 2.0,
        "opex_usd_per_hour": Decimal("3.6"),
        "idle_watts": 100.0,
        "energy_usd_per_kwh": Decimal("0.24"),
        "pue": 1.5,
    }
    return {**row, **more}


def hour(
    place: int, load: float, timed: float = 3600, model: str = "m", part: float = 1
) -> tuple[Row, Row]:
    """Return an hour, watched for this long, at this load; the model has a part of the tokens."""
    at = {"hour_at": MIDNIGHT + timedelta(hours=place), "target": "ours", "model_name": model}
    tenth = round(part * SPEED * load * timed / 10)
    tokens = {"prompt_tokens": 8 * tenth, "generation_tokens": 2 * tenth}
    timed_tokens = {f"timed_{name}": count for name, count in tokens.items()}
    seconds = {"covered_seconds": timed, "timed_seconds": timed, "busy_seconds": load * timed}
    watts = load * BUSY_WATTS + (1 - load) * IDLE_WATTS
    return (
        {**at, **tokens, **timed_tokens, "cached_prompt_tokens": 2 * tenth, **seconds},
        {**at, "mean_watts": watts, "power_provenance": "measured"},
    )


def planted(hours: list[tuple[Row, Row]], **more: Any) -> dict[str, tuple[str, list[Row]]]:
    """Return these hours of ours.

    A market where the family has 200 G tokens, and is the second and the fourth of six listings.
    """
    names = {"m": "lab/m", "n": "lab/n", "lost": None}
    listings = {"x/a": 300, "lab/m-2": 150, "x/b": 100, "lab/m-1": 50, "x/c": 20, "lab/z": 2}
    asks = {"list": ("2", "10", "0.5"), "cheapest": ("1", "4", None)}
    rows: dict[str, list[Row]] = {
        "marts.served_tokens_hourly": [tokens for tokens, _ in hours],
        "marts.local_efficiency_hourly": [power for _, power in hours],
        "intermediate.target_terms_daily": [terms(**more)],
        "marts.served_models": [
            {
                "target": "ours",
                "model_name": name,
                "canonical_slug": slug and f"{slug}-2",
                "model_permaslug": slug and f"{slug}-2",
                "model_id": slug,
                "model_family": slug,
            }
            for name, slug in names.items()
        ],
        "marts.market_tokens_daily": [
            {
                "date": DAY,
                "model_permaslug": slug,
                "model_family": slug.rsplit("-", 1)[0],
                "author_slug": slug.split("/")[0],
                "total_tokens": giga * 10**9,
                "is_other": False,
            }
            for slug, giga in listings.items()
        ],
        "marts.market_days": [
            {
                "date": DAY,
                "platform_tokens": 1000 * 10**9,
                "cutoff_tokens": 2 * 10**9,
                "is_missing": False,
                "is_other_missing": False,
            }
        ],
        "marts.model_prices_daily": [
            {
                "date": DAY,
                "model_id": "lab/m",
                "kind": kind,
                "prompt_usd_per_mtok": Decimal(prompt),
                "is_free": False,
                "completion_usd_per_mtok": Decimal(completion),
                "cached_usd_per_mtok": cached and Decimal(cached),
            }
            for kind, (prompt, completion, cached) in asks.items()
        ],
    }
    return {table: (columns, rows.get(table, [])) for table, columns in COLUMNS.items()}


def local_usd(load: float, energy: float = 1, years: float = 1) -> float:
    """Return the cost of a million tokens at this load, by the seeded rates."""
    fixed = FIXED / 2 + FIXED / 2 / years
    joules = load * BUSY_WATTS + (1 - load) * IDLE_WATTS
    return (fixed + energy * USD_PER_JOULE * joules) / (load * SPEED) * 1e6


def made(compiled: Marts, name: str, tables: dict[str, tuple[str, list[Row]]]) -> list[Row]:
    return compiled.rows(name, tables, through=CHAIN[: CHAIN.index(name)])


QUARTER = [hour(place, 0.25) for place in range(24)]
QUARTER_TOKENS = SPEED * 86400 // 4

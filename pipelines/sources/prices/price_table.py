"""Prices of an archive as one table: every price of a model with the day from which it held.

All figures are text in USD per million tokens, as they came; loading types them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import polars as pl

from pipelines.sources.parsing import ISO_DATE, ParsedTables

TABLE = "raw.price_points"
COLUMNS = (
    "model_id",
    "model_name",
    "last_seen",
    "position",
    "date",
    *(
        PRICES := (
            "prompt_usd_per_mtok",
            "completion_usd_per_mtok",
            "cached_usd_per_mtok",
            "cache_write_usd_per_mtok",
        )
    ),
    "tiers",
)
TYPES = {name: pl.Int32 if name == "position" else pl.String for name in COLUMNS}
# A million tokens never cost as much; a price beyond it is a wrong unit.
MAX_USD_PER_MTOK = Decimal(1_000_000)
VARIES = Decimal(-1)


@dataclass(frozen=True)
class PriceTable(ParsedTables):
    """One answer of an archive: a row for each price of a model.

    `as_of` is the last day that it knows. `has_past` says that the answer holds all past prices of
    a model; otherwise it holds those of the day, and loading remembers the ones before. A model any
    of whose prices is malformed has rows without a date, which are quarantined: without one of its
    prices the one before would seem to have held on.
    """

    as_of: date = date.min
    has_past: bool = True


def make_table(
    models: Iterable[Mapping[str, Any]], as_of: date, notes: Sequence[str], *, has_past: bool
) -> PriceTable:
    """Build the table of models, each with its id, name, last day and `points`, oldest first."""
    rows = [row for model in models for row in _rows_of(model, as_of)]
    frame = pl.DataFrame(rows, schema=TYPES, orient="row")
    return PriceTable({TABLE: frame}, {TABLE: ("model_id", "date")}, list(notes), as_of, has_past)


def _rows_of(model: Mapping[str, Any], as_of: date) -> list[tuple[object, ...]]:
    points = model["points"]
    is_well = bool(points) and all(_is_point(point, as_of) for point in points)
    days = [str(point.get("date")) for point in points]
    is_well = is_well and days == sorted(days) and _is_day(model["last_seen"], as_of, or_null=True)
    return [
        (
            model["id"],
            model["name"],
            model["last_seen"],
            position,
            point.get("date") if is_well else None,
            *(point.get(name) for name in PRICES),
            point.get("tiers"),
        )
        for position, point in enumerate(points)
    ] or [(model["id"], model["name"], None, 0, None, None, None, None, None, None)]


def _is_point(point: Mapping[str, Any], as_of: date) -> bool:
    return _is_day(point.get("date"), as_of) and all(_is_price(point.get(name)) for name in PRICES)


def _is_day(value: object, as_of: date, *, or_null: bool = False) -> bool:
    """Tell whether this is a UTC day up to `as_of`."""
    if value is None:
        return or_null
    if not isinstance(value, str) or not ISO_DATE.fullmatch(value):
        return False
    try:
        return date.fromisoformat(value) <= as_of
    except ValueError:
        return False


def _is_price(value: object) -> bool:
    """Tell whether this is a price, -1 where it varies, or null where none is stated."""
    if value is None:
        return True
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        return False
    return price.is_finite() and (price == VARIES or 0 <= price < MAX_USD_PER_MTOK)

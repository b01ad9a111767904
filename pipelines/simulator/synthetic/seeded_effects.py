"""What is put into the invented market so that it can be found again: listings with a share of their own, changes of price.

The rest of a listing's cell (bloc, openness, price) gives or takes what a planted share needs, so totals and control shares stay.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from pipelines.simulator.synthetic.models import Cell, Listing, read_table


@dataclass(frozen=True)
class PriceChange:
    """From `date` on a model costs `price_factor` times as much and is used as its elasticity says."""

    date: date
    price_factor: Decimal
    elasticity: float


@cache
def peak_shares() -> dict[str, float]:
    """Share of the platform at its height, by permaslug."""
    return {row["permaslug"]: float(row["peak_share"]) for row in read_table("seeded_effects.csv")}


@cache
def price_changes() -> dict[str, list[PriceChange]]:
    """Changes of price by permaslug."""
    found: defaultdict[str, list[PriceChange]] = defaultdict(list)
    for row in read_table("price_changes.csv"):
        change = PriceChange(
            date.fromisoformat(row["date"]), Decimal(row["price_factor"]), float(row["elasticity"])
        )
        found[row["permaslug"]].append(change)
    return dict(found)


def price_factor(listing: Listing, day: date) -> Decimal:
    """What the prices in the table of models are multiplied by on a day."""
    factor = Decimal(1)
    for change in price_changes().get(listing.permaslug, []):
        factor *= change.price_factor if change.date <= day else 1
    return factor


def planted(
    weights: dict[Listing, float], lives: dict[Listing, float], platform: float, day: date
) -> dict[Listing, float]:
    """The weights of a day with the planted ones put in.

    `lives` says how near its height each listing is, `platform` what the weights and the hidden tail sum to.
    """
    wanted = {
        listing: peak_shares()[listing.permaslug]
        * platform
        * lives[listing]
        * _demand_factor(listing, day)
        for listing in weights
        if listing.permaslug in peak_shares()
    }
    scales = _scales(weights, wanted)
    return {
        listing: wanted.get(listing, weight * scales[listing.cell])
        for listing, weight in weights.items()
    }


def _demand_factor(listing: Listing, day: date) -> float:
    factor = 1.0
    for change in price_changes().get(listing.permaslug, []):
        factor *= float(change.price_factor) ** change.elasticity if change.date <= day else 1
    return factor


def _scales(weights: dict[Listing, float], wanted: dict[Listing, float]) -> dict[Cell, float]:
    """What the listings of each cell that are not planted are multiplied by, so that the cell keeps its whole."""
    given: defaultdict[Cell, float] = defaultdict(float)
    rest: defaultdict[Cell, float] = defaultdict(float)
    for listing, weight in weights.items():
        if listing in wanted:
            given[listing.cell] += weight - wanted[listing]
        else:
            rest[listing.cell] += weight
    return {cell: 1 + given[cell] / whole for cell, whole in rest.items()}

"""Seeded effects: known shares and price changes, which an analysis must find again.

The other listings of a stratum (bloc, openness, price) give or take what a seeded share needs, so
totals and control shares do not change.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from pipelines.simulator.synthetic.models import Listing, Stratum, read_table


@dataclass(frozen=True)
class PriceChange:
    """A change of a model's price by a factor from `date` on; its usage follows the elasticity."""

    date: date
    price_factor: Decimal
    elasticity: float


@cache
def peak_shares() -> dict[str, float]:
    """Read the share of the platform at its peak, by permaslug."""
    return {row["permaslug"]: float(row["peak_share"]) for row in read_table("seeded_effects.csv")}


@cache
def price_changes() -> dict[str, list[PriceChange]]:
    """Read the changes of price, by permaslug."""
    changes: defaultdict[str, list[PriceChange]] = defaultdict(list)
    for row in read_table("price_changes.csv"):
        change = PriceChange(
            date.fromisoformat(row["date"]), Decimal(row["price_factor"]), float(row["elasticity"])
        )
        changes[row["permaslug"]].append(change)
    return dict(changes)


def price_factor(listing: Listing, day: date) -> Decimal:
    """Return the factor on the prices in the table of models on a day."""
    factor = Decimal(1)
    for change in price_changes().get(listing.permaslug, []):
        factor *= change.price_factor if change.date <= day else 1
    return factor


def apply_seeded_shares(
    weights: dict[Listing, float], activity: dict[Listing, float], platform: float, day: date
) -> dict[Listing, float]:
    """Replace the weights of the seeded listings on a day, and scale the others of their strata.

    `activity` is the part of its peak at which each listing is; `platform` is the sum of all
    weights and the hidden tail.
    """
    seeded = {
        listing: peak_shares()[listing.permaslug]
        * platform
        * activity[listing]
        * _demand_factor(listing, day)
        for listing in weights
        if listing.permaslug in peak_shares()
    }
    scales = _scales(weights, seeded)
    return {
        listing: seeded.get(listing, weight * scales[listing.stratum])
        for listing, weight in weights.items()
    }


def _demand_factor(listing: Listing, day: date) -> float:
    factor = 1.0
    for change in price_changes().get(listing.permaslug, []):
        factor *= float(change.price_factor) ** change.elasticity if change.date <= day else 1
    return factor


def _scales(weights: dict[Listing, float], seeded: dict[Listing, float]) -> dict[Stratum, float]:
    """Return the factor on the other listings of each stratum that keeps the stratum's sum."""
    freed: defaultdict[Stratum, float] = defaultdict(float)
    rest: defaultdict[Stratum, float] = defaultdict(float)
    for listing, weight in weights.items():
        if listing in seeded:
            freed[listing.stratum] += weight - seeded[listing]
        else:
            rest[listing.stratum] += weight
    return {stratum: 1 + freed[stratum] / whole for stratum, whole in rest.items()}

"""Seeded markets whose truth is known, and how much of it the product's figures hold.

All markets of a kind are made by one script of SQL (`prices.sql`), pass through the product's own
models in one database, and are compared by one query (`prices_found.sql`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from support.marts.compiled_sql import Marts

FOLDER = Path(__file__).parent
MARKETS = 1000
# What an interval of 95 percent may hold of a thousand truths.
MIN_HELD, MAX_HELD = 0.93, 0.97
GAPS = ("quality_standings", "quality_gaps", "quality_gap_daily")
GROUPED = """
    select
        how,
        count(*) as planted,
        count(*) filter (where is_stated) as stated,
        count(*) filter (where is_stated and is_held) as held
    from ({query})
    group by how
    order by how
"""


@dataclass(frozen=True)
class Kind:
    """A kind of seeded market: its scripts' name, what is planted, the models it passes."""

    name: str
    title: str
    through: tuple[str, ...]
    is_interval: bool
    """Whether the figure is an interval of 95 percent; otherwise all truth is to be found."""


@dataclass(frozen=True)
class Coverage:
    """Of the truths planted in one way: how many a figure is stated for, and how many it holds."""

    how: str
    planted: int
    stated: int
    held: int

    @property
    def share(self) -> float:
        """Return the part of the stated figures that hold the truth."""
        return self.held / self.stated


KINDS = (
    Kind("prices", "elasticity of a change of price", ("price_changes", "price_events"), True),
    Kind("half_lives", "half-life of a share", ("launch_cohorts", "launch_half_lives"), True),
    Kind("quality_gap", "gap of quality between the best of two countries", GAPS, True),
    Kind("lead_changes", "change of the lead", (*GAPS, "quality_lead_changes"), False),
    Kind(
        "download_trees",
        "root of a model's bases, and its downloads",
        (
            "hub_names",
            "hub_bases",
            "hub_ancestors",
            "hub_roots",
            "hub_counters_daily",
            "hub_captures_daily",
            "hub_counter_readings",
            "model_downloads_daily",
        ),
        False,
    ),
)
MODELS = tuple(dict.fromkeys(name for kind in KINDS for name in kind.through))


def kind_of(name: str) -> Kind:
    """Return the kind of this name."""
    return next(kind for kind in KINDS if kind.name == name)


def measure(compiled: Marts, kind: Kind, markets: int = MARKETS) -> list[Coverage]:
    """Return what the figures hold of this number of seeded markets, by how they were made."""
    script = (FOLDER / f"{kind.name}.sql").read_text().replace("$markets", str(markets))
    query = GROUPED.format(query=(FOLDER / f"{kind.name}_found.sql").read_text())
    scripts = ((FOLDER / "chance.sql").read_text(), script)
    return [Coverage(**row) for row in compiled.asked(scripts, kind.through, query)]


def total(parts: Sequence[Coverage]) -> Coverage:
    """Return the sum of the ways."""
    return Coverage(
        "all",
        sum(part.planted for part in parts),
        sum(part.stated for part in parts),
        sum(part.held for part in parts),
    )


def is_as_stated(kind: Kind, all_parts: Coverage) -> bool:
    """Tell whether the figures hold as much of the truth as they promise."""
    if kind.is_interval:
        return MIN_HELD <= all_parts.share <= MAX_HELD
    return all_parts.held == all_parts.stated

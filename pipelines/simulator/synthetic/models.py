"""Authors, models and listings of the synthetic market, read from three tables.

Authors, names and launch dates follow the real market where possible, so that joins and
dashboards meet familiar values. All usage is synthetic. A model of an undisclosed author counts
as American, as in the shares of the control table.
"""

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path

TABLES = Path(__file__).parent / "tables"

# Bloc of the author, open weights, free of charge: the group that a listing is scaled with.
Stratum = tuple[str, bool, bool]


@dataclass(frozen=True)
class Author:
    """A lab that releases models."""

    slug: str
    name: str
    bloc: str
    tokenizer: str


# Compared by identity: each is built once, and hashing every field would dominate a market day.
@dataclass(frozen=True, eq=False)
class SyntheticModel:
    """A model of the catalogue.

    It leaves the catalogue on the day `delisted`; it may rank for a while longer.
    """

    canonical_slug: str
    id: str
    name: str
    hugging_face_id: str | None
    launched: date
    delisted: date | None
    prompt_usd_per_million: Decimal
    completion_usd_per_million: Decimal
    context_length: int
    input_modalities: tuple[str, ...]
    output_modality: str
    quality: int

    @cached_property
    def author(self) -> Author:
        """The lab that released it."""
        return authors()[self.canonical_slug.partition("/")[0]]

    @property
    def is_open(self) -> bool:
        """Return whether its weights can be downloaded."""
        return self.hugging_face_id is not None

    @property
    def is_text(self) -> bool:
        """Return whether it outputs text, so that its prices are per token."""
        return self.output_modality == "text"


@dataclass(frozen=True, eq=False)
class Listing:
    """A model or one of its variants, as the rankings list it: it rises, stays and fades."""

    permaslug: str
    launched: date
    peak_weight: float
    plateau_days: int
    half_life_days: int
    model: SyntheticModel

    @cached_property
    def variant(self) -> str:
        """Text after the colon, or nothing."""
        return self.permaslug.partition(":")[2]

    @property
    def is_free(self) -> bool:
        """Return whether it is the free variant."""
        return self.variant == "free"

    @cached_property
    def stratum(self) -> Stratum:
        """Bloc, openness and price."""
        return self.model.author.bloc, self.model.is_open, self.is_free

    @property
    def id(self) -> str:
        """Name that requests use."""
        return f"{self.model.id}:{self.variant}" if self.variant else self.model.id


def read_table(name: str) -> list[dict[str, str]]:
    """Read a table of the folder; lines that begin with # are comments."""
    with (TABLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


@cache
def authors() -> dict[str, Author]:
    """Read all authors, by slug."""
    return {
        row["author"]: Author(row["author"], row["name"], row["bloc"], row["tokenizer"])
        for row in read_table("authors.csv")
    }


@cache
def models() -> dict[str, SyntheticModel]:
    """Read all models, by canonical slug, in the order of the table."""
    return {row["canonical_slug"]: _model(row) for row in read_table("models.csv")}


@cache
def listings() -> tuple[Listing, ...]:
    """Read all listings, in the order of the table."""
    return tuple(_listing(row) for row in read_table("listings.csv"))


def _model(row: dict[str, str]) -> SyntheticModel:
    return SyntheticModel(
        canonical_slug=row["canonical_slug"],
        id=row["id"],
        name=row["name"],
        hugging_face_id=row["hugging_face_id"] or None,
        launched=date.fromisoformat(row["launched"]),
        delisted=date.fromisoformat(row["delisted"]) if row["delisted"] else None,
        prompt_usd_per_million=Decimal(row["prompt_usd_per_million"]),
        completion_usd_per_million=Decimal(row["completion_usd_per_million"]),
        context_length=int(row["context_length"]),
        input_modalities=tuple(row["input_modalities"].split()),
        output_modality=row["output_modality"],
        quality=int(row["quality"]),
    )


def _listing(row: dict[str, str]) -> Listing:
    permaslug = row["permaslug"]
    return Listing(
        permaslug=permaslug,
        launched=date.fromisoformat(row["launched"]),
        peak_weight=float(row["peak_weight"]),
        plateau_days=int(row["plateau_days"]),
        half_life_days=int(row["half_life_days"]),
        model=models()[permaslug.partition(":")[0]],
    )

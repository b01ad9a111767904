"""Claims that a person keeps: a TOML file each in the folder `claims` of the home.

A file holds a comparison of two members of the market, and no SQL. It is read whenever somebody
asks, so an edit counts at once and needs no build.
"""

import json
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dashboards.statements.comparison import (
    ATTRIBUTIONS,
    BASES,
    Comparison,
    SavedClaim,
)
from pipelines.errors import BadClaim
from pipelines.files import make_private
from pipelines.settings import Settings

MAX_CLAIMS = 200
MAX_BYTES = 16 * 1024
ShortText = Annotated[str, Field(max_length=300)]


class ClaimFile(BaseModel):
    """The content of a file. A name that is not known is an error."""

    model_config = ConfigDict(extra="forbid", strict=True)

    dimension: ShortText
    above: ShortText
    below: ShortText
    first_week: date
    last_week: date
    bases: Annotated[list[ShortText], Field(min_length=1, max_length=3)] = list(BASES)
    attribution: ShortText = ATTRIBUTIONS[0]
    statement: ShortText = ""
    said_by: ShortText | None = None
    said_on: date | None = None
    source_url: ShortText | None = None


@dataclass(frozen=True)
class SavedClaims:
    """The claims of a home by id, and what is wrong with files that hold none."""

    claims: tuple[SavedClaim, ...]
    problems: tuple[str, ...] = ()

    def find(self, claim_id: str) -> SavedClaim | None:
        """Return the claim of this id, None where there is none."""
        return next((claim for claim in self.claims if claim.claim_id == claim_id), None)


def read_claims(settings: Settings) -> SavedClaims:
    """Read every file of the folder; one that is damaged does not hide the others."""
    paths = sorted(settings.claims.glob("*.toml"))
    claims, problems = [], []
    for path in paths[:MAX_CLAIMS]:
        try:
            claims.append(read_claim(path))
        except BadClaim as error:
            problems.append(str(error))
    if len(paths) > MAX_CLAIMS:
        problems.append(
            f"{settings.claims} has {len(paths)} files; only the first {MAX_CLAIMS} are read. "
            "Remove some."
        )
    return SavedClaims(tuple(claims), tuple(problems))


def read_claim(path: Path) -> SavedClaim:
    """Read one file, whose name is the claim's id. Raise BadClaim, which says what is wrong."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise BadClaim(f"{path} has more than {MAX_BYTES} bytes. A claim is a few lines.")
        given = ClaimFile.model_validate(tomllib.loads(content.decode()))
        return SavedClaim(
            claim_id=path.stem,
            comparison=Comparison(
                dimension=given.dimension,
                above=given.above,
                below=given.below,
                first_week=given.first_week,
                last_week=given.last_week,
                bases=_in_order(given.bases),
                attribution=given.attribution,
            ),
            statement=given.statement,
            said_by=given.said_by,
            said_on=given.said_on,
            source_url=given.source_url,
        )
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise BadClaim(f"{path}: {name}: {first['msg']}. docs/claims.md has an example.") from error
    except (OSError, ValueError) as error:
        raise BadClaim(f"{path} is no claim: {error}") from error


def save_claim(settings: Settings, claim: SavedClaim) -> Path:
    """Write a claim's file. Raise BadClaim where the id is taken or the folder is full."""
    make_private(settings.claims)
    path = settings.claims / f"{claim.claim_id}.toml"
    if len(list(settings.claims.glob("*.toml"))) >= MAX_CLAIMS:
        raise BadClaim(f"{settings.claims} is full with {MAX_CLAIMS} claims. Remove some.")
    try:
        with path.open("x") as file:
            file.write(as_toml(claim))
    except FileExistsError as error:
        raise BadClaim(
            f"There is a claim {claim.claim_id!r} already. Choose another id, or remove {path}."
        ) from error
    return path


def as_toml(claim: SavedClaim) -> str:
    """Return the content of a claim's file."""
    comparison = claim.comparison
    said = {
        "statement": claim.text,
        "said_by": claim.said_by,
        "said_on": claim.said_on,
        "source_url": claim.source_url,
    }
    compared = {
        "dimension": comparison.dimension,
        "above": comparison.above,
        "below": comparison.below,
        "first_week": comparison.first_week,
        "last_week": comparison.last_week,
        "bases": list(comparison.bases),
        "attribution": comparison.attribution,
    }
    lines = [
        f"{name} = {_literal(value)}"
        for name, value in {**said, **compared}.items()
        if value is not None
    ]
    return "\n".join([f"# `tokentide claims show {claim.claim_id}` judges this claim.", *lines, ""])


def _in_order(bases: list[str]) -> tuple[str, ...]:
    """Return bases in the order of all pages; one that nobody knows stays, to be refused."""
    known = [basis for basis in BASES if basis in bases]
    return (*known, *(basis for basis in bases if basis not in BASES))


def _literal(value: object) -> str:
    # Texts are printable, so JSON writes them as TOML does.
    return str(value) if isinstance(value, date) else json.dumps(value, ensure_ascii=False)

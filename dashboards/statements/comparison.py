"""Comparisons: statements of the form "A above B", week by week, on stated bases.

One query answers all of them. Its values are checked first: members that the market is known to
have, Mondays, and words from the lists below.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Any

from dashboards.names import COUNTRIES
from dashboards.query import Query, query

DIMENSIONS = ("country", "author", "family", "weights", "price_class", "size")
BASES = ("platform", "top50", "top9")
ATTRIBUTIONS = ("releasing_lab", "base_lab")
WEEK = timedelta(days=7)
MAX_WEEKS = 520
MAX_TEXT = 300
UNKNOWN = "unknown"
CLAIM_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
# Countries that a sentence names with an article.
WITH_ARTICLE = frozenset({"AE", "US", "GB"})
KINDS = {
    "weights": {"open": "open-weight models", "closed": "closed models"},
    "price_class": {"free": "free listings", "paid": "paid listings"},
}

Member = tuple[str, str]
"""A dimension and one of its members, such as country and CN."""


class BadComparisonError(ValueError):
    """A comparison that cannot be evaluated; its text says why."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One statement: a member above another of its dimension in every week of a range."""

    dimension: str
    above: str
    below: str
    first_week: date
    last_week: date
    bases: tuple[str, ...] = BASES
    attribution: str = ATTRIBUTIONS[0]

    def __post_init__(self) -> None:
        """Raise BadComparisonError for values that no comparison can have."""
        if problem := next(_problems(self), None):
            raise BadComparisonError(problem)

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "Comparison":
        """Read the choices of an address: `above=country:CN&below=country:US&from=…&to=…`."""
        dimension, _, above = given["above"].partition(":")
        other, _, below = given["below"].partition(":")
        if other != dimension:
            raise BadComparisonError(
                f"{capital(member_words(dimension, above))} and {member_words(other, below)} "
                "are not of one kind. Compare a country with a country, a lab with a lab."
            )
        return cls(
            dimension=dimension,
            above=above,
            below=below,
            first_week=parse_day(given["from"]),
            last_week=parse_day(given["to"]),
            bases=tuple(given["basis"].split(".")),
            attribution=given["attribution"],
        )

    @property
    def choices(self) -> dict[str, str]:
        """The choices of an address, all of them, so that a link shows the same later."""
        return {
            "above": f"{self.dimension}:{self.above}",
            "below": f"{self.dimension}:{self.below}",
            "from": self.first_week.isoformat(),
            "to": self.last_week.isoformat(),
            "basis": ".".join(self.bases),
            "attribution": self.attribution,
        }

    @property
    def weeks(self) -> int:
        """The number of weeks in the range."""
        return (self.last_week - self.first_week) // WEEK + 1

    @property
    def last_day(self) -> date:
        """The Sunday with which the range ends."""
        return self.last_week + timedelta(days=6)

    @property
    def statement(self) -> str:
        """The statement in words."""
        span = f"from {self.first_week} to {self.last_day}"
        when = f"in every week {span}" if self.weeks > 1 else f"in the week {span}"
        above, _ = self.sides
        return f"{above} above {member_words(self.dimension, self.below)} {when}."

    @property
    def sides(self) -> tuple[str, str]:
        """The two sides in words, as a sentence begins; a name stays as it is."""
        words = [member_words(self.dimension, side) for side in (self.above, self.below)]
        is_name = self.dimension in {"author", "family"}
        above, below = words if is_name else map(capital, words)
        return above, below

    @property
    def population(self) -> str:
        """The tokens that are compared, in words."""
        by = "the base model's lab" if self.attribution == "base_lab" else "the releasing lab"
        whose = f", by {by}" if self.dimension in {"country", "author"} else ""
        span = f"{self.first_week} to {self.last_day}"
        return f"OpenRouter, ISO weeks {span}, tokens by {self.dimension.replace('_', ' ')}{whose}"

    def query(self, known: Collection[Member]) -> Query:
        """Return the query of the weeks. Raise BadComparisonError for an unknown member."""
        for side in (self.above, self.below):
            if (self.dimension, side) not in known:
                raise BadComparisonError(
                    f"The market has no {self.dimension} {side!r} in this generation."
                    f"{_nearest(self.dimension, side, known)}"
                )
        return query(
            "statements/comparison_weeks",
            dimension=self.dimension,
            above=self.above,
            below=self.below,
            first_week=self.first_week,
            last_week=self.last_week,
            bases=self.bases,
            attribution=self.attribution,
        )


@dataclass(frozen=True, kw_only=True)
class SavedClaim:
    """A comparison that somebody keeps: an id, and who says it where that is known."""

    claim_id: str
    comparison: Comparison
    statement: str = ""
    said_by: str | None = None
    said_on: date | None = None
    source_url: str | None = None

    def __post_init__(self) -> None:
        """Raise BadComparisonError for an id or a text that cannot be kept."""
        if not CLAIM_ID.fullmatch(self.claim_id):
            raise BadComparisonError(
                f"{self.claim_id[:80]!r} is no id. Use a to z, 0 to 9 and dashes, at most 60."
            )
        for text in (self.statement, self.said_by, self.source_url):
            if text and (len(text) > MAX_TEXT or not text.isprintable()):
                raise BadComparisonError(
                    f"A text has more than {MAX_TEXT} characters, or some that cannot be printed."
                )
        if self.source_url and not self.source_url.startswith(("https://", "http://")):
            raise BadComparisonError("The source must be an address of the web.")

    @property
    def text(self) -> str:
        """The statement as it was made, or the comparison in words."""
        return self.statement or self.comparison.statement


def propose_id(comparison: Comparison) -> str:
    """Return an id that says what is compared, such as cn-above-us-2026-03-02-5."""
    words = (comparison.above, "above", comparison.below)
    name = re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-")[:40]
    return f"{name}-{comparison.first_week}-{comparison.weeks}"


def member_words(dimension: str, member: str) -> str:
    """Return a member as a sentence names it."""
    if dimension == "country":
        article = "the " if member in WITH_ARTICLE else ""
        return f"labs of {article}{COUNTRIES.get(member, member)}"
    if dimension == "size":
        return f"models of {member} parameters"
    return KINDS.get(dimension, {}).get(member, member)


def capital(text: str) -> str:
    """Return a text that begins a sentence."""
    return text[:1].upper() + text[1:]


def parse_day(text: str) -> date:
    """Return a day written as 2026-03-02. Raise BadComparisonError for another text."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadComparisonError(f"{text[:40]!r} is not a day; write it as 2026-03-02.") from error


def _nearest(dimension: str, member: str, known: Collection[Member]) -> str:
    """Return the members that are spelled most alike, as the end of a message."""
    names = [name for kind, name in known if kind == dimension]
    near = get_close_matches(member, sorted(names), cutoff=0.5)
    return f" Did you mean {' or '.join(near)}?" if near else ""


def _problems(given: Comparison) -> Iterator[str]:
    allowed = (
        ("kind", (given.dimension,), DIMENSIONS),
        ("basis", given.bases or ("",), BASES),
        ("attribution", (given.attribution,), ATTRIBUTIONS),
    )
    for name, values, words in allowed:
        for value in values:
            if value not in words:
                yield f"There is no {name} {str(value)[:40]!r}; there are {', '.join(words)}."
    for side in (given.above, given.below):
        if not 0 < len(side) <= MAX_TEXT or not side.isprintable() or side == UNKNOWN:
            yield f"{side[:40]!r} cannot be compared: nobody is known by that name."
    if given.above == given.below:
        yield f"{given.above!r} cannot be above itself. Choose two."
    for day in (given.first_week, given.last_week):
        if day.weekday() != 0:
            yield f"{day} is no Monday. Weeks begin on Mondays, UTC."
    if not 1 <= given.weeks <= MAX_WEEKS:
        yield f"{given.first_week} to {given.last_week} are not 1 to {MAX_WEEKS} weeks."


def values_of(claim: SavedClaim) -> dict[str, Any]:
    """Return the columns of `marts.claims` that say what a claim is."""
    return {
        "claim_id": claim.claim_id,
        "statement": claim.text,
        "said_by": claim.said_by,
        "said_on": claim.said_on.isoformat() if claim.said_on else None,
        "population": claim.comparison.population,
        "unit": "weeks",
        "source_url": claim.source_url,
    }

"""Names of what the market has: labs, model families, listings and countries.

Addresses, downloads and programs name them by slug or code; people read names.
"""

from collections import Counter
from collections.abc import Iterable

COUNTRIES = {
    "AE": "United Arab Emirates",
    "CA": "Canada",
    "CH": "Switzerland",
    "CN": "China",
    "DE": "Germany",
    "ES": "Spain",
    "FI": "Finland",
    "FR": "France",
    "GB": "United Kingdom",
    "GR": "Greece",
    "IL": "Israel",
    "IN": "India",
    "IT": "Italy",
    "JP": "Japan",
    "KR": "South Korea",
    "LV": "Latvia",
    "NO": "Norway",
    "PL": "Poland",
    "RU": "Russia",
    "SE": "Sweden",
    "SG": "Singapore",
    "US": "United States",
}

# Public measures of quality, by the names that tables have for them.
MEASURE_NAMES = {
    "arena_text": "Arena: text",
    "arena_text_style_control": "Arena: text, style controlled",
    "epoch": "Epoch index",
}

NamedSlug = tuple[str, str, str, str | None]
"""Kind, slug, name, and the lab of a model family."""


class Names:
    """The names of one generation, by slug. A slug without a name is its name.

    Where two of a kind share a name, the slug stands behind it. Names are compared by what they
    say, so that charts of a new generation with the same names need not be drawn again.
    """

    def __init__(self, rows: Iterable[NamedSlug] = ()) -> None:
        found = list(rows)
        shared = Counter((kind, name) for kind, _, name, _ in found)
        self._names = {
            # A lab and a family may share a slug; their rows are sorted, and the first one counts.
            slug: name if shared[kind, name] == 1 else f"{name} ({slug})"
            for kind, slug, name, _ in reversed(found)
        }
        self._labs = {slug: lab for _, slug, _, lab in found if lab}
        self._hash = hash(tuple(self._names.items()))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, Names) and self._hash == other._hash
        return same and isinstance(other, Names) and self._names == other._names

    def name(self, slug: str) -> str:
        """Return the name of a lab, a model family, a listing or a country."""
        return self._names.get(slug) or COUNTRIES.get(slug, slug)

    def full(self, slug: str) -> str:
        """Return the name of a model family with its lab, to choose it among others."""
        lab = self._labs.get(slug)
        return f"{self.name(slug)} ({lab})" if lab else self.name(slug)

    def with_slug(self, slug: str) -> str:
        """Return the name, and behind it the slug where that differs: for the words of a hover."""
        name = self.name(slug)
        return name if name == slug or f"({slug})" in name else f"{name} ({slug})"


NO_NAMES = Names()

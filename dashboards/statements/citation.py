"""Citations of a claim's verdict: a line of text, and an entry for BibTeX."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

TEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
}


@dataclass(frozen=True, kw_only=True)
class Citation:
    """The facts that a citation names."""

    key: str
    title: str
    finding: str
    generation: int | None
    published_on: date | None
    source: str
    address: str

    @classmethod
    def of(
        cls, row: Mapping[str, Any], finding: str, meta: Mapping[str, Any], address: str
    ) -> "Citation":
        """Return the citation of a claim's row, with the row of `marts.meta`."""
        published = meta["published_at"]
        return cls(
            key=f"tokentide-{row['claim_id']}",
            title=row["statement"],
            finding=finding,
            generation=meta["generation"],
            published_on=published.date() if published else None,
            source=meta["citation"],
            address=address,
        )

    @property
    def edition(self) -> str:
        """The generation that the figures are of."""
        number = f"generation {self.generation}" if self.generation else "as of an instant"
        return f"{number}, {self.published_on or 'undated'}"

    def text(self) -> str:
        """Return the citation as a line."""
        return (
            f"“{self.title}” {self.finding} Tokentide, {self.edition}, {self.address}. "
            f"{self.source}"
        )

    def bibtex(self) -> str:
        """Return the citation as an entry for BibTeX."""
        year = self.published_on.year if self.published_on else "n.d."
        fields = {
            "title": f"{{{_tex(self.title)}}}",
            "author": "{Tokentide contributors}",
            "year": str(year),
            "howpublished": _tex(f"Tokentide, {self.edition}, {self.address}"),
            "note": _tex(f"{self.finding} {self.source}"),
        }
        lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
        return f"@misc{{{self.key},\n{lines}\n}}\n"


def _tex(text: str) -> str:
    return "".join(TEX.get(letter, letter) for letter in text)

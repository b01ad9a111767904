"""Reader of docs/glossary.md: its nouns, and the words and names that were replaced."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.rules.source_files import ROOT, Place, files, words

GLOSSARY = ROOT / "docs" / "glossary.md"
# A migration is never changed, and the changelog says what was renamed.
UNCHANGED = ("warehouse/migrations/", "docs/glossary.md")
ENDINGS = (".py", ".sql", ".yml", ".md")
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md")


@dataclass(frozen=True)
class Replaced:
    """A word that was replaced, the one to use, and the paths in which it means something else."""

    word: str
    instead: str
    allowed: tuple[str, ...]

    @property
    def pattern(self) -> str:
        """The word as it stands in prose or in an identifier."""
        return self.word.replace(" ", "[ -]")


def table(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, without its head."""
    _, _, section = GLOSSARY.read_text(encoding="utf-8").partition(f"## {heading}\n")
    section, _, _ = section.partition("\n## ")
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip(" `*") for cell in row.strip("|").split("|")] for row in rows[2:]]


def nouns() -> list[str]:
    """Return the nouns of the glossary, in the order of the page."""
    return [row[0] for heading in ("Market", "Tier", "Data", "Dashboard") for row in table(heading)]


def replaced_words() -> dict[str, Replaced]:
    """Return the words that do not come back, by word."""
    return {
        word: Replaced(word, instead, tuple(re.findall(r"[\w/.]+", allowed)))
        for word, instead, allowed in table("Replaced words")
    }


def replaced_names() -> dict[str, str]:
    """Return names of types that do not come back, with those that took their place."""
    return {row[0]: row[1] for row in table("Replaced names")}


def uses_of_replaced_words() -> Iterator[tuple[Place, Replaced]]:
    """Yield each line of the repository that has a replaced word where it is not allowed."""
    replaced = replaced_words()
    spoken = re.compile(rf"\b(?:{'|'.join(found.pattern for found in replaced.values())})\b")
    for path in scanned():
        name = path.relative_to(ROOT).as_posix()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for match in spoken.findall(words(line)):
                found = replaced.get(match) or replaced[match.replace("-", " ")]
                if not any(part in name for part in found.allowed):
                    yield Place(path, number), found


def scanned() -> Iterator[Path]:
    """Yield the files in which replaced words are looked for."""
    for ending in ENDINGS:
        for path in files(ending):
            if not path.relative_to(ROOT).as_posix().startswith(UNCHANGED):
                yield path
    yield from (ROOT / page for page in PAGES if (ROOT / page).exists())

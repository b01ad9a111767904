"""Parts of a home, and what is wrong with them: the thing, the loss, and the next step."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

OnChecked = Callable[[str, int, int], None]
"""Takes what was checked, how many of its part are done, and how many there are."""

REPAIR = (
    "`tokentide restore FOLDER --repair` takes it from a backup; the same bytes fetched or loaded "
    "again heal it too."
)


@dataclass(frozen=True)
class Damage:
    """A thing that is not whole, or not there; what is lost with it, and what to do."""

    what: str
    reason: str
    lost: str
    next_step: str


@dataclass
class VerifiedPart:
    """A part of a home: how many things were checked, and which of them are damaged.

    `notes` says what is no damage and still worth knowing.
    """

    name: str
    checked: int = 0
    damages: list[Damage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def count_off(
    part: VerifiedPart, things: Sequence[str] | Iterable[str], total: int, on_checked: OnChecked
) -> Iterator[str]:
    """Yield things one by one, and count and report each once it is done."""
    for thing in things:
        yield thing
        part.checked += 1
        on_checked(part.name, part.checked, total)


def relative(path: Path, home: Path) -> str:
    """Return a path as it stands in the home, which is all that a person needs to find it."""
    return str(path.relative_to(home)) if path.is_relative_to(home) else path.name

"""Actions of the claims pages that reach beyond the published file; the command hands them in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dashboards.statements.comparison import SavedClaim


class ActionRefusedError(Exception):
    """An action that was refused; a viewer reads its text."""


@dataclass(frozen=True)
class ClaimActions:
    """The claims that somebody keeps, and what a viewer may do with claims."""

    read_saved: Callable[[], Sequence[SavedClaim]]
    """Reads the claims of the home; damaged files are left out."""
    save: Callable[[SavedClaim], None]
    """Keeps a claim. It raises ActionRefusedError where that is not possible."""
    make_evidence: Callable[[str, Path], Path]
    """Writes the evidence of a claim (id or id:basis) as a zip file into a folder.

    It raises ActionRefusedError with the reason where there is none.
    """

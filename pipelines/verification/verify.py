"""Verification of a whole home, and the record of the last one.

verified.json    when the home was verified last, how, and what was wrong
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from pipelines.archive import utc_now
from pipelines.claims.saved_claims import read_claims
from pipelines.errors import NothingArchived
from pipelines.files import write_durably
from pipelines.settings import Settings
from pipelines.verification.answers import verify_answers
from pipelines.verification.contents import read_contents
from pipelines.verification.damage import Damage, OnChecked, VerifiedPart
from pipelines.verification.databases import (
    verify_generations,
    verify_states,
    verify_warehouse,
)
from pipelines.verification.telemetry import verify_segments


@dataclass(frozen=True)
class Verification:
    """Result of a verification: what was checked, and what is wrong."""

    verified_at: datetime
    is_quick: bool
    parts: Sequence[VerifiedPart]

    @property
    def damages(self) -> list[Damage]:
        """All that is damaged."""
        return [damage for part in self.parts for damage in part.damages]


@dataclass(frozen=True)
class LastVerification:
    """Record of the last verification: its instant, and how much was damaged."""

    verified_at: datetime
    damaged: int
    is_quick: bool


def verify(
    settings: Settings, on_checked: OnChecked = lambda *_: None, *, is_quick: bool = False
) -> Verification:
    """Check everything of a home, and record the result. Nothing else is changed.

    `is_quick` looks for files and opens them, and does not read them whole. Raise NothingArchived
    where the home holds nothing, which most often is a wrong name.
    """
    if not (settings.archive.exists() or settings.warehouse.exists()):
        raise NothingArchived(
            f"{settings.home} holds nothing to verify. Is TOKENTIDE_HOME the right folder?"
        )
    parts = list(_parts(settings, on_checked, is_quick=is_quick))
    found = Verification(utc_now(), is_quick, parts)
    # A home that can only be read is verified all the same.
    with contextlib.suppress(OSError):
        write_durably(_record(settings), json.dumps(as_json(found), indent=1).encode())
    return found


def as_json(found: Verification) -> dict[str, object]:
    """Return the result for a program."""
    return {
        "verified_at": found.verified_at.isoformat(),
        "is_quick": found.is_quick,
        "damaged": len(found.damages),
        "parts": [asdict(part) for part in found.parts],
    }


def last_verification(settings: Settings) -> LastVerification | None:
    """Return what the last verification found, None if there was none that can be read."""
    try:
        record = json.loads(_record(settings).read_bytes())
        return LastVerification(
            datetime.fromisoformat(record["verified_at"]),
            int(record["damaged"]),
            bool(record["is_quick"]),
        )
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _parts(settings: Settings, on_checked: OnChecked, *, is_quick: bool) -> Iterator[VerifiedPart]:
    known = read_contents(settings.warehouse)
    checks: tuple[Callable[..., VerifiedPart], ...] = (verify_answers, verify_segments)
    for check in checks:
        yield check(settings, known, on_checked, is_quick=is_quick)
    yield verify_warehouse(settings, on_checked, is_quick=is_quick)
    yield verify_generations(settings, on_checked, is_quick=is_quick)
    yield verify_states(settings, on_checked)
    yield _verify_claims(settings)


def _verify_claims(settings: Settings) -> VerifiedPart:
    saved = read_claims(settings)
    lost, step = "this claim", "Correct the file, or restore it from a backup."
    damages = [Damage("claims", problem, lost, step) for problem in saved.problems]
    return VerifiedPart("claims", len(saved.claims) + len(damages), damages)


def _record(settings: Settings) -> Path:
    return settings.home / "verified.json"

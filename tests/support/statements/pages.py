"""A generation of weekly shares, open as the pages see it, with claims that are kept in memory."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from support.dashboard.browser import context_of
from support.published import published
from support.statements.shares import SHARES

from dashboards.generations import GenerationStore, OpenGeneration
from dashboards.statements.actions import ActionRefusedError, ClaimActions
from dashboards.statements.comparison import Comparison, SavedClaim
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings


@dataclass
class KeptClaims:
    """Claims in memory, and a file of bytes in place of evidence."""

    claims: list[SavedClaim] = field(default_factory=list)

    def save(self, claim: SavedClaim) -> None:
        """Keep a claim once."""
        if any(each.claim_id == claim.claim_id for each in self.claims):
            raise ActionRefusedError("It is kept already.")
        self.claims.append(claim)

    def make_evidence(self, name: str, folder: Path) -> Path:
        """Write the name as the evidence; a claim called none has no evidence."""
        if name == "none":
            raise ActionRefusedError("It rests on a document.")
        path = folder / "evidence.zip"
        path.write_text(name)
        return path

    @property
    def actions(self) -> ClaimActions:
        """The actions of the pages."""
        return ClaimActions(lambda: self.claims, self.save, self.make_evidence)


def open_shares(home: Path, kept: KeptClaims | None = None, sql: str = SHARES) -> OpenGeneration:
    """Publish the shares and open them."""
    settings = Settings(home=home)
    published(settings, sql)
    actions = kept.actions if kept else None
    found = GenerationStore(context_of(settings.published / NEWEST, claims=actions)).newest()
    assert found
    return found


def china_above_us(claim_id: str = "mine", **changes: object) -> SavedClaim:
    """Return a claim on the three weeks of the shares."""
    comparison = Comparison(
        dimension="country",
        above="CN",
        below="US",
        first_week=date(2026, 3, 2),
        last_week=date(2026, 3, 16),
    )
    return SavedClaim(**{"claim_id": claim_id, "comparison": comparison, **changes})  # type: ignore[arg-type]

"""Checks of `doctor` on backups and verifications: how old the last ones are."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from pipelines.archive import utc_now
from pipelines.backup.backup import last_backup
from pipelines.cli.tier.health import Finding
from pipelines.settings import Settings
from pipelines.verification.verify import last_verification

# Who makes backups makes them each week at least; who makes none has decided so.
MAX_BACKUP_AGE = timedelta(days=8)


def check_upkeep(settings: Settings, now: datetime | None = None) -> Iterator[Finding]:
    """Check the age of the last backup, and what the last verification found.

    A home that was never backed up is no fault; it is said, with how to do it.
    """
    if not settings.archive.exists():
        return
    now = now or utc_now()
    made = last_backup(settings)
    if made is None:
        yield Finding("backup", True, "none is known; `tokentide backup FOLDER` makes one")
    else:
        is_well = now - made.made_at <= MAX_BACKUP_AGE
        advice = "" if is_well else f"; run `tokentide backup {made.folder}`"
        found = f"{_in_words(now - made.made_at)} ago, in {made.folder}{advice}"
        yield Finding("backup", is_well, found)
    checked = last_verification(settings)
    if checked is None:
        yield Finding("verification", True, "never; `tokentide verify` checks the whole home")
    else:
        words = "quickly, " if checked.is_quick else ""
        damaged = f"{checked.damaged} damaged; `tokentide verify` names them"
        found = f"{words}{_in_words(now - checked.verified_at)} ago: "
        yield Finding(
            "verification", not checked.damaged, found + (damaged if checked.damaged else "whole")
        )


def _in_words(age: timedelta) -> str:
    hours = max(0, round(age.total_seconds() / 3600))
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"

"""Instants in the names of archived pages, in UTC unless the name has an offset."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

# Shown to a person whose files have none of them.
FORMS = (
    "20261127T100000Z",
    "2026-11-27T10:00:00Z",
    "2026-11-27_10-00-00",
    "20261127_100000.250",
    "2026-11-27T12-00-00+0200",
    "1795773600 (seconds since 1970)",
    "1795773600000 (milliseconds)",
)
STAMP = re.compile(
    r"""
    (?<!\d)
    (?P<year>20\d\d)(?P<mark>[-_.]?)(?P<month>\d\d)(?P=mark)(?P<day>\d\d)
    [-_.T \u2009]{0,2}
    (?P<hour>\d\d)(?P<colon>[-_.:hH\uf03a]?)(?P<minute>\d\d)
    (?:(?P=colon)|m)?(?P<second>\d\d)
    (?:[.,](?P<fraction>\d{1,9}))?
    (?:[ _]?(?P<zone>Z|UTC|GMT|(?:UTC|GMT)?(?P<sign>[+-])(?P<hours>\d\d)[-_:.]?(?P<minutes>\d\d)?))?
    (?!\d)
    """,
    re.VERBOSE | re.IGNORECASE,
)
UNIX = re.compile(r"(?<![\d.])(1\d{9}|1\d{12}|1\d{15}|1\d{18})(?!\d)")
DIGITS_OF_SECONDS = 10
MAX_OFFSET_HOURS = 14


def find_instant(path: Path) -> datetime | None:
    """Return the instant in the name of a file; None if there is none, or one that cannot be."""
    name = path.name
    for stamp in STAMP.finditer(name):
        if instant := _to_instant(stamp):
            return instant
    if unix := UNIX.search(name):
        digits = unix.group(1)
        return datetime.fromtimestamp(int(digits) / 10 ** (len(digits) - DIGITS_OF_SECONDS), UTC)
    return None


def _to_instant(stamp: re.Match[str]) -> datetime | None:
    fraction = (stamp["fraction"] or "").ljust(6, "0")[:6]
    digits = "".join(stamp[name] for name in ("year", "month", "day", "hour", "minute", "second"))
    try:
        local = datetime.strptime(f"{digits}{fraction}", "%Y%m%d%H%M%S%f").replace(tzinfo=UTC)
    except ValueError:
        return None
    if not stamp["sign"]:
        return local
    offset = timedelta(hours=int(stamp["hours"]), minutes=int(stamp["minutes"] or 0))
    if offset > timedelta(hours=MAX_OFFSET_HOURS):
        return None
    return local.replace(tzinfo=timezone(-offset if stamp["sign"] == "-" else offset)).astimezone(
        UTC
    )

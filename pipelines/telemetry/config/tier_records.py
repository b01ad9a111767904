"""The tier as it was known at an instant, as durable documents that are loaded like segments.

    spool/tier/20260822T071016123456Z-9f2c61d0-000001.json

A record says what changed, or everything that one origin knows. A sequence of them says which entry
held when, so a past hour keeps the price of its time. No record holds a secret: headers name
variables and are left out all the same, and of an address's query the values are digests.
"""

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

from pipelines.files import write_durably
from pipelines.telemetry.config.tier import Target, Tier

# The warehouse has no use for them.
SECRETS = frozenset({"headers", "ca_file"})
WHERE_GIVEN = frozenset(
    {"quantization", "service", "load", "team", "indices", "uuids", "match", "query"}
)
SECTIONS = frozenset({"target", "device_source", "cost", "peak", "energy", "slo", "cluster"})
ORIGIN = re.compile(r"file|correction|discovery \S.{0,199}")
# A value of a query, which may be a token. Digests still differ where values do.
DIGEST_DIGITS = 8
# Some 100,000 targets; a larger file is no record but a mistake.
MAX_BYTES = 64 << 20
MAX_TEXT = 1_000  # characters of a name


@dataclass(frozen=True)
class TierEntry:
    """A table of the tier file: its kind, the target or kind of device that it is about, its keys.

    `entry` can be written as JSON and holds no secret.
    """

    section: str
    name: str
    entry: dict[str, Any]

    @property
    def part(self) -> str:
        """The part of its key that tells apart entries of one section and name."""
        if self.section == "peak":
            return str(self.entry.get("dtype") or "")
        if self.section == "device_source":
            command = self.entry.get("command") or ()
            parts = (self.entry.get("url"), *map(str, command), self.entry.get("query"))
            return " ".join(str(part) for part in parts if part)
        return ""


@dataclass(frozen=True)
class TierRecord:
    """Knowledge of one origin of the tier: `file`, `correction` or `discovery NAME`.

    A whole record ends every entry of its origin that it does not list. A correction holds from
    another instant than its own: None for ever.
    """

    at: datetime
    origin: str
    entries: tuple[TierEntry, ...]
    gone: tuple[tuple[str, str], ...] = ()  # section and name
    is_whole: bool = False
    holds_from: datetime | None = None

    @property
    def is_correction(self) -> bool:
        """True if its entries hold in the past too."""
        return self.origin == "correction"


def write_record(folder: Path, record: TierRecord) -> Path:
    """Write a record durably under a name that sorts by the time of writing; return its path."""
    content = json.dumps(_document(record), ensure_ascii=False, indent=1).encode()
    parse_record(content)
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
    path = folder / f"{stamp}-{secrets.token_hex(4)}-000001.json"
    write_durably(path, content)
    return path


def read_record(path: Path) -> TierRecord:
    """Read one record; raise ValueError for a file that is none."""
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    return parse_record(content)


def tier_entries(tier: Tier) -> tuple[TierEntry, ...]:
    """Return every table of a tier file as an entry."""
    energy = [TierEntry("energy", "", _plain(tier.energy))] if tier.energy else []
    slo = [TierEntry("slo", "", _plain(tier.slo))] if tier.slo else []
    return tuple(
        chain(
            map(target_entry, tier.targets),
            (TierEntry("device_source", each.target, _plain(each)) for each in tier.device_sources),
            (TierEntry("cost", each.device_kind, _plain(each)) for each in tier.costs),
            (TierEntry("peak", each.device_kind, _plain(each)) for each in tier.peaks),
            (TierEntry("cluster", each.name, _plain(each)) for each in tier.clusters),
            energy,
            slo,
        )
    )


def target_entry(target: Target) -> TierEntry:
    """Return the entry of a target."""
    return TierEntry("target", target.name, _plain(target))


def _plain(table: Any) -> dict[str, Any]:
    """Return what a table holds as JSON does: no headers, no keys that are not given."""
    kept = {
        key: value
        for key, value in asdict(table).items()
        if key not in SECRETS and (value or key not in WHERE_GIVEN)
    }
    plain: dict[str, Any] = json.loads(json.dumps(kept, default=_to_json))
    if plain.get("url"):
        plain["url"] = hide_values(plain["url"])
    return plain


def hide_values(url: str) -> str:
    """Return an address whose query has digests in place of values."""
    address, mark, query = url.partition("?")
    return address + mark + "&".join(map(_hide_value, query.split("&")))


def _hide_value(part: str) -> str:
    """Return a part of a query with a digest of its value; without a name it is all value."""
    name, equals, value = part.partition("=")
    secret = value if equals else name
    digest = f"~{sha256(secret.encode()).hexdigest()[:DIGEST_DIGITS]}" if secret else ""
    return f"{name}={digest}" if equals else digest


def _to_json(value: object) -> str:
    if isinstance(value, Decimal):
        # As text: money must not pass through binary fractions.
        return str(value)
    raise TypeError(f"{value!r} of the tier file cannot be written as JSON.")


def _document(record: TierRecord) -> dict[str, Any]:
    return {
        "at": record.at.isoformat(),
        "origin": record.origin,
        "is_whole": record.is_whole,
        "holds_from": record.holds_from.isoformat() if record.holds_from else None,
        "entries": [asdict(entry) for entry in record.entries],
        "gone": [list(pair) for pair in record.gone],
    }


def parse_record(content: bytes) -> TierRecord:
    """Return the record that a document is. Raise ValueError for one that is none.

    Everything is checked: the file may come from anybody who can write into the folder.
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f"A tier record has at most {MAX_BYTES} bytes.")
    try:
        given = json.loads(content, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("A tier record is not nested that deep.") from error
    if not isinstance(given, dict):
        raise ValueError("A tier record is a JSON object.")
    # A lone surrogate is legal in JSON and in no database.
    json.dumps(given, ensure_ascii=False).encode()
    origin, is_whole = given.get("origin"), given.get("is_whole", False)
    if not isinstance(origin, str) or not ORIGIN.fullmatch(origin):
        raise ValueError("The origin of a tier record is file, correction or discovery NAME.")
    if not isinstance(is_whole, bool):
        raise ValueError("is_whole of a tier record is true or false.")
    holds_from = _instant(given["holds_from"]) if given.get("holds_from") is not None else None
    if holds_from and origin != "correction":
        raise ValueError("Only a correction holds from another instant than its own.")
    entries, gone = tuple(_entries(given.get("entries"))), tuple(_gone(given.get("gone", [])))
    return TierRecord(_instant(given.get("at")), origin, entries, gone, is_whole, holds_from)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of a tier record.")


def _instant(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("An instant of a tier record is a text.")
    try:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise ValueError(f"{value!r} of a tier record names no offset from UTC.")
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{value!r} of a tier record is no instant.") from error


def _entries(given: object) -> Iterator[TierEntry]:
    seen = set()
    for row in _list(given, "entries"):
        if not isinstance(row, dict) or not isinstance(row.get("entry"), dict):
            raise ValueError("An entry of a tier record has section, name and entry.")
        section, name = _pair([row.get("section"), row.get("name")])
        entry = TierEntry(section, name, row["entry"])
        if (section, name, entry.part) in seen:
            raise ValueError(f"A tier record has {section} {name!r} twice.")
        seen.add((section, name, entry.part))
        yield entry


def _gone(given: object) -> Iterator[tuple[str, str]]:
    return map(_pair, _list(given, "gone"))


def _list(given: object, key: str) -> list[Any]:
    if not isinstance(given, list):
        raise ValueError(f"{key} of a tier record is a list.")
    return given


def _pair(given: object) -> tuple[str, str]:
    match given:
        case [str(section), str(name)] if section in SECTIONS and len(name) <= MAX_TEXT:
            return section, name
    raise ValueError(f"A tier record has the sections {', '.join(sorted(SECTIONS))}, each named.")

"""A journal of the hours of a store that are in segments, so that an interrupted reading goes on.

A line is written once its segments are on disk. Losing the file costs time and no figure: samples
that are read again are the same ones.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from threading import Lock

from pipelines.files import append_durably
from pipelines.telemetry.config.tier_records import TierRecord

NAME = "fleet.jsonl"


class ReadingJournal:
    """Hours that were read, by what was asked for, and records that were written."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._lock = Lock()
        self._hours: dict[str, set[int]] = {}
        self._records: set[str] = set()
        self.gone: dict[str, datetime] = {}  # when a replica was last recorded as gone
        for line in self._lines():
            self._take(line)

    def hours(self, asked: str) -> frozenset[datetime]:
        """Return the hours that were read whole."""
        known = self._hours.get(_digest(asked), set())
        return frozenset(datetime.fromtimestamp(hour * 3600, UTC) for hour in known)

    def note_hours(self, asked: str, hours: Iterable[datetime]) -> None:
        """Note that hours are in segments on disk."""
        numbers = sorted(int(hour.timestamp()) // 3600 for hour in hours)
        if numbers:
            self._append({"asked": _digest(asked), "hours": numbers})

    def has_record(self, record: TierRecord) -> bool:
        """Tell whether the same was recorded before, though of another instant."""
        return self._content(record) in self._records

    def note_record(self, record: TierRecord) -> None:
        """Note that a record is on disk."""
        line: dict[str, object] = {"record": self._content(record)}
        if record.gone:
            line |= {"gone": [name for _, name in record.gone], "at": record.at.timestamp()}
        self._append(line)

    def _append(self, line: dict[str, object]) -> None:
        with self._lock:
            append_durably(self._path, json.dumps(line))
            self._take(line)

    def _lines(self) -> Iterable[dict[str, object]]:
        if not self._path.exists():
            return
        for line in self._path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                found = json.loads(line)
            except ValueError:
                continue  # a crash cut it short
            if isinstance(found, dict):
                yield found

    def _take(self, line: dict[str, object]) -> None:
        asked, hours, record = line.get("asked"), line.get("hours"), line.get("record")
        if isinstance(asked, str) and isinstance(hours, list):
            known = self._hours.setdefault(asked, set())
            known.update(hour for hour in hours if isinstance(hour, int))
        if isinstance(record, str):
            self._records.add(record)
        gone, at = line.get("gone"), line.get("at")
        if isinstance(gone, list) and isinstance(at, int | float):
            self.gone |= {str(name): datetime.fromtimestamp(at, UTC) for name in gone}

    def _content(self, record: TierRecord) -> str:
        """Return what a record says.

        When something came first does not matter, since that holds from ever on.
        """
        entries = [[each.section, each.name, each.entry] for each in record.entries]
        is_first = all(self.gone.get(each.name) != record.at for each in record.entries)
        when = None if entries and is_first else record.at.isoformat()
        said = [record.origin, entries, [list(pair) for pair in record.gone], when]
        return _digest(json.dumps(said, sort_keys=True))


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]

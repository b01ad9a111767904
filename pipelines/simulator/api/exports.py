"""The keyless daily exports: a trailing window of the board as CSV and JSON, described by a manifest with sizes and hashes.

A snapshot is named after the day it was published on and ends with the day before. It shows the board as it was known at that
minute, however late it is fetched, so the files never change.
"""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from pipelines.simulator.api.dispatch import Dispatcher, spoil_payload
from pipelines.simulator.errors import Json
from pipelines.simulator.faults.faults import PlannedFault
from pipelines.simulator.faults.row_faults import Rows
from pipelines.simulator.market_protocol import OTHER, RankingsQuery, iso_ms

WINDOW_DAYS = 30
PUBLISHED_AT = time(1, 46, tzinfo=UTC)
FORMATS = {"csv": "text/csv", "json": "application/json"}
LATEST = {"csv": "csv", "json": "json", "manifest": "manifest.json"}
COLUMNS = ("date", "model_permaslug", "rank", "total_tokens", "share_of_daily_tokens")
LICENSE = {"name": "CC BY 4.0", "url": "https://creativecommons.org/licenses/by/4.0/"}


@dataclass(frozen=True)
class Snapshot:
    """One published snapshot. `desk` knows the board and the faults; `root` is the address its files are linked under."""

    desk: Dispatcher
    day: date
    root: str

    @property
    def published_at(self) -> datetime:
        """The instant whose knowledge the snapshot holds."""
        return datetime.combine(self.day, PUBLISHED_AT)

    @property
    def credit(self) -> str:
        """The line whoever shows a figure must show too."""
        return f"Source: OpenRouter (openrouter.ai/rankings), as of {iso_ms(self.published_at)}. Licensed under CC BY 4.0."

    def file(
        self, kind: str, row_faults: list[PlannedFault], payload_faults: list[PlannedFault]
    ) -> bytes:
        """The bytes of the CSV or of its JSON twin."""
        if not (row_faults or payload_faults):
            return _sound_file(self, kind)
        return as_bytes(spoil_payload(self.payload(row_faults), payload_faults), kind)

    def payload(self, faults: list[PlannedFault]) -> Json:
        """The JSON twin as an object."""
        query = RankingsQuery(self.day - timedelta(days=WINDOW_DAYS), self.day - timedelta(days=1))
        rows = self.desk.spoil_rows(
            self.desk.board.rankings(query, self.published_at), faults, self.published_at
        )
        return {
            **self._head(len(rows)),
            "columns": list(COLUMNS),
            "methodology": "The 50 most used public models of each UTC day by prompt and completion tokens, and the rest as other.",
            "source_pages": ["https://openrouter.ai/rankings"],
            "data": ranked(rows),
        }

    def _head(self, row_count: int) -> Json:
        return {
            "dataset": "rankings-daily",
            "schema_version": "v1",
            "snapshot_date": self.day.isoformat(),
            "retrieved_at": iso_ms(self.published_at),
            "row_count": row_count,
            "license": LICENSE,
            "attribution": self.credit,
        }

    def manifest(self, bodies: dict[str, bytes]) -> Json:
        """What the snapshot consists of, given its files."""
        files = {
            kind: {
                "url": f"{self.root}/{self.day}.{kind}",
                "encoding_format": FORMATS[kind],
                "bytes": len(body),
                "sha256": hashlib.sha256(body).hexdigest(),
            }
            for kind, body in bodies.items()
        }
        row_count = bodies["csv"].count(b"\r\n") - 1
        latest = {name: f"{self.root}/latest.{ending}" for name, ending in LATEST.items()}
        readme = f"{self.root}/README.md"
        return {
            **self._head(row_count),
            "update_cadence": "daily",
            "readme_url": readme,
            "files": files,
            "latest": latest,
        }


# A manifest hashes the files that are fetched right after it, and files never change.
@lru_cache(maxsize=64)
def _sound_file(snapshot: Snapshot, kind: str) -> bytes:
    return as_bytes(snapshot.payload([]), kind)


def as_bytes(payload: Json, kind: str) -> bytes:
    """A snapshot in one of its formats."""
    data = payload["data"]
    if kind == "csv" and isinstance(data, list):
        return csv_bytes(data)
    return json.dumps(payload, separators=(",", ":")).encode()


def newest(now: datetime) -> date:
    """The date of the newest snapshot published by now."""
    return now.date() if now.timetz() >= PUBLISHED_AT else now.date() - timedelta(days=1)


def ranked(rows: Rows) -> Rows:
    """Rows with their rank and share. A count that is no whole number has no share, so a spoiled one leaves the rest standing."""
    counts = [_whole(row) for row in rows]
    totals, ranks = Counter[object](), Counter[object]()
    for row, count in zip(rows, counts, strict=True):
        totals[row["date"]] += count or 0
    result: Rows = []
    for row, count in zip(rows, counts, strict=True):
        day, slug = row["date"], row["model_permaslug"]
        ranks[day] += slug != OTHER
        rank = None if slug == OTHER else ranks[day]
        share = None if count is None else round(count / (totals[day] or 1), 12)
        values = (day, slug, rank, row["total_tokens"] if count is None else count, share)
        result.append(dict(zip(COLUMNS, values, strict=True)))
    return result


def _whole(row: Json) -> int | None:
    text = str(row["total_tokens"])
    return int(text) if text.lstrip("-").isdecimal() else None


def csv_bytes(rows: Rows) -> bytes:
    """Rows as the service writes CSV: ASCII, CRLF, nothing quoted, what is missing left empty."""
    names = list(rows[0]) if rows else list(COLUMNS)
    lines = [",".join(names)] + [
        ",".join("" if row[name] is None else str(row[name]) for name in names) for row in rows
    ]
    return "".join(line + "\r\n" for line in lines).encode("ascii")

"""Keyless daily exports: a trailing window of the rankings as CSV and JSON, with a manifest.

A snapshot is named after its day of publication and ends with the day before. It holds the
rankings as known at that minute, however late it is fetched, so its files never change. The
manifest lists their sizes and hashes.
"""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from pipelines.simulator.api.dispatch import Dispatcher, apply_payload_faults
from pipelines.simulator.errors import JsonObject
from pipelines.simulator.faults.plan import PlannedFault
from pipelines.simulator.faults.row_faults import Rows
from pipelines.simulator.market_protocol import OTHER, RankingsQuery, format_instant

WINDOW_DAYS = 30
PUBLISHED_AT = time(1, 46, tzinfo=UTC)
FORMATS = {"csv": "text/csv", "json": "application/json"}
LATEST = {"csv": "csv", "json": "json", "manifest": "manifest.json"}
COLUMNS = ("date", "model_permaslug", "rank", "total_tokens", "share_of_daily_tokens")
METHODOLOGY = (
    "The 50 most used public models of each UTC day by prompt and completion tokens, "
    "and the rest as other."
)
LICENSE = {"name": "CC BY 4.0", "url": "https://creativecommons.org/licenses/by/4.0/"}


@dataclass(frozen=True)
class ExportSnapshot:
    """One published snapshot of a dispatcher's market; `root` is the address of its files."""

    dispatcher: Dispatcher
    day: date
    root: str

    @property
    def published_at(self) -> datetime:
        """Instant of publication; the snapshot holds what was known then."""
        return datetime.combine(self.day, PUBLISHED_AT)

    @property
    def attribution(self) -> str:
        """Line of credit that the licence asks for beside every figure."""
        instant = format_instant(self.published_at)
        return (
            f"Source: OpenRouter (openrouter.ai/rankings), as of {instant}. "
            "Licensed under CC BY 4.0."
        )

    def file(
        self, kind: str, row_faults: list[PlannedFault], payload_faults: list[PlannedFault]
    ) -> bytes:
        """Return the bytes of the CSV or of its JSON twin."""
        if not (row_faults or payload_faults):
            return _faultless_file(self, kind)
        return to_bytes(apply_payload_faults(self.payload(row_faults), payload_faults), kind)

    def payload(self, faults: list[PlannedFault]) -> JsonObject:
        """Return the JSON twin as an object."""
        query = RankingsQuery(self.day - timedelta(days=WINDOW_DAYS), self.day - timedelta(days=1))
        rows = self.dispatcher.apply_row_faults(
            self.dispatcher.market.rankings(query, self.published_at), faults, self.published_at
        )
        return {
            **self._head(len(rows)),
            "columns": list(COLUMNS),
            "methodology": METHODOLOGY,
            "source_pages": ["https://openrouter.ai/rankings"],
            "data": rank_rows(rows),
        }

    def _head(self, row_count: int) -> JsonObject:
        return {
            "dataset": "rankings-daily",
            "schema_version": "v1",
            "snapshot_date": self.day.isoformat(),
            "retrieved_at": format_instant(self.published_at),
            "row_count": row_count,
            "license": LICENSE,
            "attribution": self.attribution,
        }

    def manifest(self, bodies: dict[str, bytes]) -> JsonObject:
        """Build the manifest of the snapshot from the bytes of its files."""
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


# A manifest hashes the files that are usually fetched next, and files never change.
@lru_cache(maxsize=64)
def _faultless_file(snapshot: ExportSnapshot, kind: str) -> bytes:
    return to_bytes(snapshot.payload([]), kind)


def to_bytes(payload: JsonObject, kind: str) -> bytes:
    """Encode a snapshot in one of its formats."""
    data = payload["data"]
    if kind == "csv" and isinstance(data, list):
        return csv_bytes(data)
    return json.dumps(payload, separators=(",", ":")).encode()


def newest_snapshot_date(now: datetime) -> date:
    """Return the date of the newest snapshot published by now."""
    return now.date() if now.timetz() >= PUBLISHED_AT else now.date() - timedelta(days=1)


def rank_rows(rows: Rows) -> Rows:
    """Add rank and share to the rows.

    A count that is no whole number has no share, so a bad count leaves the others their shares.
    """
    counts = [_whole_count(row) for row in rows]
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


def _whole_count(row: JsonObject) -> int | None:
    text = str(row["total_tokens"])
    return int(text) if text.lstrip("-").isdecimal() else None


def csv_bytes(rows: Rows) -> bytes:
    """Encode rows as the service writes CSV: ASCII, CRLF, no quotes, missing values empty."""
    names = list(rows[0]) if rows else list(COLUMNS)
    lines = [",".join(names)] + [
        ",".join("" if row[name] is None else str(row[name]) for name in names) for row in rows
    ]
    return "".join(line + "\r\n" for line in lines).encode("ascii")

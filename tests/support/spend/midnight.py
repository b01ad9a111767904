"""Requests that run across midnight, as our own server and a gateway in front of it log them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from support.spend.litellm_log import spend_row, write_lines

from models.server.usage_log import UsageEvent, UsageLog
from pipelines.ingest.spend import take_spend
from pipelines.settings import Settings

BEFORE_MIDNIGHT = datetime(2026, 8, 22, 23, 59, tzinfo=UTC)


def log_request(settings: Settings, name: str, number: int) -> None:
    """Log a request at our server; an odd number comes just after midnight."""
    arrival = BEFORE_MIDNIGHT + timedelta(days=number % 3, seconds=90 * (number % 2))
    first, last = arrival + timedelta(seconds=50), arrival + timedelta(minutes=2)
    counts = (700, 0, 50, 0, 0)
    usage = UsageLog(settings.request_spool)
    event = UsageEvent(name, "m", arrival, first, last, *counts, "finished", "stop", "cpu")
    usage.add(event)
    usage.write()


def log_spend(settings: Settings, names: list[str], number: int) -> None:
    """Load a gateway's log in which requests of these names began before midnight."""
    start = BEFORE_MIDNIGHT + timedelta(days=number % 3, seconds=-1)
    instants = {"startTime": start, "endTime": start + timedelta(minutes=5)}
    rows = [
        spend_row(0, request_id=name, **{key: at.isoformat() for key, at in instants.items()})
        for name in names
    ]
    with TemporaryDirectory() as folder:
        take_spend(settings, write_lines(Path(folder) / "log.jsonl", *rows), "litellm")

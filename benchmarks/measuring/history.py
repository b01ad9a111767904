"""The history that every side loads: the daily board of 2025-01-01 to 2026-02-28, and everything else that a rebuild would find.

It is recorded where a folder of recordings is given, else the stand-in market invents one of the same size. A prepared folder holds

    history/raw      the archive of the board's answers, as our own pipeline keeps them
    everything/raw   the same and every other answer there is
    bodies/*.json    the bytes of the board's answers, for the sides that know no archive
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from pipelines.archive import Answer, Archive
from pipelines.ingest.market import make_requests
from pipelines.settings import Settings
from pipelines.simulator.api.serve import build_app, serve_in_thread
from pipelines.sources.http import SourceClient
from pipelines.sources.openrouter import catalogue, providers, rankings
from pipelines.sources.openrouter.requests import catalogue_requests, slice_requests, usage_requests

START, END = date(2025, 1, 1), date(2026, 2, 28)
QUICK_START = date(2026, 1, 1)
KEY = "a-key-for-the-stand-in"

Payload = dict[str, Any]


class NoHistory(ValueError):
    """The folder of recordings holds no answer of the daily board in the days that are loaded."""


@dataclass(frozen=True)
class Facts:
    """What a load must have brought, whoever loaded it."""

    days: int
    rows: int
    total_tokens: int


@dataclass(frozen=True)
class History:
    """A prepared folder."""

    folder: Path

    def payloads(self) -> list[Payload]:
        """The board's answers, decoded afresh."""
        return [json.loads(body) for body in self.bodies()]

    def bodies(self) -> list[bytes]:
        """The board's answers as bytes."""
        return [path.read_bytes() for path in sorted((self.folder / "bodies").glob("*.json"))]

    def facts(self, first_days: int | None = None) -> Facts:
        """Days, rows and tokens of the whole history, or of its first days."""
        return facts_of(self.payloads(), first_days)

    def answers(self) -> list[Answer]:
        """The board's answers as the archive notes them, in the order of their bodies."""
        return list(Archive(self.folder / "history" / "raw").answers())


def facts_of(payloads: list[Payload], first_days: int | None = None) -> Facts:
    """Days, rows and tokens in these answers, or in their first days."""
    rows = [row for payload in payloads for row in payload["data"]]
    days = sorted({row["date"] for row in rows})[:first_days]
    kept = [row for row in rows if row["date"] <= days[-1]]
    return Facts(len(days), len(kept), sum(int(row["total_tokens"]) for row in kept))


def prepare(folder: Path, recordings: Path | None, quick: bool) -> History:
    """Fill a folder with the history; `quick` means its last two months only."""
    start = QUICK_START if quick else START
    if recordings:
        _play_back(folder, recordings, start)
    else:
        _invent(folder, start)
    archive = Archive(folder / "history" / "raw")
    (folder / "bodies").mkdir()
    for number, answer in enumerate(archive.answers()):
        (folder / "bodies" / f"{number:02}.json").write_bytes(archive.read(answer.sha256))
    return History(folder)


def _play_back(folder: Path, recordings: Path, start: date) -> None:
    """Keep recorded answers verbatim; those of the board within the days that are loaded are the history."""
    history, everything = (
        Archive(folder / "history" / "raw"),
        Archive(folder / "everything" / "raw"),
    )
    latest = datetime.min.replace(tzinfo=UTC)
    for body in _read(recordings, "rankings-daily_*.json*"):
        meta = json.loads(body)["meta"]
        answer = _answer(
            rankings.SOURCE, rankings.PATH, datetime.fromisoformat(meta["as_of"]), _window(meta)
        )
        latest = max(latest, answer.fetched_at)
        everything.keep(answer, body)
        if (
            start <= date.fromisoformat(meta["start_date"])
            and date.fromisoformat(meta["end_date"]) <= END
        ):
            history.keep(answer, body)
    if history.origin is None:
        raise NoHistory(
            f"{recordings} has no answer of the daily board within {start} to {END}. Leave --recordings out to invent one."
        )
    for source, path, pattern in (
        (catalogue.SOURCE, "/models", "models_*.json*"),
        (providers.SOURCE, "/providers", "providers_*.json*"),
    ):
        for body in _read(recordings, pattern):
            everything.keep(_answer(source, path, latest, {}), body)


def _read(recordings: Path, pattern: str) -> Iterator[bytes]:
    for path in sorted([*recordings.glob(pattern), *(recordings / "openrouter").glob(pattern)]):
        yield gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def _window(meta: Payload) -> dict[str, str]:
    return {"start_date": meta["start_date"], "end_date": meta["end_date"]}


def _answer(source: str, path: str, fetched_at: datetime, params: dict[str, str]) -> Answer:
    url = f"https://openrouter.ai/api/v1{path}"
    return Answer(
        source, url, fetched_at, status=200, bytes=0, sha256="", run_id="benchmark", params=params
    )


def _invent(folder: Path, start: date) -> None:
    """Ask the stand-in market, on the day after the last one, as a first run would."""
    app = build_app(
        "market",
        now=datetime.combine(END + timedelta(days=1), time(12), UTC),
        key=KEY,
        limits=False,
    )
    with serve_in_thread(app) as base:
        for name in ("history", "everything"):
            client = SourceClient(Settings(folder / name, base, KEY), "benchmark")
            try:
                for first, last in rankings.windows(start, END):
                    rankings.fetch(client, first, last)
                if name == "everything":
                    _ask_the_rest(client)
            finally:
                client.close()


def _ask_the_rest(client: SourceClient) -> None:
    for plan in (
        catalogue_requests(client),
        usage_requests(client, END),
        slice_requests(client, END - timedelta(days=29), END),
    ):
        if failures := make_requests(plan, lambda what: None).failures:
            raise NoHistory(f"The stand-in market did not answer: {failures[0]}")

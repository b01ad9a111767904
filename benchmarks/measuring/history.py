"""The rankings that every contender loads, 2025-01-01 to 2026-02-28, and all else a rebuild finds.

They are recorded where a folder of recordings is given, else the simulator makes as many. A
prepared folder holds

    history/raw      the archive of the answers with rankings, as our own pipeline keeps them
    everything/raw   the same and every other answer there is
    bodies/*.json    the bytes of the answers with rankings, for contenders without an archive
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
from pipelines.sources.client.http import SourceClient
from pipelines.sources.openrouter import catalogue, providers, rankings
from pipelines.sources.openrouter.requests import catalogue_requests, slice_requests, usage_requests

START, END = date(2025, 1, 1), date(2026, 2, 28)
QUICK_START = date(2026, 1, 1)
KEY = "a-key-for-the-simulator"

Payload = dict[str, Any]


class NoHistory(ValueError):
    """The folder of recordings has no daily rankings in the days that are loaded."""


@dataclass(frozen=True)
class Facts:
    """Days, rows and tokens that a load must have in its tables, whoever loaded them."""

    days: int
    rows: int
    total_tokens: int


@dataclass(frozen=True)
class History:
    """A prepared folder."""

    folder: Path

    def payloads(self) -> list[Payload]:
        """Decode the answers with rankings."""
        return [json.loads(body) for body in self.bodies()]

    def bodies(self) -> list[bytes]:
        """Return the answers with rankings as bytes."""
        return [path.read_bytes() for path in sorted((self.folder / "bodies").glob("*.json"))]

    def facts(self, first_days: int | None = None) -> Facts:
        """Return days, rows and tokens of the whole history, or of its first days."""
        return facts_of(self.payloads(), first_days)

    def answers(self) -> list[Answer]:
        """Return the answers with rankings as the archive records them, in the order of bodies."""
        return list(Archive(self.folder / "history" / "raw").answers())


def facts_of(payloads: list[Payload], first_days: int | None = None) -> Facts:
    """Count days, rows and tokens in these answers, or in their first days."""
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
        _simulate(folder, start)
    archive = Archive(folder / "history" / "raw")
    (folder / "bodies").mkdir()
    for number, answer in enumerate(archive.answers()):
        (folder / "bodies" / f"{number:02}.json").write_bytes(archive.read(answer.sha256))
    return History(folder)


def _play_back(folder: Path, recordings: Path, start: date) -> None:
    """Keep recorded answers verbatim; rankings within the days that are loaded are the history."""
    history, everything = (
        Archive(folder / "history" / "raw"),
        Archive(folder / "everything" / "raw"),
    )
    latest = datetime.min.replace(tzinfo=UTC)
    for body in _read(recordings, "rankings-daily_*.json*"):
        meta = json.loads(body)["meta"]
        answer = _answer(
            rankings.SOURCE.name,
            rankings.PATH,
            datetime.fromisoformat(meta["as_of"]),
            _window(meta),
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
            f"{recordings} has no daily rankings within {start} to {END}. "
            "Leave --recordings out to simulate them."
        )
    for source, path, pattern in (
        (catalogue.SOURCE.name, "/models", "models_*.json*"),
        (providers.SOURCE.name, "/providers", "providers_*.json*"),
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


def _simulate(folder: Path, start: date) -> None:
    """Request the simulated market on the day after the last one, as a first run would."""
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
                    _request_the_rest(client)
            finally:
                client.close()


def _request_the_rest(client: SourceClient) -> None:
    for requests in (
        catalogue_requests(client),
        usage_requests(client, END),
        slice_requests(client, END - timedelta(days=29), END),
    ):
        if failures := make_requests(requests, lambda what: None).failures:
            raise NoHistory(f"The simulated market did not answer: {failures[0]}")

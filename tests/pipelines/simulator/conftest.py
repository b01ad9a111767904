"""A stand-in on a loopback port for the whole session, put back in order after each test."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from pipelines.simulator.api.serve import build_app, serve_in_thread

KEY = "a-key-for-tests"
NOW = "2026-11-21T09:00:00.000Z"


@dataclass
class SimulatorClient:
    """A running stand-in and a client that holds its key."""

    base: str
    http: httpx.Client
    is_changed: bool = False

    def get(self, path: str, **params: object) -> httpx.Response:
        """Ask with the key."""
        return self.http.get(
            f"{self.base}{path}", params=params or None, headers={"Authorization": f"Bearer {KEY}"}
        )

    def keyless(self, path: str, **headers: str) -> httpx.Response:
        """Ask without a key."""
        return self.http.get(f"{self.base}{path}", headers=headers)

    def rows(self, **params: object) -> list[tuple[str, str, int]]:
        """The daily board as tuples."""
        answer = self.get("/datasets/rankings-daily", **params).json()
        return [
            (row["date"], row["model_permaslug"], int(row["total_tokens"]))
            for row in answer["data"]
        ]

    def control(self, name: str, body: object) -> httpx.Response:
        """Give an order to the stand-in itself."""
        self.is_changed = True
        return self.http.put(f"{self.base.removesuffix('/api/v1')}/_simulator/{name}", json=body)

    def at(self, now: str) -> None:
        """Fix the clock."""
        assert self.control("now", {"now": now}).status_code == 200

    def break_with(self, *faults: dict[str, object]) -> None:
        """Switch these faults on."""
        assert self.control("faults", list(faults)).status_code == 200

    def reset(self) -> None:
        """Put clock and faults back."""
        if self.is_changed:
            self.at(NOW)
            self.break_with()
            self.is_changed = False


def started(app: Starlette) -> Iterator[SimulatorClient]:
    """A stand-in that runs while the fixture lives."""
    with serve_in_thread(app) as base, httpx.Client(timeout=10) as http:
        yield SimulatorClient(base, http)


@pytest.fixture(scope="session")
def session_market() -> Iterator[SimulatorClient]:
    """One market for all tests, since starting it takes longer than asking it."""
    yield from started(build_app("market", now=datetime.fromisoformat(NOW), key=KEY, limits=False))


@pytest.fixture
def market(session_market: SimulatorClient) -> Iterator[SimulatorClient]:
    """The market at its usual instant, without faults."""
    yield session_market
    session_market.reset()


@pytest.fixture
def limited() -> Iterator[SimulatorClient]:
    """A market with quotas, unspent."""
    yield from started(build_app("market", now=datetime.fromisoformat(NOW), key=KEY))


@pytest.fixture(scope="session")
def session_replay(recordings: Path) -> Iterator[SimulatorClient]:
    """One replay for all tests."""
    now = datetime(2026, 6, 19, 8, 20, 44, 552000, UTC)
    yield from started(
        build_app(
            "replay",
            recordings=recordings,
            now=now,
            key=KEY,
            exports_since=date(2026, 6, 1),
            limits=False,
        )
    )


@pytest.fixture
def replay(session_replay: SimulatorClient) -> SimulatorClient:
    """The replay at the instant of one of its recordings."""
    session_replay.at("2026-06-19T08:20:44.552Z")
    return session_replay

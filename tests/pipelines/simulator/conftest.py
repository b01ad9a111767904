"""A simulator on a loopback port for the whole session, reset after each test that changed it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from pipelines.simulator.api.control import CONTROL
from pipelines.simulator.api.serve import build_app, serve_in_thread

KEY = "a-key-for-tests"
NOW = "2026-11-21T09:00:00.000Z"


@dataclass
class SimulatorClient:
    """A client of a running simulator; it holds the simulator's key."""

    base: str
    http: httpx.Client
    is_changed: bool = False

    def get(self, path: str, **params: object) -> httpx.Response:
        """Send a request with the key."""
        headers = {"Authorization": f"Bearer {KEY}"}
        return self.http.get(f"{self.base}{path}", params=params or None, headers=headers)

    def keyless(self, path: str, **headers: str) -> httpx.Response:
        """Send a request without a key."""
        return self.http.get(f"{self.base}{path}", headers=headers)

    def rankings(self, **params: object) -> list[tuple[str, str, int]]:
        """Return the daily rankings as tuples."""
        content = self.get("/datasets/rankings-daily", **params).json()
        return [
            (row["date"], row["model_permaslug"], int(row["total_tokens"]))
            for row in content["data"]
        ]

    def control(self, name: str) -> httpx.Response:
        """Read a control route."""
        return self.http.get(self._control_url(name))

    def put_control(self, name: str, body: object) -> httpx.Response:
        """Write to a control route."""
        self.is_changed = True
        return self.http.put(self._control_url(name), json=body)

    def set_now(self, now: str) -> None:
        """Fix the clock."""
        assert self.put_control("now", {"now": now}).status_code == 200

    def set_faults(self, *faults: dict[str, object]) -> None:
        """Switch on exactly these faults."""
        assert self.put_control("faults", list(faults)).status_code == 200

    def reset(self) -> None:
        """Reset clock and faults."""
        if self.is_changed:
            self.set_now(NOW)
            self.set_faults()
            self.is_changed = False

    def _control_url(self, name: str) -> str:
        return f"{self.base.removesuffix('/api/v1')}{CONTROL}/{name}"


def serve_client(app: Starlette) -> Iterator[SimulatorClient]:
    """Serve an application and yield a client of it."""
    with serve_in_thread(app) as base, httpx.Client(timeout=10) as http:
        yield SimulatorClient(base, http)


@pytest.fixture(scope="session")
def session_market() -> Iterator[SimulatorClient]:
    """Share one synthetic market, since a start takes longer than a request."""
    app = build_app("market", now=datetime.fromisoformat(NOW), key=KEY, limits=False)
    yield from serve_client(app)


@pytest.fixture
def market(session_market: SimulatorClient) -> Iterator[SimulatorClient]:
    """Yield the synthetic market at its usual instant, without faults."""
    yield session_market
    session_market.reset()


@pytest.fixture
def limited() -> Iterator[SimulatorClient]:
    """Yield a market with unused quotas."""
    yield from serve_client(build_app("market", now=datetime.fromisoformat(NOW), key=KEY))


@pytest.fixture(scope="session")
def session_replay(recordings: Path) -> Iterator[SimulatorClient]:
    """Share one replay in all tests."""
    app = build_app(
        "replay",
        recordings=recordings,
        now=datetime(2026, 6, 19, 8, 20, 44, 552000, UTC),
        key=KEY,
        exports_since=date(2026, 6, 1),
        limits=False,
    )
    yield from serve_client(app)


@pytest.fixture
def replay(session_replay: SimulatorClient) -> SimulatorClient:
    """Return the replay at the instant of one of its recordings."""
    session_replay.set_now("2026-06-19T08:20:44.552Z")
    return session_replay

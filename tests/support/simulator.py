"""A simulated market over real HTTP, changed by tests while it runs, and SQL on the warehouse."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, date, datetime
from typing import Any

import httpx

from pipelines.ingest.market import MarketExtract, extract_rankings, new_run_id
from pipelines.settings import Settings
from pipelines.simulator.api.app import create_app
from pipelines.simulator.api.control import CONTROL
from pipelines.simulator.api.serve import build_app, serve_in_thread
from pipelines.simulator.clock import Clock
from pipelines.simulator.faults.plan import FaultPlan
from pipelines.simulator.synthetic.market import SyntheticMarket
from pipelines.sources.client.http import RetryPolicy, SourceClient
from warehouse.connection import open_warehouse

KEY = "sk-or-v1-0123456789abcdef"
# Short timeouts and pauses, so that retries cost a test little time.
FAST_RETRIES = RetryPolicy(connect=2, read=1, whole=2, attempts=2, first_pause=0.01, total=10)


class SimulatedMarket:
    """A running simulated market, with methods that change it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._root = self.archive_url = url.removesuffix("/api/v1")

    def set_now(self, now: datetime) -> None:
        """Set the simulator's clock."""
        httpx.put(f"{self._root}{CONTROL}/now", json={"now": now.isoformat()}).raise_for_status()

    def set_faults(self, *faults: dict[str, Any]) -> None:
        """Replace the faults; without arguments there are none."""
        httpx.put(f"{self._root}{CONTROL}/faults", json=list(faults)).raise_for_status()

    def requests(self) -> list[dict[str, Any]]:
        """Return the requests so far."""
        log: list[dict[str, Any]] = httpx.get(f"{self._root}{CONTROL}/requests").json()
        return log


@contextmanager
def unmarked_market(now: datetime) -> Iterator[SimulatedMarket]:
    """Serve a synthetic market whose answers do not say that it is one, as if it were real."""
    app = create_app(
        SyntheticMarket(1),
        clock=Clock(now),
        limits=None,
        faults=FaultPlan(),
        keys={KEY: "account"},
        origin=None,
    )
    with serve_in_thread(app) as url:
        yield SimulatedMarket(url)


MakeSimulator = Callable[..., AbstractContextManager[SimulatedMarket]]


@contextmanager
def simulated_market(**options: Any) -> Iterator[SimulatedMarket]:
    """Serve a market with options of `build_app`; by default on 2026-06-20, without limits."""
    options = {
        "mode": "market",
        "now": datetime(2026, 6, 20, 8, tzinfo=UTC),
        "key": KEY,
        "limits": False,
        **options,
    }
    with serve_in_thread(build_app(options.pop("mode"), **options)) as url:
        yield SimulatedMarket(url)


def ingest_rankings(settings: Settings, first: date, last: date) -> MarketExtract:
    """Request the rankings of these days and load them, with short retries."""
    with closing(SourceClient(settings, new_run_id(), FAST_RETRIES)) as client:
        return extract_rankings(client, settings, first, last)


def sql(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    """Return all rows of a query on the warehouse."""
    with closing(open_warehouse(settings.warehouse)) as con:
        return con.sql(query).fetchall()

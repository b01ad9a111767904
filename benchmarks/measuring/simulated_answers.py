"""Answers of the simulated market at chosen instants, kept in an archive.

They are requested without our own client, whose quota would make thousands of them take hours.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import httpx
from measuring.history import KEY

from pipelines.archive import Answer, Archive
from pipelines.simulator.api.serve import build_app, serve_in_thread
from pipelines.sources.openrouter import (
    apps,
    benchmarks,
    catalogue,
    endpoints,
    providers,
    rankings,
    session_costs,
    tasks,
)
from pipelines.sources.source import Source


@dataclass(frozen=True)
class MarketRequest:
    """A request, and what the archive records beside its answer."""

    source: Source
    path: str
    params: dict[str, str] = field(default_factory=dict)
    context: dict[str, str] = field(default_factory=dict)


class SimulatedMarket:
    """A running simulator whose clock can be set."""

    def __init__(self, base: str, http: httpx.Client) -> None:
        self._base, self._http = base, http

    def models(self, number: int) -> list[dict[str, str]]:
        """Return the first models of the catalogue."""
        found: list[dict[str, str]] = self._get("/models", {}).json()["data"]
        return found[:number]

    def set_clock(self, now: datetime) -> None:
        """Make the market answer as at this instant."""
        url = f"{self._base.removesuffix('/api/v1')}/_simulator/now"
        self._http.put(url, json={"now": now.isoformat()}).raise_for_status()

    def keep(self, archive: Archive, request: MarketRequest, at: datetime, run_id: str) -> None:
        """Make a request and keep its answer as fetched at this instant."""
        response = self._get(request.path, request.params)
        answer = Answer(
            source=request.source.name,
            url=str(response.url),
            fetched_at=at,
            status=response.status_code,
            bytes=0,
            sha256="",
            run_id=run_id,
            params=request.params,
            origin="simulated",
            context=request.context,
        )
        archive.keep(answer, response.content)

    def _get(self, path: str, params: dict[str, str]) -> httpx.Response:
        return self._http.get(f"{self._base}{path}", params=params).raise_for_status()


@contextmanager
def simulated_market(now: datetime) -> Iterator[SimulatedMarket]:
    """Run a simulator without limits while the block runs."""
    app = build_app("market", now=now, key=KEY, limits=False)
    headers = {"Authorization": f"Bearer {KEY}"}
    with serve_in_thread(app) as base, httpx.Client(headers=headers, timeout=60) as http:
        yield SimulatedMarket(base, http)


def rankings_request(first: date, last: date) -> MarketRequest:
    """Request the daily rankings of a window."""
    window = {"start_date": first.isoformat(), "end_date": last.isoformat()}
    return MarketRequest(rankings.SOURCE, rankings.PATH, window)


def trailing_week(last: date) -> MarketRequest:
    """Request the rankings that a daily run requests on the day after `last`."""
    return rankings_request(last - rankings.TRAILING, last)


def snapshot_requests(last: date, models: Iterable[dict[str, Any]]) -> Iterator[MarketRequest]:
    """Yield the requests of a daily run beside the rankings; hosts are those of these models."""
    day = {"start_date": last.isoformat(), "end_date": last.isoformat(), "limit": "100"}
    yield MarketRequest(catalogue.SOURCE, "/models", {"output_modalities": "all"})
    yield MarketRequest(providers.SOURCE, "/providers")
    yield MarketRequest(apps.SOURCE, "/datasets/app-rankings", day)
    yield MarketRequest(tasks.SOURCE, "/classifications/task", {"window": "7d"})
    yield MarketRequest(benchmarks.SOURCE, "/benchmarks")
    yield MarketRequest(session_costs.SOURCE, "/datasets/session-cost", {"limit": "500"})
    for model in models:
        path, context = f"/models/{model['id']}/endpoints", {"model": model["canonical_slug"]}
        yield MarketRequest(endpoints.SOURCE, path, context=context)


def day_before(now: datetime) -> date:
    """Return the last UTC day that was over."""
    return now.date() - timedelta(days=1)

"""A store of some replicas with two days of history, and figures of what was loaded of it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

from support.stores.metric_store import HeldServer, HeldStore

from pipelines.archive import utc_now
from pipelines.ingest.fleet import FleetRequest
from pipelines.settings import Settings
from pipelines.simulator.api.serve import serve_in_thread
from pipelines.telemetry.stored_fleet.discover_block import FleetLabels
from pipelines.telemetry.stored_fleet.matchers import parse_matchers
from warehouse.connection import open_warehouse

DAY, HOUR, INTERVAL = 86_400.0, 3_600.0, 120.0
NOW = utc_now().timestamp()
# So that spans hold a known number of scrapes.
LAST = NOW // INTERVAL * INTERVAL
BEGIN = LAST - 2 * DAY


def held_server(pod: str, *, gone: bool = False, **labels: str) -> HeldServer:
    """Make a server of two days, or one that is gone after an hour."""
    address = {"instance": f"10.0.0.{sum(map(ord, pod)) % 250}:8000"}
    own = {"job": "vllm", "namespace": "llm", "pod": pod, **address, **labels}
    last = BEGIN + HOUR if gone else NOW
    return HeldServer(own, BEGIN, last, INTERVAL, start=BEGIN - 100)


@contextmanager
def served(store: HeldStore) -> Iterator[str]:
    """Serve a store that scrapes until now."""
    store.now = NOW
    with serve_in_thread(store.app()) as url:
        yield url


def ask(url: str, matchers: str = "", **labels: Any) -> FleetRequest:
    """Ask for three days of a store."""
    given = FleetLabels("prom", url, matchers=parse_matchers(matchers), **labels)
    return FleetRequest(given, days=3, now=datetime.fromtimestamp(NOW, UTC))


def growths(settings: Settings) -> dict[str, float]:
    """Return the loaded tokens by target."""
    with closing(open_warehouse(settings.warehouse)) as con:
        return dict(
            con.sql(
                "select target, sum(growth) from ledger.counter_minutes "
                "where metric = 'generation_tokens' group by target"
            ).fetchall()
        )


def sample_count(settings: Settings) -> tuple[int, int]:
    """Return the number of samples, and of series with instants."""
    with closing(open_warehouse(settings.warehouse)) as con:
        [found] = con.sql(
            "select count(*), count(distinct (target, metric, labels, model_name, scraped_at)) "
            "from raw.telemetry_samples"
        ).fetchall()
    return int(found[0]), int(found[1])

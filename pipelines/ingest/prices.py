"""Past prices, end to end: request the archives, load what is new, build, audit, publish."""

from contextlib import closing
from dataclasses import dataclass

from pipelines.alerts.checking import publish_and_alert
from pipelines.ingest.market import RequestResults, Say, load_session, make_requests, new_run_id
from pipelines.publish.generations import Generation
from pipelines.settings import Settings
from pipelines.sources.client.http import RetryPolicy, SourceClient
from pipelines.sources.client.upstream import models_dev, price_archive
from pipelines.sources.failure import Failure
from pipelines.sources.prices.requests import models_dev_requests, price_requests
from pipelines.sql import read_sql
from pipelines.transform.build import BuildResult, build
from pipelines.transform.build import Progress as BuildProgress

ARCHIVES = read_sql(__file__, "price_archives")


@dataclass(frozen=True)
class ArchiveState:
    """An archive that is loaded: the last day that it knows, and its models."""

    source: str
    as_of: str
    models: int


@dataclass(frozen=True)
class PriceExtract:
    """Answers and failures of one run, and the archives as they are loaded now."""

    run_id: str
    answers: int
    failures: list[Failure]
    archives: list[ArchiveState]


@dataclass(frozen=True)
class PriceIngest:
    """One ingest of prices: the extract, the build of it, and the generation published."""

    extract: PriceExtract
    built: BuildResult
    generation: Generation


def extract_prices(
    settings: Settings, say: Say = lambda what: None, retry_policy: RetryPolicy | None = None
) -> PriceExtract:
    """Request every archive and load what is new of it; one that fails is listed."""
    run_id, results = new_run_id(), RequestResults()
    rows: list[tuple[str, str, int]] = []
    hosts = ((price_archive, price_requests), (models_dev, models_dev_requests))
    for upstream, requests in hosts:
        # A host that is away says nothing of the next one.
        results.unreachable = None
        with closing(SourceClient(settings, run_id, retry_policy, upstream(settings))) as client:
            try:
                make_requests(requests(client), say, results)
            finally:
                # Also on Ctrl-C: what was archived is loaded, here or by the next run.
                with load_session(client, settings, results.judge) as con:
                    rows = con.sql(ARCHIVES).fetchall()
    archives = [ArchiveState(*row) for row in rows]
    return PriceExtract(run_id, results.answers, results.failures, archives)


def ingest_prices(
    settings: Settings,
    *,
    say: Say = lambda what: None,
    progress: BuildProgress | None = None,
    retry_policy: RetryPolicy | None = None,
) -> PriceIngest:
    """Extract the archives of prices, then build, audit and publish."""
    extract = extract_prices(settings, say, retry_policy)
    return PriceIngest(extract, build(settings, progress=progress), publish_and_alert(settings))

"""Quality of models, end to end: request the measures, load what is new, build, publish."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from pipelines.alerts.checking import publish_and_alert
from pipelines.ingest.market import RequestResults, Say, load_session, make_requests, new_run_id
from pipelines.publish.generations import Generation
from pipelines.settings import Settings
from pipelines.sources.client.http import RetryPolicy, SourceClient
from pipelines.sources.client.upstream import arena, epoch
from pipelines.sources.failure import Failure
from pipelines.sources.openrouter.requests import SourceRequest
from pipelines.sources.quality.requests import arena_requests, epoch_requests
from pipelines.sql import read_sql
from pipelines.transform.build import BuildResult, build
from pipelines.transform.build import Progress as BuildProgress
from warehouse.connection import session

HISTORIES, SOURCES_LOADED = (
    read_sql(__file__, name) for name in ("arena_histories", "quality_sources")
)
# The history of a leaderboard has 57 MB, which takes minutes on a slow line.
PATIENT = RetryPolicy(whole=300.0, total=700.0)


@dataclass(frozen=True)
class QualityState:
    """A measure of quality that is loaded: its newest version, and its models."""

    source: str
    as_of: str
    models: int


@dataclass(frozen=True)
class QualityExtract:
    """Answers and failures of one run, and the measures as they are loaded now."""

    run_id: str
    answers: int
    failures: list[Failure]
    sources: list[QualityState]


@dataclass(frozen=True)
class QualityIngest:
    """One ingest of quality: the extract, the build of it, and the generation published."""

    extract: QualityExtract
    built: BuildResult
    generation: Generation


def known_histories(settings: Settings) -> frozenset[str]:
    """Return the leaderboards whose history was loaded before."""
    with session(settings.warehouse) as con:
        return frozenset(leaderboard for (leaderboard,) in con.sql(HISTORIES).fetchall())


def extract_quality(
    settings: Settings, say: Say = lambda what: None, retry_policy: RetryPolicy | None = None
) -> QualityExtract:
    """Request every measure and load what is new of it; one that fails is listed."""
    run_id, results = new_run_id(), RequestResults()
    arenas = partial(arena_requests, known=known_histories(settings))
    policy = retry_policy or PATIENT
    for upstream, requests in ((arena(settings), arenas), (epoch(settings), epoch_requests)):
        # A host that is away says nothing of the next one.
        results.unreachable = None
        with closing(SourceClient(settings, run_id, policy, upstream)) as client:
            _extract(client, settings, requests, say, results)
    with session(settings.warehouse) as con:
        rows = con.sql(SOURCES_LOADED).fetchall()
    sources = [QualityState(*row) for row in rows]
    failures = [failure for failure in results.failures if not failure.is_absent]
    return QualityExtract(run_id, results.answers, failures, sources)


def _extract(
    client: SourceClient,
    settings: Settings,
    requests: Callable[[SourceClient], Iterator[SourceRequest]],
    say: Say,
    results: RequestResults,
) -> None:
    try:
        make_requests(requests(client), say, results)
    finally:
        # Also on Ctrl-C: what was archived is loaded, here or by the next run.
        with load_session(client, settings, results.judge):
            pass


def ingest_quality(
    settings: Settings,
    *,
    say: Say = lambda what: None,
    progress: BuildProgress | None = None,
    retry_policy: RetryPolicy | None = None,
) -> QualityIngest:
    """Extract the measures of quality, then build, audit and publish."""
    extract = extract_quality(settings, say, retry_policy)
    return QualityIngest(extract, build(settings, progress=progress), publish_and_alert(settings))

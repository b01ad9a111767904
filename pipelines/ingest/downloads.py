"""Downloads, end to end: request the Hub's list and its bases, load, build, audit, publish."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

import duckdb

from pipelines.alerts.checking import publish_and_alert
from pipelines.archive import utc_now
from pipelines.errors import TokentideError
from pipelines.ingest.market import RequestResults, Say, load_session, make_requests, new_run_id
from pipelines.publish.generations import Generation
from pipelines.settings import Settings
from pipelines.sources.client.http import RetryPolicy, SourceClient
from pipelines.sources.client.upstream import hub
from pipelines.sources.failure import Failure
from pipelines.sources.huggingface import history, repositories
from pipelines.sources.huggingface.requests import base_requests, download_requests
from pipelines.sources.openrouter.requests import SourceRequest
from pipelines.sql import read_sql
from pipelines.transform.build import BuildResult, build
from pipelines.transform.build import Progress as BuildProgress
from warehouse.connection import session

CAPTURED = read_sql(__file__, "downloads_captured")
MISSING_BASES = read_sql(__file__, "missing_bases")
# Bases that a run asks for, a request each: two minutes of what the Hub allows.
MAX_BASES = 180
# Of a first run, after which a person waits.
FIRST_BASES = 40
# Of names that the Hub did not know, and of requests that failed.
ASKED_AGAIN, FAILED_AGAIN = timedelta(days=30), timedelta(hours=12)


class Answered(Protocol):
    """Results of requests: the number of answers, and failures."""

    @property
    def answers(self) -> int:
        """Number of answers."""
        ...

    @property
    def failures(self) -> Sequence[Failure]:
        """Requests that failed, or for something that the source does not have."""
        ...


@dataclass(frozen=True)
class HistoryOptions:
    """Files of past counts to be loaded, and what a person says of them."""

    files: Sequence[str] = ()
    columns: str | None = None
    licence: str | None = None
    citation: str | None = None

    @property
    def context(self) -> dict[str, str]:
        """Context of the answer: columns, licence and citation."""
        return history.context_of(self.columns, self.licence, self.citation)

    def check(self) -> None:
        """Raise BadSetting where the columns are malformed, before anything is fetched."""
        history.context_of(self.columns, self.licence, self.citation)


@dataclass(frozen=True)
class DownloadExtract:
    """Answers and failures of one run, and what the captures hold by now."""

    run_id: str
    answers: int
    failures: list[Failure]
    models: int
    days: int
    history_rows: int
    # Repositories that were asked for as bases: those that the Hub has, and those that it has not,
    # or shows to nobody.
    bases: int
    unknown_bases: int


@dataclass(frozen=True)
class DownloadIngest:
    """One ingest of downloads: the extract, the build of it, and the generation published."""

    extract: DownloadExtract
    built: BuildResult
    generation: Generation


@dataclass
class HistoryResults:
    """Files of past counts that were kept, and those that could not be."""

    answers: int = 0
    failures: list[Failure] = field(default_factory=list)


def extract_downloads(
    settings: Settings,
    options: HistoryOptions | None = None,
    say: Say = lambda what: None,
    retry_policy: RetryPolicy | None = None,
    max_bases: int = MAX_BASES,
) -> DownloadExtract:
    """Request the lists of models and load them; before that, the files of past counts.

    After that, request the bases that no list has, at most `max_bases` of them.
    """
    results, run_id = RequestResults(), new_run_id()
    kept = _keep_history(settings, options or HistoryOptions(), run_id, say, retry_policy)
    with closing(SourceClient(settings, run_id, retry_policy, hub(settings))) as client:
        _request(client, settings, download_requests(client), say, results)
        for names in base_rounds(settings, lambda: results, max_bases):
            _request(client, settings, base_requests(client, names), say, results)
        with session(settings.warehouse) as con:
            [counts] = con.sql(CAPTURED).fetchall()
    failures = [*kept.failures, *results.failures]
    return DownloadExtract(run_id, results.answers + kept.answers, failures, *counts)


def base_rounds(
    settings: Settings, results: Callable[[], Answered], max_bases: int = MAX_BASES
) -> Iterator[list[str]]:
    """Yield names of bases to ask for, until none is missing or enough were asked for.

    A base may name another one that no list has, so its answer is loaded before the next round.
    Nothing is asked of a Hub whose list did not come, or after a request that failed.
    """
    left = max_bases
    while left > 0 and _is_answered(results()):
        with session(settings.warehouse) as con:
            names = missing_bases(con, left)
        if not names:
            return
        yield names
        left -= len(names)


def _is_answered(results: Answered) -> bool:
    return results.answers > 0 and all(failure.is_absent for failure in results.failures)


def missing_bases(con: duckdb.DuckDBPyConnection, most: int = MAX_BASES) -> list[str]:
    """Return names of bases that no answer has, of the most downloaded models first."""
    values = {
        "now": utc_now(),
        "again": ASKED_AGAIN,
        "later": FAILED_AGAIN,
        "name_pattern": repositories.NAME.pattern,
        "dots_pattern": repositories.DOTS.pattern,
        "most": most,
    }
    return [name for name, _ in con.execute(MISSING_BASES, values).fetchall()]


def ingest_downloads(
    settings: Settings,
    options: HistoryOptions | None = None,
    *,
    say: Say = lambda what: None,
    progress: BuildProgress | None = None,
    retry_policy: RetryPolicy | None = None,
    max_bases: int = MAX_BASES,
) -> DownloadIngest:
    """Extract downloads, then build, audit and publish."""
    extract = extract_downloads(settings, options, say, retry_policy, max_bases)
    return DownloadIngest(extract, build(settings, progress=progress), publish_and_alert(settings))


def _request(
    client: SourceClient,
    settings: Settings,
    requests: Iterator[SourceRequest],
    say: Say,
    results: RequestResults,
) -> None:
    try:
        make_requests(requests, say, results)
    finally:
        # Also on Ctrl-C: what was archived is loaded, here or by the next run.
        with load_session(client, settings, results.judge):
            pass


def _keep_history(
    settings: Settings,
    options: HistoryOptions,
    run_id: str,
    say: Say,
    retry_policy: RetryPolicy | None,
) -> HistoryResults:
    results = HistoryResults()
    for name in options.files:
        say(f"history {name}")
        try:
            if upstream := history.upstream_of(name):
                with closing(SourceClient(settings, run_id, retry_policy, upstream)) as client:
                    ask = partial(history.fetch, client, name, options.context)
                    made = make_requests([SourceRequest(f"history {name}", ask)], say)
                results.failures += made.failures
                results.answers += made.answers
            else:
                history.keep_file(settings, Path(name), run_id, options.context)
                results.answers += 1
        except TokentideError as error:
            results.failures.append(Failure(f"history {name}", str(error)))
    return results

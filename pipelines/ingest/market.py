"""The market, end to end: request, archive, load, build, audit, publish.

Dagster's assets and the command call the functions here.

A failed request never holds back another one: each is made by itself, and the failures are listed
at the end. The warehouse is open only while something is read from it or loaded into it, never
while a source is asked.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta

import duckdb

from pipelines.alerts.checking import publish_and_alert
from pipelines.archive import Answer, Archive, utc_now
from pipelines.errors import SourceError, SourceHasNone, SourceUnreachable
from pipelines.ingest.days import DayStatus, day_statuses
from pipelines.loading.answers import DamagedAnswer, OnLoaded, damaged_answers, load_answers
from pipelines.loading.outcome import LoadResult
from pipelines.publish.generations import Generation
from pipelines.settings import Settings
from pipelines.sources.client.http import RetryPolicy, SourceClient
from pipelines.sources.failure import Failure
from pipelines.sources.openrouter import exports, rankings
from pipelines.sources.openrouter.requests import (
    SourceRequest,
    catalogue_requests,
    endpoint_requests,
    rankings_requests,
    slice_requests,
    usage_requests,
)
from pipelines.sql import read_sql
from pipelines.transform.build import BuildResult, build
from pipelines.transform.build import Progress as BuildProgress
from warehouse.connection import session

# Endpoints, with prices and speed, are requested for this many of the models that lead the newest
# rankings.
TOP_MODELS = 30
# Outcomes of answers that came with status 200 and are none.
USELESS = frozenset({"unreadable", "quarantined", "broken", "damaged"})
SLICE_DAYS = timedelta(days=30)
LEADING_MODELS = read_sql(__file__, "leading_models")
FIRST_UNKNOWN_DAY = read_sql(__file__, "first_unknown_day")

Say = Callable[[str], None]


@dataclass(frozen=True)
class MarketExtract:
    """Days and failures of the requests of one run, after loading and before a build."""

    run_id: str
    days: list[DayStatus]
    failures: list[Failure]
    damaged: Sequence[DamagedAnswer] = ()

    @property
    def is_complete(self) -> bool:
        """True where all that the source offers got through, and it offers any day.

        A failure about days counts by its days, which may lie in another answer.
        """
        statuses = {day.status for day in self.days}
        is_any_known = bool(statuses & {"loaded", "missing"})
        return is_any_known and "failed" not in statuses and not self.not_got and not self.damaged

    @property
    def not_got(self) -> list[Failure]:
        """Failed requests that are not about days, which have their own list."""
        return [
            failure for failure in self.failures if failure.start is None and not failure.is_absent
        ]

    @property
    def absent(self) -> list[Failure]:
        """Requests for things that the source does not have, such as hosts of a withdrawn model."""
        return [failure for failure in self.failures if failure.is_absent]

    @property
    def is_unreachable(self) -> bool:
        """True where the source's host could not be reached at all."""
        return any(failure.is_shared for failure in self.failures)


@dataclass(frozen=True)
class MarketIngest:
    """One ingest: the extract, the build of it, and the generation that was published."""

    extract: MarketExtract
    built: BuildResult
    generation: Generation


@dataclass
class RequestResults:
    """The results of a list of requests: the number of answers, and the failures."""

    answers: int = 0
    # Of the requests that were answered, by answer id; loading shows if the answer is one.
    answered: dict[str, SourceRequest] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    # Set once the host could not be reached: every other request to it would fail too.
    unreachable: SourceUnreachable | None = None

    def add(self, request: SourceRequest, result: Answer | Failure) -> None:
        """Count an answer, list a failure."""
        if isinstance(result, Failure):
            self.failures.append(result)
        else:
            self.answers += 1
            self.answered[result.answer_id] = request

    def judge(self, answer: Answer, result: LoadResult) -> None:
        """List an answer of which nothing could be used: it is as good as none."""
        request = self.answered.get(answer.answer_id)
        if request and result.outcome in USELESS:
            reason = result.reason or result.outcome
            self.failures.append(
                Failure(request.what, reason, request.start, request.end, request.asset)
            )


def new_run_id() -> str:
    """Return a name for one ingest, sortable by time."""
    return f"{utc_now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"


def make_requests(
    requests: Iterable[SourceRequest], say: Say, results: RequestResults | None = None
) -> RequestResults:
    """Make the requests one by one.

    Where the host cannot be reached, list the rest without making them.
    """
    results = RequestResults() if results is None else results
    for request in requests:
        say(request.what)
        try:
            if results.unreachable:
                raise results.unreachable
            answers = request.ask()
            for result in (answers,) if isinstance(answers, Answer) else answers:
                results.add(request, result)
        except SourceUnreachable as error:
            results.unreachable = error
            results.failures.append(_failure(request, error, is_shared=True))
        except SourceError as error:
            results.failures.append(_failure(request, error))
    return results


def _failure(request: SourceRequest, error: SourceError, *, is_shared: bool = False) -> Failure:
    return Failure(
        request.what,
        str(error),
        request.start,
        request.end,
        request.asset,
        is_absent=request.may_be_absent and isinstance(error, SourceHasNone),
        is_shared=is_shared,
    )


def load_archive(settings: Settings, on_loaded: OnLoaded = lambda answer, result: None) -> int:
    """Bring the warehouse up to the archive, and return how many answers were loaded."""
    with session(settings.warehouse) as con:
        return load_answers(con, Archive(settings.archive), on_loaded=on_loaded)


def leading_models(con: duckdb.DuckDBPyConnection, top: int = TOP_MODELS) -> list[tuple[str, str]]:
    """Return the leading models of the newest rankings, each with its catalogue id (or name)."""
    return con.execute(LEADING_MODELS, {"top": top}).fetchall()


def window_to_request(
    con: duckdb.DuckDBPyConnection, has_key: bool, today: date
) -> tuple[date, date]:
    """Return the default days: from the first that was never covered, at least a trailing week."""
    yesterday = today - timedelta(days=1)
    first = rankings.FIRST_DAY if has_key else exports.FIRST_FILE - exports.DAYS_IN_FILE
    values = {"first_date": first, "last_date": yesterday}
    [(unknown,)] = con.execute(FIRST_UNKNOWN_DAY, values).fetchall()
    week_ago = max(first, today - rankings.TRAILING)
    return min(unknown or week_ago, week_ago), yesterday


@contextmanager
def load_session(
    client: SourceClient, settings: Settings, on_loaded: OnLoaded = lambda answer, result: None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse, load what the client archived, and give the connection to the block."""
    with session(settings.warehouse) as con:
        load_answers(con, client.archive, client.payloads, on_loaded)
        client.payloads.clear()
        yield con


def extract_rankings(
    client: SourceClient, settings: Settings, start: date, end: date, say: Say = lambda what: None
) -> MarketExtract:
    """Request the unfiltered rankings from start to end and load them.

    A day that did not get through is listed.
    """
    results = RequestResults()
    try:
        make_requests(rankings_requests(client, start, end), say, results)
    finally:
        # Also on Ctrl-C: what was archived is loaded, here or by the next run.
        with load_session(client, settings, results.judge) as con:
            extract = _market_extract(con, client, start, end, results)
    return extract


def extract_market(
    client: SourceClient,
    settings: Settings,
    start: date,
    end: date,
    *,
    slices: bool = False,
    say: Say = lambda what: None,
) -> MarketExtract:
    """Request and load all that the market tables need.

    That is rankings, catalogue, usage, and the endpoints of the leading models.
    """
    results, is_away = RequestResults(), False
    try:
        make_requests(rankings_requests(client, start, end), say, results)
        # A host that cannot be reached has been tried; the rest would only repeat that.
        is_away = results.unreachable is not None
        if not is_away:
            make_requests(_snapshot_requests(client, start, end, slices), say, results)
    finally:
        with load_session(client, settings, results.judge) as con:
            # By the ids of the catalogue that was just fetched.
            leaders = [] if is_away else leading_models(con)
    try:
        make_requests(endpoint_requests(client, leaders), say, results)
    finally:
        with load_session(client, settings, results.judge) as con:
            extract = _market_extract(con, client, start, end, results)
    return extract


def _market_extract(
    con: duckdb.DuckDBPyConnection,
    client: SourceClient,
    start: date,
    end: date,
    results: RequestResults,
) -> MarketExtract:
    days = day_statuses(con, start, end, client.run_id, results.failures)
    return MarketExtract(client.run_id, days, results.failures, damaged_answers(con))


def _snapshot_requests(
    client: SourceClient, start: date, end: date, slices: bool
) -> Iterator[SourceRequest]:
    yield from catalogue_requests(client)
    yield from usage_requests(client, end)
    if slices and client.has_key:
        first = end - SLICE_DAYS + timedelta(days=1)
        yield from slice_requests(client, max(start, first), end)


def ingest_market(
    settings: Settings,
    start: date | None = None,
    end: date | None = None,
    *,
    slices: bool = False,
    say: Say = lambda what: None,
    progress: BuildProgress | None = None,
    retry_policy: RetryPolicy | None = None,
) -> MarketIngest:
    """Extract the market from start to end, then build, audit and publish it.

    Raise a TokentideError where nothing can be published.
    """
    with closing(SourceClient(settings, new_run_id(), retry_policy)) as client:
        with session(settings.warehouse) as con:
            first, last = window_to_request(con, client.has_key, utc_now().date())
        first = start or min(first, end or first)
        extract = extract_market(client, settings, first, end or last, slices=slices, say=say)
    return MarketIngest(extract, build(settings, progress=progress), publish_and_alert(settings))

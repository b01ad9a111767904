"""The market, end to end: ask, keep, land, build, audit, publish. Dagster's assets and the command call the functions here.

One request's fault never holds back another: each is asked by itself, and what did not come is listed at the end.
"""

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from pipelines.archive import Answer, Archive, utc_now
from pipelines.errors import SourceError, SourceUnreachable
from pipelines.ingest.days import DayStatus, Failure, day_statuses
from pipelines.loading.answers import load_answers
from pipelines.loading.outcome import LoadResult
from pipelines.publish.generations import Generation, publish
from pipelines.settings import Settings
from pipelines.sources.http import RetryPolicy, SourceClient
from pipelines.sources.openrouter import exports, rankings
from pipelines.sources.openrouter.requests import (
    SourceRequest,
    catalogue_requests,
    endpoint_requests,
    rankings_requests,
    slice_requests,
    usage_requests,
)
from pipelines.transform.dbt import BuildResult, build
from pipelines.transform.dbt import Progress as BuildProgress
from warehouse.connection import open_warehouse
from warehouse.migrate import migrate

log = logging.getLogger(__name__)

# Hosts, prices and speed are asked for this many of the models that lead the newest board.
TOP_MODELS = 30

Say = Callable[[str], None]


@dataclass(frozen=True)
class MarketExtract:
    """What asking and landing brought, before anything is built of it."""

    run_id: str
    days: list[DayStatus]
    failures: list[Failure]

    @property
    def is_complete(self) -> bool:
        """Whether every asked-for day that the source offers got through, and it offers any."""
        said = {day.status for day in self.days}
        return "failed" not in said and bool(said & {"loaded", "missing"})

    @property
    def is_unreachable(self) -> bool:
        """Whether the source's host could not be reached at all."""
        return any(failure.is_shared for failure in self.failures)


@dataclass(frozen=True)
class MarketIngest:
    """What one ingest brought, built and published."""

    gathered: MarketExtract
    built: BuildResult
    generation: Generation


@dataclass
class RequestResults:
    """What a plan brought: how many answers, and what failed."""

    answers: int = 0
    failures: list[Failure] = field(default_factory=list)

    def take(self, brought: Answer | Failure) -> None:
        """Count an answer, list a failure."""
        if isinstance(brought, Failure):
            self.failures.append(brought)
        else:
            self.answers += 1


def new_run_id() -> str:
    """A name for one ingest, sortable by time."""
    return f"{utc_now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"


def make_requests(plan: Iterable[SourceRequest], say: Say) -> RequestResults:
    """Make every request of a plan; where the host cannot be reached at all, the rest is listed and not asked."""
    collected, shared = RequestResults(), None
    for asked in plan:
        say(asked.what)
        try:
            if shared:
                raise shared
            answers = asked.ask()
            for brought in (answers,) if isinstance(answers, Answer) else answers:
                collected.take(brought)
        except SourceError as error:
            shared = error if isinstance(error, SourceUnreachable) else shared
            collected.failures.append(
                Failure(
                    asked.what,
                    str(error),
                    asked.start,
                    asked.end,
                    isinstance(error, SourceUnreachable),
                )
            )
    return collected


def land(settings: Settings, landed: Callable[[Answer, LoadResult], None] | None = None) -> int:
    """Bring the warehouse up to the archive; returns how many answers were landed."""
    con = open_warehouse(settings.warehouse)
    try:
        migrate(con)
        return load_answers(con, Archive(settings.archive), landed)
    finally:
        con.close()


def leading_models(settings: Settings, top: int = TOP_MODELS) -> list[tuple[str, str]]:
    """The models that lead the newest board, each with the id that the catalogue knows it by (or its own name)."""
    con = open_warehouse(settings.warehouse)
    try:
        return con.execute(LEADING, {"top": top}).fetchall()
    finally:
        con.close()


def window_to_ask(settings: Settings, has_key: bool, today: date) -> tuple[date, date]:
    """The days to ask for when nobody says: from the first day that was never asked for, and at least a trailing week."""
    yesterday = today - timedelta(days=1)
    first = rankings.FIRST_DAY if has_key else exports.FIRST_FILE - exports.DAYS_IN_FILE
    con = open_warehouse(settings.warehouse)
    try:
        migrate(con)
        [(unknown,)] = con.execute(UNKNOWN, {"first": first, "last": yesterday}).fetchall()
    finally:
        con.close()
    week_ago = max(first, today - rankings.TRAILING)
    return min(unknown or week_ago, week_ago), yesterday


def extract_rankings(
    client: SourceClient, settings: Settings, start: date, end: date, say: Say = lambda what: None
) -> MarketExtract:
    """Ask for the unfiltered board from start to end and land it; a day that did not get through is listed in the result."""
    try:
        failures = make_requests(rankings_requests(client, start, end), say).failures
    finally:
        # Also on Ctrl-C: what was kept is landed, here or by the next run.
        land(settings)
    return MarketExtract(
        client.run_id, judged(settings, start, end, client.run_id, failures), failures
    )


def extract_market(
    client: SourceClient,
    settings: Settings,
    start: date,
    end: date,
    slices: bool,
    say: Say = lambda what: None,
) -> MarketExtract:
    """The board, and all else that the market tables need: catalogue, usage, and the hosts of the leading models."""
    board = extract_rankings(client, settings, start, end, say)
    # Where the host cannot be reached, it has been tried and the rest would only repeat that.
    plan = [] if board.is_unreachable else _rest_plan(client, settings, start, end, slices)
    try:
        failures = make_requests(plan, say).failures
    finally:
        land(settings)
    return MarketExtract(board.run_id, board.days, [*board.failures, *failures])


def ingest_market(
    settings: Settings,
    start: date | None = None,
    end: date | None = None,
    *,
    slices: bool = False,
    say: Say = lambda what: None,
    progress: BuildProgress | None = None,
    patience: RetryPolicy | None = None,
) -> MarketIngest:
    """Gather the market from start to end, then build, audit and publish it.

    Raises a TokentideError where nothing can be published.
    """
    client = SourceClient(settings, new_run_id(), patience)
    first, last = window_to_ask(settings, client.has_key, utc_now().date())
    try:
        gathered = extract_market(
            client, settings, start or min(first, end or first), end or last, slices, say
        )
    finally:
        client.close()
    return MarketIngest(gathered, build(settings, progress=progress), publish(settings))


def _rest_plan(
    client: SourceClient, settings: Settings, start: date, end: date, slices: bool
) -> Iterator[SourceRequest]:
    yield from catalogue_requests(client)
    yield from usage_requests(client, end)
    if slices and client.has_key:
        yield from slice_requests(client, max(start, end - timedelta(days=29)), end)
    # The hosts are asked for by the ids of the catalogue that was just fetched.
    land(settings)
    yield from endpoint_requests(client, leading_models(settings))


def judged(
    settings: Settings, start: date, end: date, run_id: str, failures: list[Failure]
) -> list[DayStatus]:
    """What became of each day from start to end in one run."""
    con = open_warehouse(settings.warehouse)
    try:
        unusable = con.execute(UNUSABLE, [run_id]).fetchall()
        lost = [Failure(source, reason, first, last) for source, reason, first, last in unusable]
        return day_statuses(con, start, end, run_id, [*failures, *lost])
    finally:
        con.close()


# The newest complete board's leaders, by the id that the newest catalogue has for name and variant.
LEADING = """
    with board as (
        select content_hash from raw.ranking_days
        where slice = 'all' and grain = 'day' and content_hash is not null
        order by date desc, as_of desc limit 1
    ),
    ranked as (
        select model_permaslug, total_tokens from raw.ranking_rows inner join board using (content_hash)
        where model_permaslug <> 'other'
    ),
    catalogue as (
        select canonical_slug, model_id,
            case when contains(model_id, ':') then split_part(model_id, ':', 2) else '' end as variant
        from raw.models
        where sha256 = (select sha256 from raw.answers where source = 'models' and status in (200, 304) order by fetched_at desc limit 1)
            and not starts_with(model_id, '~')
    )
    select ranked.model_permaslug, coalesce(min(catalogue.model_id), ranked.model_permaslug)
    from ranked left join catalogue
        on split_part(ranked.model_permaslug, ':', 1) = catalogue.canonical_slug
        and catalogue.variant = split_part(ranked.model_permaslug, ':', 2)
    group by ranked.model_permaslug, ranked.total_tokens
    order by ranked.total_tokens desc
    limit $top
"""

# The first day that no answer has covered yet.
UNKNOWN = """
    select min(date)
    from (select unnest(generate_series($first::date, $last::date, interval 1 day))::date as date)
    where date not in (select ranking_days.date from raw.ranking_days where slice = 'all' and grain = 'day')
"""

# Board answers of a run of which nothing could be used, with the days that they were asked for. Bytes that are unchanged since they
# could not be used are of no more use now.
UNUSABLE = """
    select answers.source, known.reason,
        coalesce(try_cast(answers.params ->> 'start_date' as date), try_cast(answers.context ->> 'snapshot_date' as date) - 30),
        coalesce(try_cast(answers.params ->> 'end_date' as date), try_cast(answers.context ->> 'snapshot_date' as date) - 1)
    from raw.answers as answers
    inner join raw.answers as known
        on answers.answer_id = known.answer_id
        or (
            answers.outcome = 'unchanged'
            and answers.sha256 = known.sha256 and answers.source = known.source
            and answers.params = known.params and answers.context = known.context
        )
    where
        answers.run_id = ?
        and answers.source in ('rankings_daily', 'rankings_export')
        and known.outcome in ('unreadable', 'quarantined', 'broken')
"""

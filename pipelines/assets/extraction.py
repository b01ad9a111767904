"""What every step that asks a source has in common: ask a plan, land what came, tell what did not.

Asking and landing are one step, since an answer that is kept but not landed is landed by whichever step comes next.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

import dagster as dg

from pipelines.archive import Answer
from pipelines.ingest.days import Failure
from pipelines.ingest.market import land, make_requests
from pipelines.loading.outcome import LoadResult
from pipelines.settings import Settings
from pipelines.sources.http import RetryPolicy, SourceClient
from pipelines.sources.openrouter.requests import SourceRequest

# Every step that opens the warehouse is in this pool, which holds one run at a time.
POOL = "warehouse"
# The client has repeated each request already, so this is for an upstream that is away for a minute; a longer absence is for run retries.
RETRY = dg.RetryPolicy(
    max_retries=3, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)
ANSWERED = "every_request_was_answered"
LISTED = 50

Now = Callable[[], datetime]
"""Says what time it is; the one of a test stands still."""


@dataclass(frozen=True)
class ExtractResult:
    """What one step brought: `run_id` marks its answers in raw.answers."""

    run_id: str
    answers: int
    rows: int
    failures: list[Failure]


def extract(
    context: dg.AssetExecutionContext,
    settings: Settings,
    patience: RetryPolicy,
    plan: Callable[[SourceClient], Iterator[SourceRequest]],
) -> ExtractResult:
    """Make every request of a plan and land what came of it."""
    rows: list[int] = []

    def count(answer: Answer, landed: LoadResult) -> None:
        rows.extend([landed.rows] if answer.run_id == client.run_id else [])

    with closing(client_of(context, settings, patience)) as client:
        try:
            collected = make_requests(plan(client), context.log.info)
        finally:
            # Also where a run is stopped: what was kept is landed.
            land(settings, count)
    return ExtractResult(client.run_id, collected.answers, sum(rows), collected.failures)


def client_of(
    context: dg.AssetExecutionContext, settings: Settings, patience: RetryPolicy
) -> SourceClient:
    """A client whose answers carry Dagster's own run id; a step that is tried again gets another, so that it is judged by its own."""
    return SourceClient(
        settings,
        context.run.run_id + (f"-{context.retry_number}" if context.retry_number else ""),
        patience,
    )


def answered(asset: str) -> dg.AssetCheckSpec:
    """The check that nothing of a plan failed; it warns, since what did come is used."""
    return dg.AssetCheckSpec(
        ANSWERED,
        asset=asset,
        description="Every request was answered; those that were not are listed.",
    )


def materialize_result(brought: ExtractResult) -> dg.MaterializeResult[None]:
    """What a step that asked says of itself; where nothing at all came it fails, so that it is asked again."""
    if brought.failures and not brought.answers:
        raise nothing_came(brought.failures)
    check = dg.AssetCheckResult(
        check_name=ANSWERED,
        passed=not brought.failures,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "reasons": listed([f"{failure.what}: {failure.reason}" for failure in brought.failures])
        },
    )
    counts = {"answers": brought.answers, "rows": brought.rows, "failures": len(brought.failures)}
    return dg.MaterializeResult(
        metadata={**counts, "ingest_run_id": brought.run_id}, check_results=[check]
    )


def nothing_came(failures: Sequence[Failure]) -> dg.Failure:
    """The failure of a step that got nothing, with the first reason."""
    return dg.Failure(
        f"{len(failures)} requests brought nothing. The first, {failures[0].what}: {failures[0].reason}"
    )


def listed(lines: Sequence[str]) -> dg.MarkdownMetadataValue:
    """Lines for a person, the first of them where they are many."""
    more = [f"and {len(lines) - LISTED} more"] if len(lines) > LISTED else []
    return dg.MetadataValue.md(
        "\n".join(f"- {line}" for line in [*lines[:LISTED], *more]) or "none"
    )

"""The common part of extraction steps: make requests, load the answers, report the failures.

Requesting and loading are one step, since an answer that is archived but not loaded is loaded by
whichever step comes next.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

import dagster as dg

from pipelines.archive import Answer
from pipelines.ingest.market import RequestResults, load_session, make_requests
from pipelines.loading.outcome import LoadResult
from pipelines.settings import Settings
from pipelines.sources.client.http import RetryPolicy, SourceClient
from pipelines.sources.client.upstream import Upstream
from pipelines.sources.failure import Failure
from pipelines.sources.openrouter.requests import SourceRequest

# Every step that opens the warehouse is in this pool, which holds one run at a time.
POOL = "warehouse"
# The client has repeated each request already, so this is for an upstream that is away for a
# minute; a longer absence is for run retries.
RETRY = dg.RetryPolicy(
    max_retries=3, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)
ANSWERED = "every_request_was_answered"
MAX_LISTED = 50

Now = Callable[[], datetime]
"""Returns the current time; tests pass a fixed clock."""


@dataclass(frozen=True)
class ExtractResult:
    """Answers, loaded rows and failures of one step; `run_id` marks its answers in raw.answers."""

    run_id: str
    answers: int
    rows: int
    failures: list[Failure]

    def __add__(self, other: "ExtractResult") -> "ExtractResult":
        """Return the result of both, by the first one's run."""
        return ExtractResult(
            self.run_id,
            self.answers + other.answers,
            self.rows + other.rows,
            [*self.failures, *other.failures],
        )


def extract(
    context: dg.AssetExecutionContext,
    settings: Settings,
    retry_policy: RetryPolicy,
    requests: Callable[[SourceClient], Iterator[SourceRequest]],
    upstream: Upstream | None = None,
) -> ExtractResult:
    """Make every request and load the answers; without another upstream of OpenRouter."""
    rows: list[int] = []
    results = RequestResults()

    def add(answer: Answer, result: LoadResult) -> None:
        rows.extend([result.rows] if answer.run_id == client.run_id else [])
        results.judge(answer, result)

    with closing(client_of(context, settings, retry_policy, upstream)) as client:
        try:
            make_requests(requests(client), context.log.info, results)
        finally:
            # Also where a run is stopped: what was archived is loaded.
            with load_session(client, settings, add):
                pass
    return ExtractResult(client.run_id, results.answers, sum(rows), results.failures)


def client_of(
    context: dg.AssetExecutionContext,
    settings: Settings,
    retry_policy: RetryPolicy,
    upstream: Upstream | None = None,
) -> SourceClient:
    """Return a client whose answers carry Dagster's run id.

    A retried step gets another, so that only its own answers count.
    """
    attempt = f"-{context.retry_number}" if context.retry_number else ""
    return SourceClient(settings, context.run.run_id + attempt, retry_policy, upstream)


def answered_check(asset: str) -> dg.AssetCheckSpec:
    """Return the check that every request got an answer that is one."""
    return dg.AssetCheckSpec(
        ANSWERED,
        asset=asset,
        description="Every request was answered with data; those that were not are listed.",
    )


def materialize_result(result: ExtractResult) -> dg.MaterializeResult[None]:
    """Build the result of an extraction step.

    Raise if every request failed, so that Dagster retries the step.
    """
    failures = result.failures
    if failures and not result.answers:
        raise all_failed(failures)
    counts = {"answers": result.answers, "rows": result.rows, "failures": len(failures)}
    return dg.MaterializeResult(
        metadata={**counts, "ingest_run_id": result.run_id},
        check_results=[answered_result(failures)],
    )


def answered_result(failures: Sequence[Failure]) -> dg.AssetCheckResult:
    """Build the result of the check that every request was answered."""
    reasons = [f"{failure.what}: {failure.reason}" for failure in failures]
    return dg.AssetCheckResult(
        check_name=ANSWERED,
        passed=all(failure.is_absent for failure in failures),
        metadata={"reasons": as_markdown(reasons)},
    )


def all_failed(failures: Sequence[Failure]) -> dg.Failure:
    """Return the failure of a step without any answer, with the first reason."""
    first = failures[0]
    return dg.Failure(
        f"{len(failures)} requests got no answer. The first, {first.what}: {first.reason}"
    )


def as_markdown(lines: Sequence[str]) -> dg.MarkdownMetadataValue:
    """Format lines as a list, the first of them where they are many."""
    left_out = len(lines) - MAX_LISTED
    more = [f"and {left_out} more"] if left_out > 0 else []
    items = [f"- {line}" for line in [*lines[:MAX_LISTED], *more]]
    return dg.MetadataValue.md("\n".join(items) or "none")

"""The requests to OpenRouter.

Each list is a generator: a request is made when its reader gets to it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial

from pipelines.archive import Answer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.failure import Failure
from pipelines.sources.openrouter import (
    apps,
    benchmarks,
    catalogue,
    endpoints,
    exports,
    exports_index,
    providers,
    rankings,
    session_costs,
    tasks,
)


@dataclass(frozen=True)
class SourceRequest:
    """A request by name: how to make it, and the days that are lost if it fails.

    `ask` may make several requests; it then yields answers, and a Failure for each that failed.
    """

    what: str
    ask: Callable[[], Answer | Iterable[Answer | Failure]]
    start: date | None = None
    end: date | None = None
    asset: str | None = None  # of Dagster, which makes these requests together
    # The source may have nothing of this name, which is then a fact and no fault.
    may_be_absent: bool = False


def rankings_requests(client: SourceClient, start: date, end: date) -> Iterator[SourceRequest]:
    """Yield requests for the unfiltered rankings: by windows with a key, else by dated exports."""
    if not client.has_key:
        yield SourceRequest(
            "rankings, keyless exports", partial(exports.fetch, client, start, end), start, end
        )
        return
    for first, last in rankings.windows(max(start, rankings.FIRST_DAY), end):
        yield SourceRequest(
            f"rankings {first} to {last}", partial(rankings.fetch, client, first, last), first, last
        )


def slice_requests(client: SourceClient, start: date, end: date) -> Iterator[SourceRequest]:
    """Yield requests for the filtered rankings of a window of at most a year."""
    for kind, values in rankings.SLICES.items():
        for value in values:
            yield SourceRequest(
                f"rankings by {kind} {value}",
                partial(rankings.fetch_slice, client, kind, value, start, end),
                asset="raw_slices",
            )


def catalogue_requests(client: SourceClient) -> Iterator[SourceRequest]:
    """Yield requests for every model with its names and price, and for every provider."""
    yield SourceRequest("models", partial(catalogue.fetch, client), asset="raw_catalogue")
    yield SourceRequest("providers", partial(providers.fetch, client), asset="raw_catalogue")


def usage_requests(client: SourceClient, day: date) -> Iterator[SourceRequest]:
    """Yield requests for apps, tasks, benchmarks and session costs, all of which need a key.

    Without one the index of exports names what there is, and benchmarks come from an export.
    """
    if not client.has_key:
        yield SourceRequest(
            "index of exports",
            partial(exports_index.fetch, client),
            asset="raw_usage",
            may_be_absent=True,
        )
        return
    yield SourceRequest(f"apps of {day}", partial(apps.fetch, client, day), asset="raw_usage")
    yield SourceRequest("tasks", partial(tasks.fetch, client), asset="raw_usage")
    yield SourceRequest("benchmarks", partial(benchmarks.fetch, client), asset="raw_usage")
    yield SourceRequest("session costs", partial(session_costs.fetch, client), asset="raw_usage")


def endpoint_requests(
    client: SourceClient, models: Iterable[tuple[str, str]]
) -> Iterator[SourceRequest]:
    """Yield requests for the hosts of each (permaslug, catalogue id)."""
    for permaslug, model_id in models:
        yield SourceRequest(
            f"hosts of {permaslug}",
            partial(endpoints.fetch, client, permaslug, model_id),
            asset="raw_endpoints",
            may_be_absent=True,
        )

"""What is asked of OpenRouter, request by request. A plan is a generator: a request is made when whoever follows the plan gets to it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial

from pipelines.archive import Answer
from pipelines.ingest.days import Failure
from pipelines.sources.http import Client
from pipelines.sources.openrouter import (
    apps,
    benchmarks,
    catalogue,
    endpoints,
    exports,
    providers,
    rankings,
    session_costs,
    tasks,
)


@dataclass(frozen=True)
class Asked:
    """One request of a plan: its name, how to make it, and the days that are lost if it brings nothing.

    One that is made of several requests says among its answers which of them failed.
    """

    what: str
    ask: Callable[[], Answer | Iterable[Answer | Failure]]
    start: date | None = None
    end: date | None = None


def board_plan(client: Client, start: date, end: date) -> Iterator[Asked]:
    """The unfiltered board from start to end: by windows with a key, from the dated exports without."""
    if not client.has_key:
        yield Asked(
            "rankings, keyless exports", partial(exports.fetch, client, start, end), start, end
        )
        return
    for first, last in rankings.windows(max(start, rankings.FIRST_DAY), end):
        yield Asked(
            f"rankings {first} to {last}", partial(rankings.fetch, client, first, last), first, last
        )


def slice_plan(client: Client, start: date, end: date) -> Iterator[Asked]:
    """The filtered boards of a window of at most a year."""
    for kind, values in rankings.SLICES.items():
        for value in values:
            yield Asked(
                f"rankings by {kind} {value}",
                partial(rankings.fetch_slice, client, kind, value, start, end),
            )


def catalogue_plan(client: Client) -> Iterator[Asked]:
    """Every model with its names and price, and every provider."""
    yield Asked("models", partial(catalogue.fetch, client))
    yield Asked("providers", partial(providers.fetch, client))


def usage_plan(client: Client, day: date) -> Iterator[Asked]:
    """Apps, tasks, benchmarks and session costs; all of them need a key."""
    if not client.has_key:
        return
    yield Asked(f"apps of {day}", partial(apps.fetch, client, day))
    yield Asked("tasks", partial(tasks.fetch, client))
    yield Asked("benchmarks", partial(benchmarks.fetch, client))
    yield Asked("session costs", partial(session_costs.fetch, client))


def endpoint_plan(client: Client, models: Iterable[tuple[str, str]]) -> Iterator[Asked]:
    """The hosts of each (permaslug, id to ask by)."""
    for permaslug, asked_by in models:
        yield Asked(f"hosts of {permaslug}", partial(endpoints.fetch, client, permaslug, asked_by))

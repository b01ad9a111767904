"""Samples of a target from an existing Prometheus or VictoriaMetrics, as scrapes.

Each request to `query_range` asks for the last sample within each step rather than for the last
known one: that would fill a hole of up to five minutes with the value before it. The instants are
those of the steps, so a step should not be shorter than the interval at which the store scrapes.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from pipelines.errors import HistoryFailed
from pipelines.telemetry.backfill.text_files import make_normaliser, make_scrape
from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.config.tier import Target
from pipelines.telemetry.metrics.normalise import MetricsNormaliser, up_series
from pipelines.telemetry.metrics.vocabulary import label_text

MAX_STEPS = 240  # in one request; with 400 series its response has some MB
MAX_BYTES = 256 * 1024 * 1024
TIMEOUT_SECONDS = 60.0
MAX_REASON = 200  # characters of the store's own error message
# Labels that the store adds to those of the page.
STORE_LABELS = ("__name__", "job", "instance")


@dataclass(frozen=True)
class PrometheusRange:
    """A part of a store. `matchers` select one server: `job="vllm",instance="10.0.0.1:8000"`."""

    url: str
    matchers: str
    start: datetime
    end: datetime
    step_seconds: int = 15
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass
class StoredPage:
    """Samples of one step as lines of a page, and whether the scrape worked."""

    lines: list[str] = field(default_factory=list)
    is_up: bool = True


def read_history(history: PrometheusRange, target: Target) -> Iterator[Scrape]:
    """Yield the scrapes that a store has, oldest first; none for a step without samples."""
    reader = make_normaliser(target)
    names = "|".join([*reader.vocabulary.names, "process_start_time_seconds", "up"])
    query = f'last_over_time({{__name__=~"{names}",{history.matchers}}}[{history.step_seconds}s])'
    step = timedelta(seconds=history.step_seconds)
    with httpx.Client(
        headers=dict(history.headers),
        timeout=TIMEOUT_SECONDS,
        follow_redirects=False,
        trust_env=False,
    ) as client:
        first = history.start
        while first <= history.end:
            last = min(first + step * (MAX_STEPS - 1), history.end)
            result = _query_range(client, history, query, first, last)
            yield from _to_scrapes(result, target, reader)
            first = last + step


def _query_range(
    client: httpx.Client, history: PrometheusRange, query: str, first: datetime, last: datetime
) -> list[dict[str, Any]]:
    """Return the series of some steps; raise HistoryFailed with what the store says."""
    form = {
        "query": query,
        "start": str(first.timestamp()),
        "end": str(last.timestamp()),
        "step": str(history.step_seconds),
    }
    url = f"{history.url.rstrip('/')}/api/v1/query_range"
    try:
        with client.stream("POST", url, data=form) as response:
            content = json.loads(_read_body(response))
    except httpx.TransportError as error:
        raise HistoryFailed(
            f"{url} did not respond ({type(error).__name__}). "
            "Check the address and that the store runs."
        ) from error
    except (ValueError, RecursionError) as error:
        raise HistoryFailed(
            f"{url} responded {response.status_code} with something that is not JSON. "
            "Is it Prometheus' HTTP API?"
        ) from error
    _must_succeed(response, content, first)
    try:
        return [
            {"metric": dict(series["metric"]), "values": list(series["values"])}
            for series in content["data"]["result"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise HistoryFailed(
            f"{url} did not respond with a matrix, so it is not Prometheus' HTTP API. "
            "Check the address."
        ) from error


def _must_succeed(response: httpx.Response, content: Any, first: datetime) -> None:
    status = content.get("status") if isinstance(content, dict) else None
    if response.status_code == httpx.codes.OK and status == "success":
        return
    reason = str(content.get("error", ""))[:MAX_REASON] if isinstance(content, dict) else ""
    raise HistoryFailed(
        f"{response.url} refused {first:%Y-%m-%d %H:%M} ({response.status_code}: {reason}). "
        "Correct the matchers, or ask for less."
    )


def _read_body(response: httpx.Response) -> bytes:
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > MAX_BYTES:
            raise HistoryFailed(
                f"The store's response is larger than {MAX_BYTES >> 20} MiB. "
                "Narrow the matchers to one server."
            )
    return bytes(body)


def _to_scrapes(
    result: list[dict[str, Any]], target: Target, reader: MetricsNormaliser
) -> Iterator[Scrape]:
    servers = {(series["metric"].get("job"), series["metric"].get("instance")) for series in result}
    if len(servers) > 1:
        raise HistoryFailed(
            f"The matchers select {len(servers)} servers, whose counters would mix. "
            'Add instance="…" to select one.'
        )
    pages = _to_pages(result)
    for at in sorted(pages):
        yield _to_scrape(at, pages[at], target, reader)


def _to_pages(result: list[dict[str, Any]]) -> dict[float, StoredPage]:
    """Group samples by instant, which is in seconds since 1970."""
    pages: dict[float, StoredPage] = {}
    for series in result:
        metric = series["metric"]
        name = metric.get("__name__", "")
        labels = label_text({key: metric[key] for key in metric if key not in STORE_LABELS})
        head = f"{name}{{{labels}}}" if labels else name
        for at, value in series["values"]:
            page = pages.setdefault(float(at), StoredPage())
            if name == "up":
                page.is_up = float(value) > 0
            else:
                page.lines.append(f"{head} {value}")
    return pages


def _to_scrape(at: float, page: StoredPage, target: Target, reader: MetricsNormaliser) -> Scrape:
    parsed = reader.read("\n".join(page.lines).encode(), at)
    scrape = make_scrape(target, datetime.fromtimestamp(at, UTC), parsed)
    if page.is_up:
        return scrape
    up = up_series("up", reason="down_in_store")
    return replace(scrape, series=(up,), values=(0.0,))

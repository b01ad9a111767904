"""Samples of a target from an existing Prometheus or VictoriaMetrics, as scrapes.

Each request asks for raw samples with a range selector, so that each has the instant at which the
store scraped it and not that of a step that asked for it. Labels of the operator are dropped, and
two stores that scraped the same server (a pair of Prometheus) are one.
"""

import json
from bisect import bisect_left, insort
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
from pipelines.telemetry.metrics.operator_labels import drop_operator_labels
from pipelines.telemetry.metrics.vocabulary import label_text

MAX_STEPS = 240  # in one request; with 400 series its response has some MB
# Samples of a second store are used where the first one has none within this time, or a step.
MIN_HOLE_SECONDS = 15.0
MAX_BYTES = 256 * 1024 * 1024
TIMEOUT_SECONDS = 60.0
MAX_REASON = 200  # characters of the store's own error message


@dataclass(frozen=True)
class PrometheusRange:
    """A part of a store. `matchers` select one server: `job="vllm",instance="10.0.0.1:8000"`.

    Scrapes closer together than `step_seconds` are thinned out.
    """

    url: str
    matchers: str
    start: datetime
    end: datetime
    step_seconds: int = 15
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass
class StoredPage:
    """Samples of one scrape as lines of a page, and whether the scrape worked."""

    lines: list[str] = field(default_factory=list)
    is_up: bool = True


StoredPages = dict[float, StoredPage]
# Labels of a target in one store, which tell two stores of the same server apart.
TargetLabels = frozenset[tuple[str, str]]


def read_history(history: PrometheusRange, target: Target) -> Iterator[Scrape]:
    """Yield the scrapes that a store has, oldest first; none for a time without samples."""
    reader = make_normaliser(target)
    names = "|".join([*reader.vocabulary.names, "process_start_time_seconds", "up"])
    selector = f'{{__name__=~"{names}",{history.matchers}}}'
    piece = timedelta(seconds=history.step_seconds * MAX_STEPS)
    with httpx.Client(
        headers=dict(history.headers),
        timeout=TIMEOUT_SECONDS,
        follow_redirects=False,
        trust_env=False,
    ) as client:
        first, read_until = history.start, history.start.timestamp() - 1
        while first <= history.end:
            last = min(first + piece, history.end)
            # A second more: newer versions of Prometheus leave out the beginning of the range.
            seconds = round((last - first).total_seconds()) + 1
            result = _query(client, history, f"{selector}[{seconds}s]", last)
            pages = _thin_out(_to_pages(result, history.step_seconds), history.step_seconds)
            new = {at: page for at, page in pages.items() if at > read_until}
            for at in sorted(new):
                yield _to_scrape(at, new[at], target, reader)
            read_until = max(new, default=read_until)
            first = last + timedelta(microseconds=1) if last == history.end else last


def _query(
    client: httpx.Client, history: PrometheusRange, query: str, last: datetime
) -> list[dict[str, Any]]:
    """Return the raw samples until an instant; raise HistoryFailed with what the store says."""
    form = {"query": query, "time": str(last.timestamp())}
    url = f"{history.url.rstrip('/')}/api/v1/query"
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
    _must_succeed(response, content, last)
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


def _must_succeed(response: httpx.Response, content: Any, last: datetime) -> None:
    status = content.get("status") if isinstance(content, dict) else None
    if response.status_code == httpx.codes.OK and status == "success":
        return
    reason = str(content.get("error", ""))[:MAX_REASON] if isinstance(content, dict) else ""
    raise HistoryFailed(
        f"{response.url} refused {last:%Y-%m-%d %H:%M} ({response.status_code}: {reason}). "
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


def _to_pages(result: list[dict[str, Any]], step_seconds: float) -> StoredPages:
    """Group samples by instant, in seconds since 1970; of stores of one server take the fuller."""
    servers = {(series["metric"].get("job"), series["metric"].get("instance")) for series in result}
    if len(servers) > 1:
        raise HistoryFailed(
            f"The matchers select {len(servers)} servers, whose counters would mix. "
            'Add instance="…" to select one.'
        )
    targets = _list_targets(result)
    stores: dict[TargetLabels, StoredPages] = {}
    for series in result:
        labels = series["metric"]
        of_target = max(
            (each for each in targets if each <= labels.items()), key=len, default=frozenset()
        )
        _add_series(stores.setdefault(of_target, {}), series, dict(of_target))
    return _merge(list(stores.values()), max(MIN_HOLE_SECONDS, step_seconds))


def _list_targets(result: list[dict[str, Any]]) -> list[TargetLabels]:
    """List the labels of the target in each store: those of `up`, which every series has too."""
    ups = [series["metric"] for series in result if series["metric"].get("__name__") == "up"]
    return [frozenset((name, up[name]) for name in up if name != "__name__") for up in ups]


def _add_series(pages: StoredPages, series: dict[str, Any], of_target: dict[str, str]) -> None:
    metric = dict(series["metric"])
    name = metric.pop("__name__", "")
    labels = label_text(drop_operator_labels(metric, of_target))
    head = f"{name}{{{labels}}}" if labels else name
    for at, value in series["values"]:
        page = pages.setdefault(float(at), StoredPage())
        if name == "up":
            page.is_up = float(value) > 0
        else:
            page.lines.append(f"{head} {value}")


def _merge(stores: list[StoredPages], hole_seconds: float) -> StoredPages:
    """Take the pages of the fullest store, and those of others in its holes."""
    merged: StoredPages = {}
    taken: list[float] = []
    for pages in sorted(stores, key=len, reverse=True):
        before = list(taken)
        for at, page in pages.items():
            place = bisect_left(before, at)
            near = before[max(0, place - 1) : place + 1]
            if all(abs(other - at) > hole_seconds for other in near):
                merged[at] = page
                insort(taken, at)
    return merged


def _thin_out(pages: StoredPages, step_seconds: float) -> StoredPages:
    """Keep pages that are a step apart; a store's own interval wavers by some milliseconds."""
    kept: StoredPages = {}
    next_at = float("-inf")
    for at in sorted(pages):
        if at >= next_at:
            kept[at] = pages[at]
            next_at = at + 0.9 * step_seconds
    return kept


def _to_scrape(at: float, page: StoredPage, target: Target, reader: MetricsNormaliser) -> Scrape:
    parsed = reader.read("\n".join(page.lines).encode(), at)
    scrape = make_scrape(target, datetime.fromtimestamp(at, UTC), parsed)
    if page.is_up:
        return scrape
    up = up_series("up", reason="down_in_store")
    return replace(scrape, series=(up,), values=(0.0,))

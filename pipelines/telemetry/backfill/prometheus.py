"""Samples of a target from an existing Prometheus or VictoriaMetrics, as scrapes.

Each request asks for raw samples with a range selector, so that each has the instant at which the
store scraped it and not that of a step that asked for it. Labels of the operator are dropped, and
two stores that scraped the same server (a pair of Prometheus) are one.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines.errors import HistoryFailed, HistoryTooLarge
from pipelines.telemetry.backfill.store import MetricStore
from pipelines.telemetry.backfill.text_files import make_normaliser, make_scrape
from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.config.tier import Target
from pipelines.telemetry.metrics.normalise import MetricsNormaliser, up_series
from pipelines.telemetry.metrics.operator_labels import drop_operator_labels
from pipelines.telemetry.metrics.vocabulary import label_text

MAX_STEPS = 240  # in one request; with 400 series its response has some MB
# Samples of a second store are used where the first one has none within this time, or a step.
MIN_HOLE_SECONDS = 15.0
MIN_PIECE_SECONDS = 60
START = "process_start_time_seconds"


@dataclass(frozen=True)
class PrometheusRange:
    """A part of a store. `matchers` select one server: `job="vllm",instance="10.0.0.1:8000"`.

    Scrapes closer together than `step_seconds` are thinned out, but not those around a restart.
    """

    url: str
    matchers: str
    start: datetime
    end: datetime
    step_seconds: int = 15
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: Path | None = None


@dataclass
class StoredPage:
    """Samples of one scrape as lines of a page, whether the scrape worked, and whose it is."""

    lines: list[str] = field(default_factory=list)
    is_up: bool = True
    started: str = ""  # when the process of the page did


StoredPages = dict[float, StoredPage]
# Labels of a target in one store, which tell two stores of the same server apart.
TargetLabels = frozenset[tuple[str, str]]


def read_history(history: PrometheusRange, target: Target) -> Iterator[Scrape]:
    """Yield the scrapes that a store has, oldest first; none for a time without samples."""
    with MetricStore(history.url, history.headers, history.ca_file) as store:
        yield from read_range(store, history, target)


def read_range(store: MetricStore, history: PrometheusRange, target: Target) -> Iterator[Scrape]:
    """Yield the scrapes of a part of an open store, oldest first."""
    reader = make_normaliser(target)
    names = "|".join([*reader.vocabulary.names, START, "up"])
    selector = f'{{__name__=~"{names}",{history.matchers}}}'
    piece = timedelta(seconds=history.step_seconds * MAX_STEPS)
    first, read_until = history.start, history.start.timestamp() - 1
    while first <= history.end:
        last = min(first + piece, history.end)
        pages = _read_piece(store, selector, first, last, history.step_seconds)
        new = {at: page for at, page in pages.items() if at > read_until}
        for at in sorted(new):
            yield _to_scrape(at, new[at], target, reader)
        read_until = max(new, default=read_until)
        first = last + timedelta(microseconds=1) if last == history.end else last


def _read_piece(
    store: MetricStore, selector: str, first: datetime, last: datetime, step_seconds: float
) -> StoredPages:
    """Read the pages between two instants; in halves where the store would give only less."""
    # A second more: newer versions of Prometheus leave out the beginning of the range.
    seconds = round((last - first).total_seconds()) + 1
    try:
        result = store.query(f"{selector}[{seconds}s]", last)
    except HistoryTooLarge:
        if seconds < MIN_PIECE_SECONDS:
            raise
        middle = first + (last - first) / 2
        return {
            **_read_piece(store, selector, first, middle, step_seconds),
            **_read_piece(store, selector, middle, last, step_seconds),
        }
    return _thin_out(_to_pages(result, step_seconds), step_seconds)


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
        if name == START:
            page.started = str(value)


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
    """Keep pages that are a step apart; a store's own interval wavers by some milliseconds.

    The first and the last page of a process stay, so that all that it counted between them does.
    """
    kept: StoredPages = {}
    next_at = float("-inf")
    order = sorted(pages)
    for at, before, after in zip(order, [None, *order], [*order[1:], None], strict=False):
        is_of_both = all(
            each is not None
            and pages[each].started == pages[at].started
            and abs(each - at) <= step_seconds
            for each in (before, after)
        )
        if at >= next_at or not is_of_both:
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

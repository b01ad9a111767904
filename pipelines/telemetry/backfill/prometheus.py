"""What an existing Prometheus or VictoriaMetrics knows of a target becomes the same segments as if it had been scraped.

The store is asked through `query_range`, for the last sample within each step rather than for the last one known: the latter would
fill a hole of up to five minutes with the value before it. The instants are those of the steps, so a step should not be shorter than the
interval at which the store scrapes.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from pipelines.errors import HistoryFailed
from pipelines.telemetry.backfill.text_files import reader_of, scrape_of
from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.config.tier import Target
from pipelines.telemetry.metrics.normalise import MetricsNormaliser, up
from pipelines.telemetry.metrics.vocabulary import label_text

MAX_POINTS = 240  # steps asked for at once; with 400 series that is an answer of some MB
MAX_BYTES = 256 * 1024 * 1024
SECONDS = 60.0
OF_THE_STORE = ("__name__", "job", "instance")


@dataclass(frozen=True)
class PrometheusRange:
    """Which part of which store: `matchers` pick one server, such as `job="vllm",instance="10.0.0.1:8000"`."""

    url: str
    matchers: str
    start: datetime
    end: datetime
    step_seconds: int = 15
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass
class Instant:
    """What the store has of one step: the lines of a page, and whether the scrape had worked."""

    lines: list[str] = field(default_factory=list)
    is_up: bool = True


def read_history(history: PrometheusRange, target: Target) -> Iterator[Scrape]:
    """The scrapes that the store remembers, oldest first; a step of which it knows nothing brings none."""
    reader = reader_of(target)
    names = "|".join([*reader.vocabulary.names, "process_start_time_seconds", "up"])
    query = f'last_over_time({{__name__=~"{names}",{history.matchers}}}[{history.step_seconds}s])'
    step = timedelta(seconds=history.step_seconds)
    with httpx.Client(
        headers=dict(history.headers), timeout=SECONDS, follow_redirects=False, trust_env=False
    ) as client:
        first = history.start
        while first <= history.end:
            last = min(first + step * (MAX_POINTS - 1), history.end)
            yield from _scrapes(_asked(client, history, query, first, last), target, reader)
            first = last + step


def _asked(
    client: httpx.Client, history: PrometheusRange, query: str, first: datetime, last: datetime
) -> list[dict[str, Any]]:
    form = {
        "query": query,
        "start": str(first.timestamp()),
        "end": str(last.timestamp()),
        "step": str(history.step_seconds),
    }
    url = f"{history.url.rstrip('/')}/api/v1/query_range"
    try:
        with client.stream("POST", url, data=form) as response:
            answer = json.loads(_body(response))
    except httpx.TransportError as error:
        raise HistoryFailed(
            f"{url} did not answer ({type(error).__name__}). Check the address and that the store runs."
        ) from error
    except (ValueError, RecursionError) as error:
        raise HistoryFailed(
            f"{url} answered {response.status_code} with something that is not JSON. Is it Prometheus' HTTP API?"
        ) from error
    if (
        response.status_code != httpx.codes.OK
        or not isinstance(answer, dict)
        or answer.get("status") != "success"
    ):
        said = str(answer.get("error", ""))[:200] if isinstance(answer, dict) else ""
        raise HistoryFailed(
            f"{url} refused {first:%Y-%m-%d %H:%M} ({response.status_code}: {said}). Correct the matchers, or ask for less."
        )
    try:
        return [
            {"metric": dict(series["metric"]), "values": list(series["values"])}
            for series in answer["data"]["result"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise HistoryFailed(
            f"{url} did not answer with a matrix, so it is not Prometheus' HTTP API. Check the address."
        ) from error


def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > MAX_BYTES:
            raise HistoryFailed(
                f"The store's answer is larger than {MAX_BYTES >> 20} MiB. Narrow the matchers to one server."
            )
    return bytes(body)


def _scrapes(
    result: list[dict[str, Any]], target: Target, reader: MetricsNormaliser
) -> Iterator[Scrape]:
    servers = {(series["metric"].get("job"), series["metric"].get("instance")) for series in result}
    if len(servers) > 1:
        raise HistoryFailed(
            f'The matchers pick {len(servers)} servers, whose counters would mix. Add instance="…" to pick one.'
        )
    instants = _instants(result)
    for at in sorted(instants):
        yield _scrape(at, instants[at], target, reader)


def _instants(result: list[dict[str, Any]]) -> dict[float, Instant]:
    instants: dict[float, Instant] = {}
    for series in result:
        name = series["metric"].get("__name__", "")
        labels = label_text(
            {key: value for key, value in series["metric"].items() if key not in OF_THE_STORE}
        )
        head = f"{name}{{{labels}}}" if labels else name
        for at, value in series["values"]:
            instant = instants.setdefault(float(at), Instant())
            if name == "up":
                instant.is_up = float(value) > 0
            else:
                instant.lines.append(f"{head} {value}")
    return instants


def _scrape(at: float, instant: Instant, target: Target, reader: MetricsNormaliser) -> Scrape:
    scrape = scrape_of(
        target, datetime.fromtimestamp(at, UTC), reader.read("\n".join(instant.lines).encode(), at)
    )
    if instant.is_up:
        return scrape
    return replace(scrape, series=(up("up", reason="down_in_store"),), values=(0.0,))

"""A simulator of Prometheus-compatible stores: what they hold, and how they differ.

It evaluates just the queries that are made of a store: raw samples of a range, and the number of
samples of `up` by hour.
"""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from support.scripted_server import json_response

from pipelines.simulator.api.data_api import BASE

MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"((?:[^"\\]|\\.)*)"')
TOKENS = "vllm:generation_tokens_total"
VLLM = (TOKENS, "vllm:prompt_tokens_total", "vllm:num_requests_running")


@dataclass(frozen=True)
class HeldServer:
    """A server that a store scraped from one instant to another."""

    labels: Mapping[str, str]
    first: float
    last: float
    interval: float = 60.0
    start: float = 0.0  # of its process
    families: Sequence[str] = VLLM
    page_labels: Mapping[str, str] = field(default_factory=lambda: {"model_name": "m"})

    def instants(self, after: float, until: float) -> list[float]:
        """Return the instants of its scrapes in a range that is open on the left."""
        number = max(0, int((after - self.first) // self.interval))
        found = []
        while (at := self.first + number * self.interval) <= min(until, self.last):
            if at > after:
                found.append(at)
            number += 1
        return found

    def value(self, name: str, at: float) -> float:
        """Return what its page said."""
        if name == "up":
            return 1.0
        return self.start if name == "process_start_time_seconds" else (at - self.start) * 10

    def series(self) -> Iterator[dict[str, str]]:
        """Yield the labels of its series."""
        for name in ("up", "process_start_time_seconds"):
            yield {"__name__": name, **self.labels}
        for name in self.families:
            yield {"__name__": name, **self.labels, **self.page_labels}


@dataclass
class HeldStore:
    """A store of servers.

    `stores` are labels of the stores of a pair, `has_targets` says whether it scrapes by itself,
    `max_seconds` the longest range that it gives, `fails_from` the request from which it fails.
    """

    servers: list[HeldServer]
    stores: Sequence[Mapping[str, str]] = ({},)
    has_targets: bool = True
    has_up: bool = True
    max_seconds: float = float("inf")
    fails_from: float = float("inf")
    now: float = float("inf")
    wait_seconds: float = 0.0  # before each response with samples
    queries: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        """Return the application, to be served."""
        routes = [
            Route(f"{BASE}/api/v1/query", self._query, methods=["POST"]),
            Route(f"{BASE}/api/v1/query_range", self._range, methods=["POST"]),
            Route(f"{BASE}/api/v1/series", self._series, methods=["POST"]),
            Route(f"{BASE}/api/v1/label/__name__/values", self._names),
            Route(f"{BASE}/api/v1/targets", self._targets),
        ]
        return Starlette(routes=routes)

    def _held(self) -> Iterator[tuple[HeldServer, dict[str, str]]]:
        for server in self.servers:
            for store in self.stores:
                for series in server.series():
                    if self.has_up or series["__name__"] != "up":
                        yield server, {**series, **store}

    async def _series(self, request: Request) -> Response:
        form = await _form(request)
        first, last = float(form["start"]), float(form["end"])
        found = [
            labels
            for server, labels in self._held()
            if server.first <= last and server.last >= first and _fits(form["match[]"], labels)
        ]
        return _success(found)

    async def _names(self, request: Request) -> Response:
        return _success(sorted({labels["__name__"] for _, labels in self._held()} | {"go_info"}))

    async def _targets(self, request: Request) -> Response:
        if not self.has_targets:
            return Response("unsupported path", status_code=400)
        active = [
            {
                "scrapeUrl": f"http://{server.labels['instance']}/metrics",
                "labels": dict(server.labels),
                "discoveredLabels": {"__address__": server.labels["instance"]},
                "scrapePool": server.labels["job"],
            }
            for server in self.servers
            if server.last >= self.now
        ]
        return _success({"activeTargets": active})

    async def _query(self, request: Request) -> Response:
        form = await _form(request)
        self.queries.append(form["query"])
        await asyncio.sleep(self.wait_seconds)
        selector, _, rest = form["query"].rpartition("[")
        seconds = 3600.0 if rest == "1h]" else float(rest.removesuffix("s]"))
        until = float(form["time"])
        if len(self.queries) >= self.fails_from:
            return json_response(500, {"status": "error", "error": "disk"})(request)
        if seconds > self.max_seconds:
            error = "query processing would load too many samples into memory"
            return json_response(422, {"status": "error", "error": error})(request)
        return _success({"result": list(self._matrix(selector, until - seconds, until))})

    def _matrix(self, selector: str, after: float, until: float) -> Iterator[dict[str, Any]]:
        for server, labels in self._held():
            name = labels["__name__"]
            values = [[at, str(server.value(name, at))] for at in server.instants(after, until)]
            if values and _fits(selector, labels):
                yield {"metric": labels, "values": values}

    async def _range(self, request: Request) -> Response:
        form = await _form(request)
        by = re.findall(r"\w+", form["query"].partition("(")[2].partition(")")[0])
        selector = form["query"].partition("count_over_time(")[2].partition("[")[0]
        counts: dict[tuple[tuple[str, str], ...], dict[float, int]] = {}
        step, at = float(form["step"]), float(form["start"])
        while at <= float(form["end"]):
            for server, labels in self._held():
                if _fits(selector, labels) and (found := server.instants(at - step, at)):
                    key = tuple((name, labels[name]) for name in by if name in labels)
                    counts.setdefault(key, {})[at] = len(found)
            at += step
        result = [
            {"metric": dict(key), "values": [[at, str(number)] for at, number in values.items()]}
            for key, values in counts.items()
        ]
        return _success({"result": result})


def _success(data: Any) -> Response:
    return JSONResponse({"status": "success", "data": data})


async def _form(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}


def _fits(selector: str, labels: Mapping[str, str]) -> bool:
    """Tell whether a series is one of a selector such as `up{job=~"a|b"}`."""
    name = selector.partition("{")[0]
    if name and labels["__name__"] != name:
        return False
    for label, operator, quoted in MATCHER.findall(selector):
        wanted, value = json.loads(f'"{quoted}"'), labels.get(label, "")
        is_equal = bool(re.fullmatch(wanted, value)) if "~" in operator else value == wanted
        if is_equal == operator.startswith("!"):
            return False
    return True

"""The HTTP API of an existing Prometheus or VictoriaMetrics, with its errors in words of ours."""

import json
import ssl
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from pipelines.errors import HistoryFailed, HistoryTooLarge
from pipelines.telemetry.collector.scraping import make_context

MAX_BYTES = 256 * 1024 * 1024
TIMEOUT_SECONDS = 60.0
MAX_REASON = 200  # characters of the store's own error message
# A range that has too many samples, or takes the store too long.
TOO_LARGE = frozenset({413, 422, 503})
UNAUTHORISED = frozenset({401, 403})
NOT_PROMETHEUS = "Check the address, such as http://10.0.0.2:9090."


class MetricStore:
    """A store of metrics that speaks Prometheus' HTTP API. Threads may share it."""

    def __init__(
        self, url: str, headers: Mapping[str, str] | None = None, ca_file: Path | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self._client = httpx.Client(
            headers=dict(headers or {}),
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
            trust_env=False,
            verify=make_context(ca_file),
        )

    def __enter__(self) -> "MetricStore":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def query(self, query: str, last: datetime) -> list[dict[str, Any]]:
        """Return the raw samples of a range until an instant, by series."""
        form = {"query": query, "time": str(last.timestamp())}
        return self._matrix("query", form, f"{last:%Y-%m-%d %H:%M}")

    def query_range(
        self, query: str, first: datetime, last: datetime, step_seconds: int
    ) -> list[dict[str, Any]]:
        """Return the values of a query at steps from one instant to another, by series."""
        form = {
            "query": query,
            "start": str(first.timestamp()),
            "end": str(last.timestamp()),
            "step": str(step_seconds),
        }
        return self._matrix("query_range", form, f"{first:%Y-%m-%d %H:%M}")

    def series(self, selector: str, first: datetime, last: datetime) -> list[dict[str, str]]:
        """Return the labels of each series that has samples between two instants."""
        form = {"match[]": selector, "start": str(first.timestamp()), "end": str(last.timestamp())}
        found = self._request("POST", "series", form, selector)
        if not isinstance(found, list) or not all(_is_labels(each) for each in found):
            raise self._not_prometheus("series")
        return found

    def metric_names(self, first: datetime, last: datetime) -> list[str]:
        """Return the names of metrics with samples between two instants."""
        span = {"start": str(first.timestamp()), "end": str(last.timestamp())}
        found = self._request("GET", "label/__name__/values", span, "the names of metrics")
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise self._not_prometheus("names of metrics")
        return found

    def targets(self) -> bytes | None:
        """Return the list of what it scrapes; None if it is a store that has no such list."""
        status, content = self._fetch("GET", "targets", {"state": "active"})
        return content if status == httpx.codes.OK else None

    def _matrix(self, path: str, form: Mapping[str, str], what: str) -> list[dict[str, Any]]:
        data = self._request("POST", path, form, what)
        try:
            return [
                {"metric": dict(series["metric"]), "values": list(series["values"])}
                for series in data["result"]
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise self._not_prometheus("a matrix") from error

    def _request(self, method: str, path: str, form: Mapping[str, str], what: str) -> Any:
        status, content = self._fetch(method, path, form)
        try:
            response = json.loads(content)
        except (ValueError, RecursionError) as error:
            if status in UNAUTHORISED:
                raise self._refusal(status, "", what) from error
            raise HistoryFailed(
                f"{self.url}/api/v1/{path} responded {status} with something that is not JSON. "
                "Is it Prometheus' HTTP API?"
            ) from error
        is_table = isinstance(response, dict)
        if status == httpx.codes.OK and is_table and response.get("status") == "success":
            return response.get("data")
        raise self._refusal(status, str(response.get("error", "")) if is_table else "", what)

    def _refusal(self, status: int, words: str, what: str) -> HistoryFailed:
        start = f"{self.url} refused {what[:MAX_REASON]} ({status}: {words[:MAX_REASON]}). "
        if status in UNAUTHORISED:
            return HistoryFailed(
                f"{start}Name the variable that has a valid token: "
                "--header Authorization=PROMETHEUS_AUTHORIZATION."
            )
        kind = HistoryTooLarge if status in TOO_LARGE else HistoryFailed
        return kind(f"{start}Correct the matchers, or ask for less.")

    def _not_prometheus(self, expected: str) -> HistoryFailed:
        return HistoryFailed(
            f"{self.url} did not respond with {expected}, so it is not Prometheus' HTTP API. "
            f"{NOT_PROMETHEUS}"
        )

    def _fetch(self, method: str, path: str, form: Mapping[str, str]) -> tuple[int, bytes]:
        url = f"{self.url}/api/v1/{path}"
        params, data = (form, None) if method == "GET" else (None, form)
        try:
            with self._client.stream(method, url, params=params, data=data) as response:
                return response.status_code, _read_body(response)
        except httpx.TimeoutException as error:
            raise HistoryTooLarge(
                f"{url} did not respond within {TIMEOUT_SECONDS:.0f} s. Ask for less, or look at "
                "its load."
            ) from error
        except (httpx.TransportError, httpx.DecodingError, httpx.InvalidURL) as error:
            raise HistoryFailed(_connection_words(url, error)) from error


def _connection_words(url: str, error: Exception) -> str:
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"{url} has a certificate that is not trusted. Name its authority in --ca-file."
        cause = cause.__cause__ or cause.__context__
    return (
        f"{url} did not respond ({type(error).__name__}). "
        "Check the address and that the store runs."
    )


def _read_body(response: httpx.Response) -> bytes:
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > MAX_BYTES:
            raise HistoryTooLarge(
                f"The store's response is larger than {MAX_BYTES >> 20} MiB. Narrow the matchers."
            )
    return bytes(body)


def _is_labels(found: Any) -> bool:
    return isinstance(found, dict) and all(isinstance(each, str) for each in found.values())

"""The one way to ask an upstream: bounded in time and size, polite about limits, and archived before anyone looks at it."""

import json
import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from urllib.parse import urlsplit

import httpx
import stamina

from pipelines.archive import REDACTED, Answer, Archive, utc_now
from pipelines.errors import (
    BadAnswer,
    BrokenOff,
    LimitReached,
    SourceRefused,
    SourceServerError,
    SourceUnreachable,
)
from pipelines.settings import Settings
from pipelines.sources.parsing import must_be_json, quoted
from pipelines.sources.quota import Budget, RequestQuota, next_midnight

log = logging.getLogger(__name__)

MAX_BODY = 64 * 1024 * 1024  # the largest known answer, a year of rankings, has 2 MB
# Of these no piece that is read at once grows to more than the largest body; zstd, or gzip in gzip, would fill the memory.
PACKINGS = frozenset({"", "identity", "gzip"})
MAX_WAIT = 120.0  # a limit that ends later than this is not waited for
USER_AGENT = f"tokentide/{version('tokentide')} (token market analytics)"


def _tell(details: stamina.instrumentation.RetryDetails) -> None:
    log.info("%s Asking again in %.1f s.", details.caused_by, details.wait_for)


# Said here, since stamina would say it on standard output, beside an answer for a program.
stamina.instrumentation.set_on_retry_hooks([_tell])


@dataclass(frozen=True)
class RetryPolicy:
    """How long a request may take (seconds), and how often it is repeated."""

    connect: float = 10.0
    read: float = 15.0
    whole: float = 45.0
    attempts: int = 4
    first_pause: float = 0.5
    together: float = 100.0


class SourceClient:
    """Asks OpenRouter, keeps every answer in the archive, and returns those that are good."""

    def __init__(
        self, settings: Settings, run_id: str, patience: RetryPolicy | None = None
    ) -> None:
        self.base = settings.openrouter_url
        self.archive = Archive(settings.archive)
        self.patience = patience or RetryPolicy()
        self.run_id = run_id
        self.budget = Budget(urlsplit(self.base).netloc)
        self._key = settings.openrouter_key
        self._ledger = RequestQuota(settings.requests)
        timeout = httpx.Timeout(self.patience.read, connect=self.patience.connect)
        # Redirects are not followed: they could carry the key to another host.
        self._http = httpx.Client(
            timeout=timeout,
            follow_redirects=False,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
        )

    @property
    def has_key(self) -> bool:
        """Whether the Data API can be asked at all."""
        return self._key is not None

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def data_api(self, source: str, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Ask the keyed Data API within its budget of 30 requests a minute and 500 a UTC day."""
        return self.ask(source, path, params, budget=self.budget)

    def ask(
        self,
        source: str,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        budget: Budget | None = None,
        context: Mapping[str, str] | None = None,
        check: Callable[[bytes], None] | None = None,
    ) -> Answer:
        """One GET, repeated with jitter where the failure may pass, its answer archived.

        `check` raises on a body that must not be believed; what passes may be asked conditionally next time.
        Raises a SourceError that says what came instead.
        """
        patience = self.patience
        for attempt in stamina.retry_context(
            on=_worth_repeating,
            attempts=patience.attempts,
            timeout=patience.together,
            wait_initial=patience.first_pause,
            wait_max=10.0,
        ):
            with attempt:
                answer, body = self._once(
                    source, path, dict(params or {}), budget, dict(context or {})
                )
        (check or must_be_json)(body)
        if answer.etag:
            self._ledger.remember(answer.url, answer.etag, answer.sha256)
        return answer

    def _once(
        self,
        source: str,
        path: str,
        params: dict[str, str],
        budget: Budget | None,
        context: dict[str, str],
    ) -> tuple[Answer, bytes]:
        self._wait_for(budget)
        request = self._request(path, params)
        known = self._ledger.etag(str(request.url))
        if known and self.archive.has(known[1]):
            request.headers["If-None-Match"] = known[0]
        with self._sent(request) as response:
            body, error = self._body(response)
        # Struck out first of all, so that neither the archive nor a message can repeat it.
        body = body.replace(self._key.encode(), REDACTED) if self._key else body
        answer = Answer(
            source=source, url=str(request.url), params=params, fetched_at=utc_now(), status=response.status_code, bytes=0, sha256="",
            run_id=self.run_id, etag=response.headers.get("ETag"), error=error, context=context,
            origin="simulated" if response.headers.get("X-Tokentide-Origin") == "simulated" else "real",
        )  # fmt: skip
        if response.status_code == httpx.codes.NOT_MODIFIED and known:
            return self._unchanged(answer, known[1])
        answer = self.archive.keep(answer, body)
        if error:
            # What is too large once is too large again.
            raise (BadAnswer if len(body) >= MAX_BODY else BrokenOff)(
                f"{path}: {error}. It is asked again by the next run."
            )
        self._raise_for_status(response, body, budget)
        return answer, body

    def _request(self, path: str, params: dict[str, str]) -> httpx.Request:
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        return self._http.build_request("GET", f"{self.base}{path}", params=params, headers=headers)

    @contextmanager
    def _sent(self, request: httpx.Request) -> Iterator[httpx.Response]:
        try:
            response = self._http.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise SourceUnreachable(
                f"{request.url.host} cannot be reached ({self._in_words(error)}). Check the network, or TOKENTIDE_OPENROUTER_URL."
            ) from error
        except httpx.TransportError as error:
            raise BrokenOff(
                f"{request.url.host} gave no answer to {request.url.path} ({self._in_words(error)})."
            ) from error
        try:
            yield response
        finally:
            response.close()

    def _body(self, response: httpx.Response) -> tuple[bytes, str | None]:
        """The decoded body and, where it broke off, why. It stops at the largest size and the longest time allowed."""
        if response.headers.get("Content-Encoding", "").lower() not in PACKINGS:
            return b"", "the answer is packed in a way that was not asked for"
        body = bytearray()
        started = time.monotonic()
        try:
            for piece in response.iter_bytes():
                body += piece
                if len(body) > MAX_BODY:
                    return bytes(body[:MAX_BODY]), f"the answer is larger than {MAX_BODY >> 20} MiB"
                if time.monotonic() - started > self.patience.whole:
                    return bytes(
                        body
                    ), f"the answer was not complete after {self.patience.whole:g} s"
        except (httpx.TransportError, httpx.DecodingError) as error:
            return bytes(
                body
            ), f"the answer broke off after {len(body)} bytes ({self._in_words(error)})"
        return bytes(body), None

    def _in_words(self, error: httpx.HTTPError) -> str:
        """What httpx says went wrong; where it quotes what came, that may be our own request."""
        words = str(error) or type(error).__name__
        return words.replace(self._key, REDACTED.decode()) if self._key else words

    def _unchanged(self, answer: Answer, digest: str) -> tuple[Answer, bytes]:
        body = self.archive.read(digest)
        answer = Answer(**{**answer.__dict__, "sha256": digest, "bytes": len(body)})
        self.archive.note(answer)
        return answer, body

    def _wait_for(self, budget: Budget | None) -> None:
        if budget is None:
            return
        while (seconds := self._ledger.spend(budget)) > 0:
            log.info(
                "Waiting %.0f s: OpenRouter allows %d requests a minute.",
                seconds,
                budget.per_minute,
            )
            time.sleep(seconds)

    def _raise_for_status(
        self, response: httpx.Response, body: bytes, budget: Budget | None
    ) -> None:
        status, path = response.status_code, response.url.path
        if status == httpx.codes.OK:
            return
        said = _said(body)
        if status == httpx.codes.TOO_MANY_REQUESTS:
            raise self._limit(response, said, budget)
        if status == httpx.codes.REQUEST_TIMEOUT or response.is_server_error:
            raise SourceServerError(
                f"{path} failed at the source ({status}: {said}).", _retry_after(response)
            )
        if status == httpx.codes.UNAUTHORIZED:
            raise SourceRefused(
                f"{path} wants a valid key (401: {said}). Set OPENROUTER_API_KEY in .env, or unset it to use the keyless exports."
            )
        raise SourceRefused(f"{path} was refused ({status}: {said}).")

    def _limit(self, response: httpx.Response, said: str, budget: Budget | None) -> LimitReached:
        is_named = "rpd" in said or "requests/day" in said
        # `Retry-After` speaks of the next request, which a spent day does not allow: its end is the reset, or else midnight.
        wait = _until_reset(response) if is_named else _retry_after(response)
        if not is_named and (wait or 0) <= MAX_WAIT:
            return LimitReached(
                f"{response.url.path} allows no more requests this minute (429: {said}).", wait
            )
        if budget:
            now = time.time()
            # The limit is one of a UTC day, so what claims to last longer is a mistake.
            self._ledger.block(budget, min(now + wait if wait else math.inf, next_midnight(now)))
        # A spent day is not transient: nothing of the Data API is asked again before the reset.
        return LimitReached(
            f"{response.url.path}: the limit of requests a day is spent (429: {said}).",
            MAX_WAIT + 1,
        )


def _said(body: bytes) -> str:
    """The upstream's own words, short and on one line."""
    try:
        error = json.loads(body)["error"]
        return " ".join(str(error.get("message", "")).split())[:200]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return quoted(body, 200)


def _worth_repeating(error: Exception) -> bool | float:
    if isinstance(error, SourceUnreachable | BrokenOff):
        return True
    if isinstance(error, SourceServerError | LimitReached):
        wait = error.retry_after
        return True if wait is None else (wait if wait <= MAX_WAIT else False)
    return False


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds to wait, from `Retry-After` (seconds) or else `X-RateLimit-Reset`."""
    after = response.headers.get("Retry-After", "")
    return float(after) if after.isdecimal() else _until_reset(response)


def _until_reset(response: httpx.Response) -> float | None:
    """Seconds until `X-RateLimit-Reset` (milliseconds since 1970; seconds are understood too); None without one that is to come."""
    reset = response.headers.get("X-RateLimit-Reset", "")
    if not reset.isdecimal():
        return None
    instant = float(reset) if float(reset) < 1e12 else float(reset) / 1000
    return instant - time.time() if instant > time.time() else None

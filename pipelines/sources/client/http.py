"""The one HTTP client for sources: bounded in time and size, within their limits.

Every response is archived before it is read.
"""

import logging
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

import httpx
import stamina

from pipelines.archive import REDACTED, Answer, Archive, utc_now
from pipelines.errors import BadAnswer, BrokenOff, LimitReached, SourceUnreachable
from pipelines.retry_log import log_retries
from pipelines.settings import Settings
from pipelines.sources.client.etags import EtagStore
from pipelines.sources.client.links import link_of
from pipelines.sources.client.quota import Budget, RequestQuota, next_midnight
from pipelines.sources.client.redirects import send
from pipelines.sources.client.refusal import (
    limit_kind,
    refusal,
    retry_after,
    stated_status,
    until_reset,
)
from pipelines.sources.client.retries import MAX_WAIT, HostRetries, at_utc
from pipelines.sources.client.steady_clock import steady_now
from pipelines.sources.client.upstream import Upstream, openrouter
from pipelines.sources.source import Source

log = logging.getLogger(__name__)

MAX_BODY = 128 * 1024 * 1024  # the largest known answer, all leaderboards of Arena, has 57 MB
# Decoded piece by piece, these never grow beyond MAX_BODY at once; zstd, or gzip within gzip, could
# fill the memory.
ENCODINGS = frozenset({"", "identity", "gzip"})
USER_AGENT = f"tokentide/{version('tokentide')} (token market analytics)"

log_retries()


@dataclass(frozen=True)
class RetryPolicy:
    """Time limits of a request in seconds, and the number of attempts.

    `total` bounds all attempts together.
    """

    connect: float = 10.0
    read: float = 15.0
    whole: float = 45.0
    attempts: int = 4
    first_pause: float = 0.5
    total: float = 100.0


class SourceClient:
    """Requests from one upstream. Keeps every response in the archive, returns the good ones.

    `payloads` holds what was decoded, by answer id, so that loading does not decode it again.
    """

    def __init__(
        self,
        settings: Settings,
        run_id: str,
        retry_policy: RetryPolicy | None = None,
        upstream: Upstream | None = None,
    ) -> None:
        self._upstream = upstream or openrouter(settings)
        self.base = self._upstream.base
        self.archive = Archive(settings.archive)
        self.archive.remove_unfinished()
        self.retry_policy = retry_policy or RetryPolicy()
        self.run_id = run_id
        self.budget = Budget(urlsplit(self.base).netloc, self._upstream.per_minute)
        self.payloads: dict[str, Any] = {}
        self._key = self._upstream.key
        self._quota = RequestQuota(settings.requests)
        self._etags = EtagStore(settings.requests)
        self._retries = HostRetries(self.retry_policy.attempts - 1)
        timeout = httpx.Timeout(self.retry_policy.read, connect=self.retry_policy.connect)
        # httpx follows no redirect: it could carry the key to another host.
        self._http = httpx.Client(
            timeout=timeout,
            follow_redirects=False,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
        )

    @property
    def has_key(self) -> bool:
        """True where the Data API, which needs a key, can be used."""
        return self._key is not None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def data_api(
        self, source: Source, path: str, params: Mapping[str, str] | None = None
    ) -> Answer:
        """Request from the keyed Data API: 30 requests a minute and 500 a UTC day."""
        return self.ask(source, path, params, budget=self.budget)

    def ask(
        self,
        source: Source,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        budget: Budget | None = None,
        context: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one GET, repeated with jitter where the failure may pass.

        Archive and decode the response.

        An answer that decodes may be requested conditionally next time. Raise the SourceError that
        names the failure.
        """
        policy, limit = self.retry_policy, budget.bucket if budget else ""
        self._retries.admit(limit)
        for attempt in stamina.retry_context(
            on=lambda error: self._retries.allows(error, limit),
            attempts=policy.attempts,
            timeout=policy.total,
            wait_initial=policy.first_pause,
            wait_max=10.0,
        ):
            with attempt:
                answer, body = self._send_once(
                    source, path, dict(params or {}), budget, dict(context or {})
                )
        self._retries.succeed(limit, attempt.num)
        self.payloads[answer.answer_id] = source.decode(answer, body)
        if answer.etag and source.is_conditional:
            self._etags.remember(answer.url, answer.etag, answer.sha256)
        return answer

    def _send_once(
        self,
        source: Source,
        path: str,
        params: dict[str, str],
        budget: Budget | None,
        context: dict[str, str],
    ) -> tuple[Answer, bytes]:
        self._wait_for(budget)
        request = self._request(path, params)
        known = self._etags.find(str(request.url)) if source.is_conditional else None
        if known and self.archive.has(known.sha256):
            request.headers["If-None-Match"] = known.etag
        with self._response(request) as response:
            body, error = self._read_body(response)
        # The key is struck out first of all, so that neither the archive nor a message can repeat
        # it.
        body = body.replace(self._key.encode(), REDACTED) if self._key else body
        is_simulated = response.headers.get("X-Tokentide-Origin") == "simulated"
        etag = response.headers.get("ETag", "")  # which may repeat the key as well
        answer = Answer(
            source=source.name,
            url=str(request.url),
            params=params,
            fetched_at=utc_now(),
            status=response.status_code,
            bytes=0,
            sha256="",
            run_id=self.run_id,
            etag=None if self._key and self._key in etag else etag or None,
            error=error,
            link=link_of(response),
            context=context,
            origin="simulated" if is_simulated else "real",
        )
        if response.status_code == httpx.codes.NOT_MODIFIED and known:
            return self._unchanged(answer, known.sha256)
        answer = self.archive.keep(answer, body)
        if error:
            # A response that is too large once is too large again.
            raise (BadAnswer if len(body) >= MAX_BODY else BrokenOff)(
                f"{path}: {error}. It is asked again by the next run."
            )
        self._raise_for_status(response, body, budget)
        return answer, body

    def _request(self, path: str, params: dict[str, str]) -> httpx.Request:
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        url = f"{self.base}{path}"
        # Without parameters a query that stands in the path is kept.
        return self._http.build_request("GET", url, params=params or None, headers=headers)

    @contextmanager
    def _response(self, request: httpx.Request) -> Iterator[httpx.Response]:
        try:
            response = send(self._http, request, followed=self._upstream.redirects)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise SourceUnreachable(
                f"{request.url.host} cannot be reached ({self._in_words(error)}). "
                f"Check the network, or {self._upstream.setting}."
            ) from error
        except httpx.TransportError as error:
            raise BrokenOff(
                f"{request.url.host} gave no answer to {request.url.path} "
                f"({self._in_words(error)})."
            ) from error
        try:
            yield response
        finally:
            response.close()

    def _read_body(self, response: httpx.Response) -> tuple[bytes, str | None]:
        """Return the decoded body and, where it broke off, the reason.

        Stop at the largest size and the longest time allowed.
        """
        if response.headers.get("Content-Encoding", "").lower() not in ENCODINGS:
            return b"", "the answer is packed in a way that was not asked for"
        body = bytearray()
        started, limit = time.monotonic(), self.retry_policy.whole
        try:
            for piece in response.iter_bytes():
                body += piece
                if len(body) > MAX_BODY:
                    return bytes(body[:MAX_BODY]), f"the answer is larger than {MAX_BODY >> 20} MiB"
                if time.monotonic() - started > limit:
                    return bytes(body), f"the answer was not complete after {limit:g} s"
        except (httpx.TransportError, httpx.DecodingError) as error:
            reason = f"the answer broke off after {len(body)} bytes ({self._in_words(error)})"
            return bytes(body), reason
        return bytes(body), None

    def _in_words(self, error: httpx.HTTPError) -> str:
        """Return httpx's message without the key: it may quote our own request."""
        words = str(error) or type(error).__name__
        return words.replace(self._key, REDACTED.decode()) if self._key else words

    def _unchanged(self, answer: Answer, digest: str) -> tuple[Answer, bytes]:
        body = self.archive.read(digest)
        answer = replace(answer, sha256=digest, bytes=len(body))
        self.archive.note(answer)
        return answer, body

    def _wait_for(self, budget: Budget | None) -> None:
        if budget is None:
            return
        while (seconds := self._quota.spend(budget)) > 0:
            log.info(
                "Waiting %.0f s: %s allows %d requests a minute.",
                seconds,
                self._upstream.title,
                budget.per_minute,
            )
            time.sleep(seconds)

    def _raise_for_status(
        self, response: httpx.Response, body: bytes, budget: Budget | None
    ) -> None:
        path = response.url.path
        status, message = stated_status(response, body)
        if status == httpx.codes.OK:
            return
        if status == httpx.codes.TOO_MANY_REQUESTS:
            raise self._limit_reached(response, message, budget)
        raise refusal(path, status, message, response, self._upstream.hides_below)

    def _limit_reached(
        self, response: httpx.Response, message: str, budget: Budget | None
    ) -> LimitReached:
        path, kind = response.url.path, limit_kind(message)
        # `Retry-After` is about the next request, which a spent day does not allow: wait for the
        # reset, or else for midnight.
        wait = until_reset(response) if kind == "day" else retry_after(response)
        now, is_short = steady_now(), kind != "day" and (wait or 0) <= MAX_WAIT
        if budget and not is_short:
            # The limit is one of a UTC day, so a wait beyond midnight is a mistake.
            until = min(now + wait if wait else math.inf, next_midnight(now))
            self._quota.block(budget, until, kind, now)
        if kind == "day":
            # A spent day does not pass: nothing of this limit is requested before the reset.
            return LimitReached(
                f"{path}: the limit of requests a day is spent (429: {message}).",
                max(wait or next_midnight(now) - now, MAX_WAIT + 1),
                is_of_source=budget is None,
            )
        words = f"{path} allows no more requests {'this minute' if kind == 'minute' else 'for now'}"
        until_when = "" if wait is None else f", the next after {at_utc(now + wait)}"
        # What is blocked for every process needs no pause of this one.
        is_of_source = is_short or budget is None
        return LimitReached(
            f"{words}{until_when} (429: {message}).", wait, is_of_source=is_of_source
        )

"""The parts of a refusal that tell what to do next: its message, and the headers of rate limits."""

import json
import math
import re
import time
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import httpx

from pipelines.errors import (
    BadAnswer,
    SourceError,
    SourceHasNone,
    SourceRefused,
    SourceServerError,
)
from pipelines.sources.parsing import error_of, quoted

LimitKind = Literal["day", "minute", "unnamed"]

SECONDS = re.compile(r"\d+(\.\d+)?", re.ASCII)
OF_DAY = re.compile(r"\brpd\b|/\s*day\b|\b(per|a) day\b|\bdaily\b", re.IGNORECASE)
OF_MINUTE = re.compile(r"\brpm\b|/\s*min(ute)?\b|\b(per|a) minute\b", re.IGNORECASE)
# Nothing of this name is there; it is gone, or may not be shown.
ABSENT = frozenset({404, 410, 451})
MAX_ERROR = 1 << 20  # bytes; an error in place of data is short


def error_message(body: bytes) -> str:
    """Return the upstream's message, short and on one line."""
    try:
        error = json.loads(body)["error"]
        return " ".join(str(error.get("message", "")).split())[:200]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return quoted(body, 200)


def stated_status(response: httpx.Response, body: bytes) -> tuple[int, str]:
    """Return the status that an answer means, and its message.

    An error may come with status 200: then its code counts, or 0 where it has none.
    """
    status = response.status_code
    if status != httpx.codes.OK:
        return status, error_message(body)
    payload = _error_payload(body)
    words = error_of(payload) if payload else None
    if not words:
        return status, ""
    error = payload["error"]
    code = error.get("code") if isinstance(error, dict) else None
    is_status = str(code).isdecimal() and 400 <= int(str(code)) < 600
    return int(str(code)) if is_status else 0, f"in an answer 200, {words}"


def refusal(
    path: str, status: int, message: str, response: httpx.Response, hides_below: str | None = None
) -> SourceError:
    """Return the error of a status other than 200 and 429.

    Below the path `hides_below` a 401 says that nothing of this name is shown to anybody.
    """
    if status == 0:
        return BadAnswer(f"{path} gave an error instead of data ({message}).")
    if status == httpx.codes.REQUEST_TIMEOUT or status >= 500:
        return SourceServerError(
            f"{path} failed at the source ({status}: {message}).",
            retry_after(response),
            is_of_source=True,
        )
    is_hidden = status == httpx.codes.UNAUTHORIZED and hides_below is not None
    if status in ABSENT or (is_hidden and str(hides_below) in path):
        return SourceHasNone(f"{path} was refused ({status}: {message}).")
    if status == httpx.codes.UNAUTHORIZED:
        return SourceRefused(
            f"{path} wants a valid key (401: {message}). "
            "Set OPENROUTER_API_KEY in .env, or unset it to use the keyless exports."
        )
    return SourceRefused(f"{path} was refused ({status}: {message}).")


def limit_kind(message: str) -> LimitKind:
    """Return the limit that a message names: that of a day, of a minute, or neither."""
    if OF_DAY.search(message):
        return "day"
    return "minute" if OF_MINUTE.search(message) else "unnamed"


def retry_after(response: httpx.Response) -> float | None:
    """Return the seconds to wait, from `Retry-After` or else from `X-RateLimit-Reset`.

    `Retry-After` holds seconds, with or without a fraction, or a date of HTTP. A date is compared
    with the source's own clock where its answer has one.
    """
    after = response.headers.get("Retry-After", "").strip()
    if SECONDS.fullmatch(after):
        return float(after)
    if (instant := _http_date(after)) is not None:
        now = _http_date(response.headers.get("Date", ""))
        wait = instant - (time.time() if now is None else now)
        # A date that has passed says nothing of the next request.
        return wait if wait > 0 else None
    return until_reset(response)


def until_reset(response: httpx.Response) -> float | None:
    """Return the seconds until `X-RateLimit-Reset`, or None without a reset to come.

    The header holds milliseconds since 1970; seconds are understood too.
    """
    reset = response.headers.get("X-RateLimit-Reset", "").strip()
    if not SECONDS.fullmatch(reset):
        return None
    instant = float(reset) if float(reset) < 1e12 else float(reset) / 1000
    return instant - time.time() if instant > time.time() else None


def _http_date(text: str) -> float | None:
    """Return a date in any of the three forms of HTTP, in seconds since 1970."""
    try:
        seconds = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) else None


def _error_payload(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_ERROR or b'"error"' not in body:
        return {}
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}

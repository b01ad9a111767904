"""The parts of a refusal that tell what to do next: its message, and the headers of rate limits."""

import json
import time

import httpx

from pipelines.sources.parsing import quoted


def error_message(body: bytes) -> str:
    """Return the upstream's message, short and on one line."""
    try:
        error = json.loads(body)["error"]
        return " ".join(str(error.get("message", "")).split())[:200]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return quoted(body, 200)


def retry_after(response: httpx.Response) -> float | None:
    """Return the seconds to wait, from `Retry-After` (seconds) or else `X-RateLimit-Reset`."""
    after = response.headers.get("Retry-After", "")
    return float(after) if after.isdecimal() else until_reset(response)


def until_reset(response: httpx.Response) -> float | None:
    """Return the seconds until `X-RateLimit-Reset`, or None without a reset to come.

    The header holds milliseconds since 1970; seconds are understood too.
    """
    reset = response.headers.get("X-RateLimit-Reset", "")
    if not reset.isdecimal():
        return None
    instant = float(reset) if float(reset) < 1e12 else float(reset) / 1000
    return instant - time.time() if instant > time.time() else None

"""Refusals: waits in each form of their headers, and errors that came with status 200."""

import time
from email.utils import formatdate

import httpx
import pytest

from pipelines.sources.client.refusal import limit_kind, retry_after, stated_status


def in_seconds(seconds: float) -> str:
    return formatdate(time.time() + seconds, usegmt=True)


def test_a_wait_is_read_in_each_form() -> None:
    """Seconds, fractions, dates by the clock of the source, and resets."""
    now = time.time()
    forms = [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": " 2 "}, 2.0),
        ({"Retry-After": in_seconds(1800)}, 1800.0),
        # Its clock is an hour late, so its date means two seconds.
        ({"Date": in_seconds(-3600), "Retry-After": in_seconds(-3598)}, 2.0),
        ({"X-RateLimit-Reset": f"{now + 1000:.3f}"}, 1000.0),
        ({"Retry-After": "soon", "X-RateLimit-Reset": f"{(now + 900) * 1000:.0f}"}, 900.0),
    ]
    for headers, seconds in forms:
        found = retry_after(httpx.Response(429, headers=headers))
        assert found == pytest.approx(seconds, abs=2), headers


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "-1", "1e3", "inf", "nan", "\u00b2", "1.5.1", in_seconds(-5)),
        "Sat, 99 Nov 2026 15:30:00 GMT",
        "Sat, 28 Nov 99999 15:30:00 GMT",
    ],
)
def test_what_is_no_wait_is_none(text: str) -> None:
    """Unreadable text and dates that have passed say nothing."""
    assert retry_after(httpx.Response(429, headers=[(b"Retry-After", text.encode())])) is None


@pytest.mark.parametrize(
    ("body", "stated"),
    [
        (
            b'{"error": {"code": 502, "message": "Provider returned error"}}',
            (502, "in an answer 200, 502: Provider returned error"),
        ),
        (b'{"error": {"message": "no"}}', (0, "in an answer 200, no")),
        (b'{"error": "overloaded", "data": []}', (0, "in an answer 200, overloaded")),
        (
            b'{"success": false, "error": {"name": "ZodError"}}',
            (0, "in an answer 200, ZodError"),
        ),
        (b'{"error": {"code": 9, "message": "no"}}', (0, "in an answer 200, 9: no")),
        (b'{"error": null, "data": [1]}', (200, "")),
        (b'{"error": {"code": 1}, "data": [1]}', (200, "")),
        (b'{"data": []}', (200, "")),
        (b"<html>error</html>", (200, "")),
        (b'["error"]', (200, "")),
    ],
)
def test_an_error_with_status_200_means_its_code(body: bytes, stated: tuple[int, str]) -> None:
    """Data beside it make it an answer; a code that is no status counts as none."""
    assert stated_status(httpx.Response(200), body) == stated


def test_a_limit_is_of_a_day_a_minute_or_neither() -> None:
    """By whole words: a model may be called minute."""
    assert limit_kind("datasets-per-account-rpd-v1") == "day"
    assert limit_kind("20 requests / min") == "minute"
    assert limit_kind("lab/minuteman is rate-limited upstream") == "unnamed"

"""Error responses: bodies in the service's shapes, and headers that name the reset of a quota."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.simulator.errors import (
    ApiError,
    InvalidChoice,
    InvalidRequest,
    NotFound,
    Unauthorized,
    day_limit_error,
    minute_limit_error,
)

INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1)).map(
    lambda instant: instant.replace(tzinfo=UTC)
)


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (Unauthorized("no"), 401, {"error": {"message": "no", "code": 401}}),
        (NotFound(), 404, {"error": {"code": 404, "message": "Not Found"}}),
        (
            InvalidRequest("no"),
            400,
            {
                "error": {"code": 400, "message": "no", "metadata": None},
                "user_id": None,
                "openrouter_metadata": None,
            },
        ),
        (
            InvalidChoice("[]"),
            400,
            {"success": False, "error": {"name": "ZodError", "message": "[]"}},
        ),
    ],
)
def test_each_error_has_the_body_of_the_service(error, status, body):
    """Key order included, since recorded responses are compared as text."""
    assert isinstance(error, ApiError)
    assert error.status == status
    assert repr(error.body()) == repr(body)


@given(now=INSTANTS)
def test_the_day_resets_at_the_next_utc_midnight(now):
    """In milliseconds since 1970, and never more than a day ahead."""
    reset_ms = int(day_limit_error(500, now).headers["X-RateLimit-Reset"])
    reset = datetime.fromtimestamp(reset_ms / 1000, UTC)
    assert (reset.hour, reset.minute, reset.second) == (0, 0, 0)
    assert timedelta(0) < reset - now <= timedelta(days=1)


@given(now=INSTANTS, ahead=st.floats(0, 60))
def test_the_minute_says_the_seconds_to_wait(now, ahead):
    """At least one second, so that a client never retries at once."""
    error = minute_limit_error(30, now + timedelta(seconds=ahead), now)
    assert int(error.headers["Retry-After"]) == max(1, round(ahead))
    assert error.headers["X-RateLimit-Remaining"] == "0"

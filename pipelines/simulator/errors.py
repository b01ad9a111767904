"""Errors of the simulator.

ApiError               sent to the client, in the real service's words
├── InvalidRequest     400, a parameter breaks a rule
│   └── InvalidChoice  400, in the shape that the catalogue's validator reports
├── Unauthorized       401, no key or an unknown one
├── HiddenRepository   401, the Hub has no such repository, or shows it to nobody
├── NotFound           404, nothing lies at this address
└── TooManyRequests    429, a quota is used up
InvalidFault           the control API received a fault that it cannot read
SimulatorError         the simulator cannot start
├── NotLoopback        others could reach it, and steer it
├── NoRecordings       the folder holds no recorded response
├── UnknownMode        no such mode, or the mode lacks what it needs
└── BadFleet           a fleet that cannot be
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

JsonObject = dict[str, object]


class ApiError(Exception):
    """The client gets an error response instead of data."""

    status = 500

    def __init__(self, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.headers = dict(headers or {})

    def body(self) -> JsonObject:
        """Return the JSON that the service sends with this status."""
        return {"error": {"message": self.message, "code": self.status}}


class InvalidRequest(ApiError):
    """A parameter is malformed, out of range or does not go with another."""

    status = 400

    def body(self) -> JsonObject:
        """Return the long form of the specification: its optional keys are present and null."""
        error = {"code": self.status, "message": self.message, "metadata": None}
        return {"error": error, "user_id": None, "openrouter_metadata": None}


class InvalidChoice(InvalidRequest):
    """A catalogue filter has an unknown value.

    These routes respond with a validator's report and no numeric code.
    """

    def body(self) -> JsonObject:
        """Return the report, a JSON array in a string, as on `/models?output_modalities=x`."""
        return {"success": False, "error": {"name": "ZodError", "message": self.message}}


class Unauthorized(ApiError):
    """The request carries no key, or an unknown one."""

    status = 401


class HiddenRepository(ApiError):
    """The Hub has no repository of this name, or a private one, and does not say which."""

    status = 401

    def __init__(self) -> None:
        super().__init__("Invalid username or password.", {"X-Error-Code": "RepoNotFound"})

    def body(self) -> JsonObject:
        """Return the body in the Hub's form."""
        return {"error": self.message}


class NotFound(ApiError):
    """Nothing is published at this address."""

    status = 404

    def __init__(self, message: str = "Not Found") -> None:
        super().__init__(message)

    def body(self) -> JsonObject:
        """Return the body with the code first, as recorded from the service."""
        return {"error": {"code": self.status, "message": self.message}}


class TooManyRequests(ApiError):
    """A quota is used up; the headers say when it resets."""

    status = 429


def day_limit_error(limit: int, now: datetime) -> TooManyRequests:
    """Build the refusal that holds until the next UTC midnight."""
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
    text = f"datasets-per-account-rpd-v1. Per-account limit of {limit} requests/day"
    return TooManyRequests(
        f"Rate limit exceeded: {text} exceeded for the OpenRouter Data API.",
        _limit_headers(limit, midnight),
    )


def minute_limit_error(limit: int, reset: datetime, now: datetime) -> TooManyRequests:
    """Build the refusal that holds for seconds.

    Its wording is modelled on the daily one; the real text has never been published.
    """
    text = f"datasets-per-key-rpm-v1. Per-key limit of {limit} requests/minute"
    headers = _limit_headers(limit, reset) | {
        "Retry-After": str(max(1, round((reset - now).total_seconds())))
    }
    return TooManyRequests(
        f"Rate limit exceeded: {text} exceeded for the OpenRouter Data API.", headers
    )


def _limit_headers(limit: int, reset: datetime) -> dict[str, str]:
    reset_ms = int(reset.timestamp() * 1000)
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(reset_ms),
    }


class InvalidFault(ValueError):
    """A fault has an unknown kind or an unreadable field; reported to the operator who set it."""


class SimulatorError(Exception):
    """The simulator cannot start as configured; the message says how to configure it."""


class NotLoopback(SimulatorError):
    """The simulator was to listen where others could set its clock and its faults."""


class NoRecordings(SimulatorError):
    """The folder holds no recorded response, so there is nothing to replay."""


class UnknownMode(SimulatorError):
    """The simulator has no such mode, or the mode lacks what it needs."""


class BadFleet(SimulatorError):
    """The plan of a simulated fleet holds a figure that no fleet has."""

"""Errors of the tier as HTTP responses."""

import json

import pytest

from models.errors import EngineStopped, Overloaded, RequestRefused, TierError
from models.server.openai.errors import HttpError, ShuttingDown, error_body, error_response

CASES: list[tuple[TierError, int, str, str | None]] = [
    (HttpError("no", "prompt"), 400, "invalid_request_error", None),
    (HttpError("no", "model", 404, "absent"), 404, "invalid_request_error", "absent"),
    (HttpError("a defect", status=500), 500, "server_error", None),
    (RequestRefused("no"), 400, "invalid_request_error", None),
    (Overloaded("full"), 429, "rate_limit_error", "queue_full"),
    (EngineStopped("gone"), 503, "server_error", "engine_stopped"),
    (ShuttingDown(), 503, "server_error", "engine_stopped"),
]


@pytest.mark.parametrize(("error", "status", "kind", "code"), CASES)
def test_each_error_has_its_status_type_and_code(
    error: TierError, status: int, kind: str, code: str | None
) -> None:
    """OpenAI's clients decide by them."""
    response = error_response(error)
    assert response.status_code == status
    assert json.loads(bytes(response.body))["error"] == {
        "message": str(error),
        "type": kind,
        "param": getattr(error, "param", None),
        "code": code,
    }


def test_only_a_full_queue_asks_to_retry() -> None:
    """In a second."""
    assert error_response(Overloaded("full")).headers["retry-after"] == "1"
    assert "retry-after" not in error_response(EngineStopped("gone")).headers


def test_headers_are_passed_on() -> None:
    """Such as the allowed methods."""
    assert error_response(HttpError("no"), {"Allow": "POST"}).headers["allow"] == "POST"


def test_the_blamed_parameter_is_in_the_body() -> None:
    """A stream sends the body without a status."""
    assert error_body(HttpError("no", "seed"))["error"]["param"] == "seed"

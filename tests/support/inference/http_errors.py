"""Errors of the inference tier's server, as OpenAI's clients expect them."""

from typing import Any

import httpx


def error_of(
    response: httpx.Response, status: int = 400, kind: str = "invalid_request_error"
) -> dict[str, Any]:
    """Return the error of a response, which must have OpenAI's form."""
    assert response.status_code == status
    assert list(response.json()) == ["error"]
    error: dict[str, Any] = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == kind
    assert len(error["message"]) < 500
    return error

"""Errors as OpenAI's clients expect them."""

from typing import Any

from starlette.responses import JSONResponse

from models.errors import EngineStopped, Overloaded, TierError

RETRY_SECONDS = 1


class HttpError(TierError):
    """What was sent cannot be served; says which parameter is to blame."""

    def __init__(
        self, message: str, param: str | None = None, status: int = 400, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.param, self.status, self.code = param, status, code


class ShuttingDown(EngineStopped):
    """The server is about to end and takes nothing any more."""

    def __init__(self) -> None:
        super().__init__("The server shuts down. Send the request again later.")


def error_body(problem: TierError) -> dict[str, Any]:
    """The error as JSON; also sent in the middle of a stream."""
    param, code = (problem.param, problem.code) if isinstance(problem, HttpError) else (None, None)
    return {
        "error": {
            "message": str(problem),
            "type": _kind(_status(problem)),
            "param": param,
            "code": code or _code(problem),
        }
    }


def error_response(problem: TierError, headers: dict[str, str] | None = None) -> JSONResponse:
    """The error as an answer."""
    retry = {"Retry-After": str(RETRY_SECONDS)} if isinstance(problem, Overloaded) else {}
    return JSONResponse(error_body(problem), _status(problem), retry | (headers or {}))


def _status(problem: TierError) -> int:
    if isinstance(problem, HttpError):
        return problem.status
    return (
        429
        if isinstance(problem, Overloaded)
        else 503
        if isinstance(problem, EngineStopped)
        else 400
    )


def _code(problem: TierError) -> str | None:
    return (
        "queue_full"
        if isinstance(problem, Overloaded)
        else "engine_stopped"
        if isinstance(problem, EngineStopped)
        else None
    )


def _kind(status: int) -> str:
    return (
        "rate_limit_error"
        if status == 429
        else "server_error"
        if status >= 500
        else "invalid_request_error"
    )

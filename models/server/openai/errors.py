"""Error replies in the form that OpenAI's clients expect."""

from typing import Any

from starlette.responses import JSONResponse

from models.errors import EngineStopped, Overloaded, TierError

RETRY_SECONDS = 1


class HttpError(TierError):
    """A request that the server rejects, with the status and the parameter to blame."""

    def __init__(
        self, message: str, param: str | None = None, status: int = 400, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.param, self.status, self.code = param, status, code


class ShuttingDown(EngineStopped):
    """The server is ending and admits no more requests."""

    def __init__(self) -> None:
        super().__init__("The server is shutting down. Send the request again later.")


def error_body(error: TierError) -> dict[str, Any]:
    """Return the error as JSON. A stream may also contain it."""
    param, code = (error.param, error.code) if isinstance(error, HttpError) else (None, None)
    return {
        "error": {
            "message": str(error),
            "type": _type(_status(error)),
            "param": param,
            "code": code or _code(error),
        }
    }


def error_response(error: TierError, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return the error as an HTTP response."""
    retry = {"Retry-After": str(RETRY_SECONDS)} if isinstance(error, Overloaded) else {}
    return JSONResponse(error_body(error), _status(error), retry | (headers or {}))


def _status(error: TierError) -> int:
    if isinstance(error, HttpError):
        return error.status
    if isinstance(error, Overloaded):
        return 429
    return 503 if isinstance(error, EngineStopped) else 400


def _code(error: TierError) -> str | None:
    if isinstance(error, Overloaded):
        return "queue_full"
    return "engine_stopped" if isinstance(error, EngineStopped) else None


def _type(status: int) -> str:
    if status == 429:
        return "rate_limit_error"
    return "server_error" if status >= 500 else "invalid_request_error"

"""Guard of the server: a key, as vLLM's, and no requests of web pages.

With a key, all routes below /v1 demand it as a bearer token; /health and /metrics stay open, so
that a load balancer and a collector need none. Whoever has the key may come from anywhere. Others
get nothing from a page of another origin, nor, where the server listens on loopback, under a name
that is not this machine's: a website could point its name at 127.0.0.1.
"""

import hmac
import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from models.errors import BadConfig
from models.server.openai.errors import HttpError, error_response

KEYED = "/v1"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class RequestGuard:
    """ASGI application that hands on what may pass."""

    def __init__(self, app: ASGIApp, key: str | None, host: str) -> None:
        self._app = app
        self._key = key.encode() if key else None
        self._is_local = _is_loopback(host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request or hand it on."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            try:
                self._check(scope["path"], headers)
            except HttpError as error:
                wanted = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
                await error_response(error, wanted)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, path: str, headers: Headers) -> None:
        if self._key is not None:
            if _has_key(headers, self._key):
                return
            if path == KEYED or path.startswith(f"{KEYED}/"):
                raise HttpError(
                    "The API key is missing or wrong. Send it as `Authorization: Bearer KEY`.",
                    status=401,
                    code="invalid_api_key",
                )
        host = headers.get("Host")
        if self._is_local and _name(host) not in LOOPBACK_NAMES:
            raise HttpError(
                "This server is for this machine only: ask localhost or 127.0.0.1. To serve it "
                "under another name, start it with --api-key.",
                status=403,
            )
        if not _is_from_own_page(headers, host):
            raise HttpError("The request came from a web page of another origin.", status=403)


def check_key(key: str | None) -> str | None:
    """Return a key that can be sent in a header. Raise BadConfig for another, an empty one too."""
    if key is None or (key and key.isascii() and key.isprintable() and " " not in key):
        return key
    raise BadConfig(
        "The key of --api-key or TOKENTIDE_API_KEY must be printable ASCII without spaces, and not "
        "empty, such as what `openssl rand -hex 16` prints."
    )


def _has_key(headers: Headers, key: bytes) -> bool:
    kind, _, given = headers.get("Authorization", "").partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), key)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _name(host: str | None) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:  # such as an unclosed bracket
        return ""


def _is_from_own_page(headers: Headers, host: str | None) -> bool:
    """Return true unless a header names another page; a client that sends none is no browser."""
    if headers.get("Sec-Fetch-Site") not in {None, "same-origin", "none"}:
        return False
    origin = headers.get("Origin")
    try:
        return origin is None or urlsplit(origin).netloc == host
    except ValueError:
        return False

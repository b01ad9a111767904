"""Guard of Dagster's page, which by itself obeys every page of the viewer's browser.

The Host must be a name of this machine, an address that answers or changes anything is for the
page itself alone, and where the dashboard has a secret, this page asks for it too: as the password
of basic authentication, which browsers and programs know. A cookie follows, since not every browser
sends a password when it opens a WebSocket.
"""

import asyncio
import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.web.access import READS, SecretGate, is_from_own_page, names_loopback

COOKIE = "tokentide_dagster"
GRAPHQL = "/graphql"
HEADERS = {
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class PageGuard:
    """ASGI application that hands on what the page itself sent, WebSockets too."""

    def __init__(self, app: ASGIApp, secret: str | None = None) -> None:
        self._app = app
        self._gate = SecretGate(secret) if secret else None
        self._token = secrets.token_urlsafe(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request or hand it on."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refuse(scope, headers)
        is_known = self._gate is None or self._has_cookie(headers)
        if refusal is None and not is_known:
            refusal = await self._demand_secret(scope, headers)
        if refusal is not None:
            # Before it is accepted, a WebSocket is closed, which the client sees as 403.
            close: Message = {"type": "websocket.close", "code": 1008}
            is_http = scope["type"] == "http"
            await (refusal(scope, receive, send) if is_http else send(close))
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(scope=message)
                answered.update(HEADERS)
                if not is_known:
                    cookie = f"{COOKIE}={self._token}; HttpOnly; SameSite=Strict; Path=/"
                    answered.append("Set-Cookie", cookie)
            await send(message)

        await self._app(scope, receive, send_guarded)

    def _refuse(self, scope: Scope, headers: Headers) -> Response | None:
        """Refuse other names, other pages, and questions in an address."""
        host = headers.get("Host")
        if self._gate is None and not names_loopback(host):
            return _text("Dagster's page is for this machine only: localhost or 127.0.0.1.", 403)
        is_own = is_from_own_page(headers.get("Sec-Fetch-Site"), headers.get("Origin"), host)
        if not is_own and not _is_link(scope, headers):
            return _text("That request came from another page.", 403)
        # A link or a picture must change nothing, so a question comes by POST.
        asks = scope["path"].rstrip("/") == GRAPHQL and scope.get("method") in READS
        if asks and "text/html" not in headers.get("Accept", ""):
            return _text("Send the query by POST.", 405)
        return None

    async def _demand_secret(self, scope: Scope, headers: Headers) -> Response | None:
        assert self._gate is not None  # noqa: S101 - for mypy
        given = _password(headers)
        if given is None:
            return _unknown("Log in with the dashboard's secret as the password; any name will do.")
        address = (scope.get("client") or ("", 0))[0]
        verdict = await asyncio.to_thread(self._gate.check, given, address)
        if verdict == "busy":
            return _text("Too many tries at once. Try again.", 429, {"Retry-After": "1"})
        return None if verdict == "right" else _unknown("That is not it.")

    def _has_cookie(self, headers: Headers) -> bool:
        try:
            cookie = SimpleCookie(headers.get("Cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and hmac.compare_digest(
            cookie.value.encode(), self._token.encode()
        )


def _is_link(scope: Scope, headers: Headers) -> bool:
    """Return true if a person follows a link, such as the dashboard's, to a page."""
    is_page = headers.get("Sec-Fetch-Dest") == "document" and scope["path"] != GRAPHQL
    return scope.get("method") == "GET" and headers.get("Sec-Fetch-Mode") == "navigate" and is_page


def _password(headers: Headers) -> str | None:
    kind, _, value = headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() != "basic":
        return None
    try:
        return base64.b64decode(value).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return None


def _unknown(text: str) -> Response:
    return _text(text, 401, {"WWW-Authenticate": 'Basic realm="Tokentide", charset="UTF-8"'})


def _text(text: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{text}\n", status, {**HEADERS, **(headers or {})})

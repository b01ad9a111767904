"""Who may look: nobody from elsewhere without the secret, and no other page of the viewer's browser in their name.

On loopback there is no log-in, but a page from elsewhere could still reach a loopback port through the viewer's browser: by a name of
its own that it points at 127.0.0.1, or by a form. So the Host must be one of ours and what changes something must come from our own page.
"""

import hmac
import ipaddress
import secrets
import threading
import time
from collections import deque
from collections.abc import Sequence
from html import escape
from urllib.parse import urlsplit

from flask import Flask, Response, redirect, request, session

TRIES, WINDOW_SECONDS = 5, 60.0
TRIES_TOGETHER = 60
SESSION_SECONDS = 12 * 3600
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_BODY = 1024 * 1024


def guard(server: Flask, script_hashes: Sequence[str], secret: str | None = None) -> None:
    """Put headers on every answer, refuse what comes from other pages, and ask for the secret where there is one."""
    server.secret_key = secrets.token_bytes(32)
    server.config.update(
        SESSION_COOKIE_NAME="tokentide",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=SESSION_SECONDS,
        MAX_CONTENT_LENGTH=MAX_BODY,
    )
    headers = _headers(script_hashes)

    @server.before_request
    def must_be_ours() -> Response | None:
        if secret is None and _host_name(request.host) not in LOOPBACK_NAMES:
            return _refused(
                "This dashboard answers on this machine only, under localhost or 127.0.0.1."
            )
        if request.method not in {"GET", "HEAD"} and not _is_from_our_page():
            return _refused("That request came from another page.")
        return None

    @server.after_request
    def protect(response: Response) -> Response:
        response.headers.update(headers)
        if not request.path.startswith(("/_dash-component-suites/", "/assets/")):
            response.headers["Cache-Control"] = "no-store"
        return response

    if secret is not None:
        _ask_for(server, secret)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Tries:
    """Log-ins tried in the last minute, by address and together: guessing takes longer than anybody lives."""

    def __init__(self) -> None:
        self._by_address: dict[str, deque[float]] = {}
        self._together: deque[float] = deque()
        self._lock = threading.Lock()

    def seconds_to_wait(self, address: str) -> float:
        """0 if another try may be made now; then it counts as made."""
        now = time.monotonic()
        with self._lock:
            own = self._by_address.setdefault(address, deque())
            waits = [_wait(own, TRIES, now), _wait(self._together, TRIES_TOGETHER, now)]
            if not max(waits):
                own.append(now)
                self._together.append(now)
            self._by_address = {
                name: tried
                for name, tried in self._by_address.items()
                if tried and now - tried[-1] < WINDOW_SECONDS
            }
            return max(waits)

    def forget(self, address: str) -> None:
        """A log-in that went well takes the address's tries back."""
        with self._lock:
            self._by_address.pop(address, None)


def _wait(tried: deque[float], most: int, now: float) -> float:
    while tried and now - tried[0] > WINDOW_SECONDS:
        tried.popleft()
    return WINDOW_SECONDS - (now - tried[0]) if len(tried) >= most else 0.0


def _ask_for(server: Flask, secret: str) -> None:
    tries = Tries()

    @server.before_request
    def must_be_known() -> Response | None:
        if request.path == "/login" or session.get("known"):
            return None
        if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            return redirect("/login")  # type: ignore[return-value]
        return Response("Log in first.\n", 401, mimetype="text/plain")

    @server.get("/login")
    def ask() -> Response:
        return _login_page()

    @server.post("/login")
    def log_in() -> Response:
        address = request.remote_addr or ""
        if wait := tries.seconds_to_wait(address):
            return _login_page(
                f"Too many tries. Wait {wait:.0f} seconds.", 429, {"Retry-After": f"{wait:.0f}"}
            )
        if not hmac.compare_digest(request.form.get("secret", "").encode(), secret.encode()):
            return _login_page("That is not it.", 401)
        tries.forget(address)
        session.clear()
        session.permanent = True
        session["known"] = True
        return redirect("/", 303)  # type: ignore[return-value]

    @server.post("/logout")
    def log_out() -> Response:
        session.clear()
        return redirect("/login", 303)  # type: ignore[return-value]


def _headers(script_hashes: Sequence[str]) -> dict[str, str]:
    policy = (
        "default-src 'none'",
        f"script-src 'self' {' '.join(script_hashes)}",
        # Mantine, ag-grid and Plotly write their sizes and colours into elements.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        # With no-referrer a browser would send `Origin: null` with our own form.
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def _host_name(host: str) -> str:
    return (urlsplit(f"//{host}").hostname or "").lower()


def _is_from_our_page() -> bool:
    """A browser says where a request comes from in one header or the other; what says nothing is no browser."""
    if request.headers.get("Sec-Fetch-Site") not in {None, "same-origin", "none"}:
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def _refused(text: str) -> Response:
    return Response(text + "\n", 403, mimetype="text/plain")


def _login_page(
    said: str = "", status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    problem = f'<p role="alert">{escape(said)}</p>' if said else ""
    return Response(LOGIN.replace("{problem}", problem), status, headers, mimetype="text/html")


LOGIN = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Tokentide: log in</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; }
body { font-family: system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh; margin: 0 16px; }
form { display: grid; gap: 12px; width: min(320px, 100%); }
input, button { font: inherit; padding: 8px; }
p { margin: 0; }
</style></head>
<body><main><form method="post" action="/login"><h1>Tokentide</h1>{problem}
<label for="secret">Password or token</label>
<input id="secret" name="secret" type="password" autocomplete="current-password" required autofocus>
<button>Log in</button></form></main></body></html>
"""

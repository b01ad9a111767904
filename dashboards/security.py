"""Access to the dashboard: a secret for viewers from elsewhere, and no requests by other pages.

On loopback there is no log-in. A page from elsewhere could still reach a loopback port through the
viewer's browser: by a host name that it points at 127.0.0.1, or by a form. So the Host must be one
of ours, and a request that changes something must come from our own page.
"""

import hmac
import ipaddress
import secrets
import threading
import time
from collections import deque
from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Flask, Response, redirect, render_template, request, session

MAX_TRIES, WINDOW_SECONDS = 5, 60.0
MAX_TRIES_TOGETHER = 60
SESSION_SECONDS = 12 * 3600
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_BODY = 1024 * 1024


def guard(server: Flask, script_hashes: Sequence[str], secret: str | None = None) -> None:
    """Set headers on every response, refuse other pages, and demand the secret if there is one."""
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
    def refuse_others() -> Response | None:
        if secret is None and _host_name(request.host) not in LOOPBACK_NAMES:
            return _refuse("This dashboard is for this machine only: localhost or 127.0.0.1.")
        if request.method not in {"GET", "HEAD"} and not _is_from_our_page():
            return _refuse("That request came from another page.")
        return None

    @server.after_request
    def set_headers(response: Response) -> Response:
        response.headers.update(headers)
        if not request.path.startswith(("/_dash-component-suites/", "/assets/")):
            response.headers["Cache-Control"] = "no-store"
        return response

    if secret is not None:
        _add_login(server, secret)


def is_loopback(host: str) -> bool:
    """Return true if only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class LoginThrottle:
    """Log-in tries of the last minute, by address and together, so that guessing is too slow."""

    def __init__(self) -> None:
        self._by_address: dict[str, deque[float]] = {}
        self._together: deque[float] = deque()
        self._lock = threading.Lock()

    def seconds_to_wait(self, address: str) -> float:
        """Return 0 if another try is allowed now, and count it; else the seconds until then."""
        now = time.monotonic()
        with self._lock:
            own = self._by_address.setdefault(address, deque())
            wait = max(
                _seconds_until_free(own, MAX_TRIES, now),
                _seconds_until_free(self._together, MAX_TRIES_TOGETHER, now),
            )
            if not wait:
                own.append(now)
                self._together.append(now)
            self._by_address = {
                name: tries
                for name, tries in self._by_address.items()
                if tries and now - tries[-1] < WINDOW_SECONDS
            }
            return wait

    def forget(self, address: str) -> None:
        """Remove an address's tries, after a log-in that succeeded."""
        with self._lock:
            self._by_address.pop(address, None)


def _seconds_until_free(tries: deque[float], max_tries: int, now: float) -> float:
    while tries and now - tries[0] > WINDOW_SECONDS:
        tries.popleft()
    return WINDOW_SECONDS - (now - tries[0]) if len(tries) >= max_tries else 0.0


def _add_login(server: Flask, secret: str) -> None:
    throttle = LoginThrottle()

    @server.before_request
    def require_login() -> Response | None:
        if request.path == "/login" or session.get("known"):
            return None
        if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            return redirect("/login")  # type: ignore[return-value]
        return Response("Log in first.\n", 401, mimetype="text/plain")

    @server.get("/login")
    def show_login() -> Response:
        return _login_page()

    @server.post("/login")
    def log_in() -> Response:
        address = request.remote_addr or ""
        if wait := throttle.seconds_to_wait(address):
            page = _login_page(f"Too many tries. Wait {wait:.0f} seconds.", 429)
            page.headers["Retry-After"] = f"{wait:.0f}"
            return page
        if not hmac.compare_digest(request.form.get("secret", "").encode(), secret.encode()):
            return _login_page("That is not it.", 401)
        throttle.forget(address)
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
    """Return true unless a header names another page; a client that sends neither is no browser."""
    if request.headers.get("Sec-Fetch-Site") not in {None, "same-origin", "none"}:
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def _refuse(text: str) -> Response:
    return Response(text + "\n", 403, mimetype="text/plain")


def _login_page(problem: str = "", status: int = 200) -> Response:
    return Response(render_template("login.html", problem=problem), status, mimetype="text/html")

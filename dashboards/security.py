"""Access to the dashboard: a secret for viewers from elsewhere, and no requests by other pages.

On loopback there is no log-in. A page from elsewhere could still reach a loopback port through the
viewer's browser: by a host name that it points at 127.0.0.1, or by a form. So the Host must be one
of ours, and a request that changes something must come from our own page.

A program sends the secret with each request that reads, as a bearer token or as the password of
basic authentication, since feed readers and Prometheus know both.
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
NOBODY = "'none'"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_BODY = 1024 * 1024
# Addresses whose responses a client may keep, if it asks each time whether they still hold.
REVALIDATED = ("/data/", "/feed.", "/prices/", "/metrics")
STATIC = ("/_dash-component-suites/", "/assets/")
READS = frozenset({"GET", "HEAD"})


def guard(
    server: Flask,
    script_hashes: Sequence[str],
    secret: str | None = None,
    frame_ancestors: Sequence[str] = (),
) -> None:
    """Set headers on every response, refuse other pages, and demand the secret if there is one."""
    server.secret_key = secrets.token_bytes(32)
    server.config.update(
        SESSION_COOKIE_NAME="tokentide",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=SESSION_SECONDS,
        MAX_CONTENT_LENGTH=MAX_BODY,
    )
    headers = _headers(script_hashes, frame_ancestors)

    @server.before_request
    def refuse_others() -> Response | None:
        if secret is None and _host_name(request.host) not in LOOPBACK_NAMES:
            return _refuse("This dashboard is for this machine only: localhost or 127.0.0.1.")
        if request.method not in READS and not _is_from_our_page():
            return _refuse("That request came from another page.")
        return None

    @server.after_request
    def set_headers(response: Response) -> Response:
        response.headers.update(headers)
        if request.path.startswith(REVALIDATED) and response.status_code < 400:
            response.headers["Cache-Control"] = "private, no-cache"
        elif not request.path.startswith(STATIC):
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

    def seconds_left(self, address: str) -> float:
        """Return the seconds until a try would be allowed, without counting one."""
        now = time.monotonic()
        with self._lock:
            own = self._by_address.get(address, deque())
            return max(
                _seconds_until_free(own, MAX_TRIES, now),
                _seconds_until_free(self._together, MAX_TRIES_TOGETHER, now),
            )

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
        if request.method in READS and request.authorization is not None:
            return _check_key(throttle, secret)
        if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            return redirect("/login")  # type: ignore[return-value]
        return _demand_key("Log in first, or send the secret as a bearer token.")

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
        if not _is_secret(request.form.get("secret", ""), secret):
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


def _check_key(throttle: LoginThrottle, secret: str) -> Response | None:
    """Refuse a request whose key is wrong. Only wrong ones count as tries: programs ask often."""
    address = request.remote_addr or ""
    if wait := throttle.seconds_left(address):
        refused = Response(
            f"Too many tries. Wait {wait:.0f} seconds.\n", 429, mimetype="text/plain"
        )
        refused.headers["Retry-After"] = f"{wait:.0f}"
        return refused
    given = request.authorization
    key = (given.token or given.password or "") if given else ""
    if _is_secret(key, secret):
        return None
    throttle.seconds_to_wait(address)
    return _demand_key("That key is not it.")


def _demand_key(text: str) -> Response:
    refused = Response(f"{text}\n", 401, mimetype="text/plain")
    # Some programs send a password only once they are asked for one. On other addresses a browser
    # would open its window for passwords over the page.
    if request.path.startswith(REVALIDATED):
        refused.headers["WWW-Authenticate"] = 'Basic realm="Tokentide", charset="UTF-8"'
    return refused


def _is_secret(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode(), secret.encode())


def _headers(script_hashes: Sequence[str], frame_ancestors: Sequence[str]) -> dict[str, str]:
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
        f"frame-ancestors {' '.join(frame_ancestors) or NOBODY}",
    )
    # The older header knows no list of origins.
    old = {} if frame_ancestors else {"X-Frame-Options": "DENY"}
    return old | {
        "Content-Security-Policy": "; ".join(policy),
        "X-Content-Type-Options": "nosniff",
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

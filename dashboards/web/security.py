"""Access to the dashboard: a secret for viewers from elsewhere, and no requests by other pages.

On loopback there is no log-in. A page from elsewhere could still reach a loopback port through the
viewer's browser: by a host name that it points at 127.0.0.1, or by a form. So the Host must be one
of ours, and a request that changes something must come from our own page.

A program sends the secret with each request that reads, as a bearer token or as the password of
basic authentication, since feed readers and Prometheus know both.
"""

import secrets
import threading
import time
from collections.abc import Sequence

from flask import Flask, Response, redirect, render_template, request, session

from dashboards.web.access import READS, SecretGate, Verdict, is_from_own_page, names_loopback

SESSION_SECONDS = 12 * 3600
MAX_SESSIONS = 10_000
NOBODY = "'none'"
BUSY = "Too many tries at once. Try again."
MAX_BODY = 1024 * 1024
# Addresses whose responses a client may keep, if it asks each time whether they still hold.
REVALIDATED = ("/data/", "/feed.", "/prices/", "/metrics")
STATIC = ("/_dash-component-suites/", "/assets/")


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
        if secret is None and not names_loopback(request.host):
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


class Sessions:
    """Viewers who are logged in. A cookie names one, so that it means nothing after a log-out."""

    def __init__(self) -> None:
        self._ends: dict[str, float] = {}
        self._lock = threading.Lock()

    def open(self) -> str:
        """Begin a session and return its name."""
        name, now = secrets.token_urlsafe(16), time.monotonic()
        with self._lock:
            # They end in the order in which they began.
            while self._ends:
                oldest = next(iter(self._ends))
                if now < self._ends[oldest] and len(self._ends) < MAX_SESSIONS:
                    break
                del self._ends[oldest]
            self._ends[name] = now + SESSION_SECONDS
        return name

    def is_open(self, name: object) -> bool:
        """Return true from the log-in until the log-out, at most for twelve hours."""
        with self._lock:
            return isinstance(name, str) and time.monotonic() < self._ends.get(name, 0)

    def close(self, name: object) -> None:
        """End a session."""
        with self._lock:
            if isinstance(name, str):
                self._ends.pop(name, None)


def _add_login(server: Flask, secret: str) -> None:
    gate, sessions = SecretGate(secret), Sessions()

    @server.before_request
    def require_login() -> Response | None:
        if request.path == "/login" or sessions.is_open(session.get("name")):
            return None
        if request.method in READS and request.authorization is not None:
            return _check_key(gate)
        if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            return redirect("/login")  # type: ignore[return-value]
        return _demand_key("Log in first, or send the secret as a bearer token.")

    @server.get("/login")
    def show_login() -> Response:
        return _login_page()

    @server.post("/login")
    def log_in() -> Response:
        verdict = _check(gate, request.form.get("secret", ""))
        if verdict == "busy":
            page = _login_page(BUSY, 429)
            page.headers["Retry-After"] = "1"
            return page
        if verdict == "wrong":
            return _login_page("That is not it.", 401)
        session.clear()
        session.permanent = True
        session["name"] = sessions.open()
        return redirect("/", 303)  # type: ignore[return-value]

    @server.post("/logout")
    def log_out() -> Response:
        sessions.close(session.get("name"))
        session.clear()
        return redirect("/login", 303)  # type: ignore[return-value]


def _check(gate: SecretGate, given: str) -> Verdict:
    return gate.check(given, request.remote_addr or "")


def _check_key(gate: SecretGate) -> Response | None:
    given = request.authorization
    verdict = _check(gate, (given.token or given.password or "") if given else "")
    if verdict == "busy":
        refused = Response(f"{BUSY}\n", 429, mimetype="text/plain")
        refused.headers["Retry-After"] = "1"
        return refused
    return None if verdict == "right" else _demand_key("That key is not it.")


def _demand_key(text: str) -> Response:
    refused = Response(f"{text}\n", 401, mimetype="text/plain")
    # Some programs send a password only once they are asked for one. On other addresses a browser
    # would open its window for passwords over the page.
    if request.path.startswith(REVALIDATED):
        refused.headers["WWW-Authenticate"] = 'Basic realm="Tokentide", charset="UTF-8"'
    return refused


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


def _is_from_our_page() -> bool:
    headers = request.headers
    return is_from_own_page(headers.get("Sec-Fetch-Site"), headers.get("Origin"), request.host)


def _refuse(text: str) -> Response:
    return Response(text + "\n", 403, mimetype="text/plain")


def _login_page(problem: str = "", status: int = 200) -> Response:
    return Response(render_template("login.html", problem=problem), status, mimetype="text/html")

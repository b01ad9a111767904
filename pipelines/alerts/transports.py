"""Transports of notifications: HTTP for webhooks and chats, SMTP for mail.

Each is bounded in time as a whole, follows no redirect and repeats no secret in its errors.
"""

import asyncio
import contextlib
import json
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import stamina

from pipelines.alerts.config.alerts_file import Receiver
from pipelines.alerts.notifications import Notification, email_message, slack_text
from pipelines.errors import BadSetting, TokentideError
from pipelines.retry_log import log_retries
from pipelines.telemetry.config.headers import resolve_options

PORTS = {"starttls": 587, "tls": 465, "none": 25}
TRY_AGAIN = frozenset({408, 425, 429})

log_retries()

SendNotification = Callable[[Notification], None]
"""Hands one notification over; raises DeliveryFailed."""


class DeliveryFailed(TokentideError):
    """A receiver did not take a notification; the text says why and repeats no secret."""


class _TryAgain(DeliveryFailed):
    """A failure that may be over in a moment."""


@dataclass(frozen=True)
class DeliveryLimits:
    """Seconds for one attempt as a whole, the number of attempts, and the first pause."""

    seconds: float = 10.0
    attempts: int = 3
    first_pause: float = 0.5


def transport_of(
    receiver: Receiver, variables: Mapping[str, str], limits: DeliveryLimits
) -> SendNotification:
    """Return the function that hands a notification to this receiver, and tries again."""

    def once(notification: Notification) -> None:
        if receiver.kind == "email":
            _send_mail(receiver, variables, notification, limits)
        else:
            _post(receiver, variables, notification, limits)

    def send(notification: Notification) -> None:
        for attempt in stamina.retry_context(
            on=_TryAgain,
            attempts=limits.attempts,
            timeout=None,
            wait_initial=limits.first_pause,
            wait_max=5.0,
        ):
            with attempt:
                once(notification)

    return send


def _secret(receiver: Receiver, key: str, variables: Mapping[str, str]) -> str:
    """Return the value of the variable that a key of the receiver names."""
    variable = getattr(receiver, key)
    value = variables.get(variable, "").strip()
    if not value:
        raise DeliveryFailed(
            f"{variable}, the {key} of receiver {receiver.name}, is not set; "
            "put it into the environment or .env."
        )
    return value


def _post(
    receiver: Receiver,
    variables: Mapping[str, str],
    notification: Notification,
    limits: DeliveryLimits,
) -> None:
    url = receiver.url or _secret(receiver, "url_variable", variables)
    options = [f"{header}={variable}" for header, variable in receiver.headers.items()]
    try:
        headers = resolve_options(options, variables, f"receiver {receiver.name}")
    except BadSetting as error:
        raise DeliveryFailed(str(error)) from error
    body: Mapping[str, Any] = notification.body
    if receiver.kind == "slack":
        body = {"text": slack_text(body)}
    own = {
        "Content-Type": "application/json",
        "User-Agent": str(notification.body["sender"]).replace(" ", "/"),
        "Idempotency-Key": notification.notification_id,
    }
    content = json.dumps(body, ensure_ascii=False).encode()
    try:
        status = asyncio.run(_request(url, {**headers, **own}, content, limits.seconds))
    except TimeoutError as error:
        raise _TryAgain(f"No answer came within {limits.seconds:g} s.") from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
        # The text of the error would repeat the address, which may be a secret.
        raise DeliveryFailed("Its address is no http or https address; correct it.") from error
    except (httpx.HTTPError, OSError) as error:
        raise _TryAgain(f"It cannot be reached ({type(error).__name__}).") from error
    _check(status)


async def _request(url: str, headers: Mapping[str, str], content: bytes, seconds: float) -> int:
    """Return the status of a POST. The answer's body is not read: nothing in it is needed."""
    async with (
        asyncio.timeout(seconds),
        httpx.AsyncClient(
            timeout=seconds, follow_redirects=False, verify=ssl.create_default_context()
        ) as client,
        client.stream("POST", url, headers=headers, content=content) as response,
    ):
        return response.status_code


def _check(status: int) -> None:
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise DeliveryFailed(
            f"It answered {status}; no redirect is followed, so correct its address."
        )
    if status >= 500 or status in TRY_AGAIN:
        raise _TryAgain(f"It answered {status}.")
    raise DeliveryFailed(f"It answered {status}; check its address and its headers.")


def _send_mail(
    receiver: Receiver,
    variables: Mapping[str, str],
    notification: Notification,
    limits: DeliveryLimits,
) -> None:
    login = None
    if receiver.password_variable:
        names = ("user_variable", "password_variable")
        login = [_secret(receiver, name, variables) for name in names]
    try:
        message = email_message(receiver, notification.body)
    except (ValueError, LookupError) as error:
        raise DeliveryFailed("Its addresses make no mail; correct from and to.") from error
    try:
        with _mail_server(receiver, limits.seconds) as server:
            if login:
                server.login(*login)
            refused = server.send_message(message)
    except smtplib.SMTPAuthenticationError as error:
        raise DeliveryFailed("The mail server refuses user and password.") from error
    except smtplib.SMTPResponseException as error:
        kind = _TryAgain if 400 <= error.smtp_code < 500 else DeliveryFailed
        raise kind(f"The mail server answered {error.smtp_code}.") from error
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        raise _TryAgain(f"The mail server failed ({type(error).__name__}).") from error
    if refused:
        raise DeliveryFailed(f"The mail server refuses {', '.join(sorted(refused))}.")


@contextlib.contextmanager
def _mail_server(receiver: Receiver, seconds: float) -> Iterator[smtplib.SMTP]:
    """Open a connection that is cut when its time is over, however slowly its server speaks."""
    host, port = receiver.host or "", receiver.port or PORTS[receiver.security]
    context = ssl.create_default_context()
    server = (
        smtplib.SMTP_SSL(host, port, timeout=seconds, context=context)
        if receiver.security == "tls"
        else smtplib.SMTP(host, port, timeout=seconds)
    )
    timer = threading.Timer(seconds, _cut, [server])
    timer.daemon = True
    timer.start()
    try:
        with server:
            if receiver.security == "starttls":
                server.starttls(context=context)
            yield server
    finally:
        timer.cancel()


def _cut(server: smtplib.SMTP) -> None:
    with contextlib.suppress(OSError, AttributeError):
        if server.sock:
            server.sock.shutdown(socket.SHUT_RDWR)

"""Rules of access: names of loopback, pages of another origin, and guesses at the secret.

It knows no framework: the dashboard's Flask and the guard of Dagster's page both use it.
"""

import hmac
import ipaddress
import threading
import time
from collections import deque
from typing import Literal
from urllib.parse import urlsplit

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
READS = frozenset({"GET", "HEAD"})
# Wrong secrets in a minute after which further ones are checked slowly.
MAX_TRIES, WINDOW_SECONDS = 5, 60.0
MAX_TRIES_TOGETHER = 60
# A slow check holds a thread of the server, so few run at once, and one an address.
SLOW_SECONDS, MAX_SLOW_CHECKS = 0.5, 2

Verdict = Literal["right", "wrong", "busy"]
"""busy: other guesses of this address are being checked, so this one was not."""


def is_loopback(host: str) -> bool:
    """Return true if only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def names_loopback(host: str | None) -> bool:
    """Return true if a Host header is a name of this machine that no other site can point at it."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower() in LOOPBACK_NAMES
    except ValueError:  # such as an unclosed bracket
        return False


def is_from_own_page(site: str | None, origin: str | None, host: str | None) -> bool:
    """Return true unless Sec-Fetch-Site or Origin names a page that this host did not serve.

    A client that sends neither is no browser.
    """
    if site not in {None, "same-origin", "none"}:
        return False
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc == host
    except ValueError:
        return False


class SecretGate:
    """The check of a secret, so slow after some wrong ones that guessing gets nowhere.

    Nobody is locked out: many people may share an address, and one who guesses must not keep the
    others away. Beyond the limits a check takes half a second, two run at once, so that at most
    some three hundred secrets a minute are tried, and the right one still opens.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._wrong: deque[tuple[float, str]] = deque()
        self._slow: set[str] = set()
        self._lock = threading.Lock()

    def check(self, given: str, address: str) -> Verdict:
        """Compare in constant time; slowly, where this address or all together guessed wrongly."""
        with self._lock:
            if not self._is_slowed(address):
                return self._compare(given, address)
            if address in self._slow or len(self._slow) >= MAX_SLOW_CHECKS:
                return "busy"
            self._slow.add(address)
        try:
            time.sleep(SLOW_SECONDS)
            return "right" if self._is_right(given) else "wrong"
        finally:
            with self._lock:
                self._slow.discard(address)

    def _is_slowed(self, address: str) -> bool:
        while self._wrong and time.monotonic() - self._wrong[0][0] > WINDOW_SECONDS:
            self._wrong.popleft()
        mine = sum(each == address for _, each in self._wrong)
        return mine >= MAX_TRIES or len(self._wrong) >= MAX_TRIES_TOGETHER

    def _compare(self, given: str, address: str) -> Verdict:
        if self._is_right(given):
            return "right"
        self._wrong.append((time.monotonic(), address))
        return "wrong"

    def _is_right(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(errors="replace"), self._secret)

"""The server under load, and the connections to it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

import httpx

from models.errors import BadConfig, TierError
from models.loadgen.records import RequestFailure
from models.loadgen.sse import printable_line, read_bounded, read_error_message

CONNECT_SECONDS = 10.0
# Below the 5 s after which uvicorn closes an idle connection. A request on a connection that is
# just being closed would fail without anyone's fault.
IDLE_SECONDS = 2.0
MAX_LIST_BYTES = 1 << 20
MAX_NAMED = 20


class ServerUnreachable(TierError):
    """The server does not list its models. `status` is that of its response, if it gave one."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class LoadTarget:
    """The server under load. Its key never appears in any output."""

    url: str
    key: str | None = field(default=None, repr=False)
    timeout_s: float = 600.0
    # What a person calls them, for messages.
    url_name: str = "--url"
    key_name: str = "OPENAI_API_KEY"
    model_name: str = "--model"

    def __post_init__(self) -> None:
        try:
            url = httpx.URL(self.url)
        except httpx.InvalidURL as error:
            raise BadConfig(
                f"{self.url_name} is not an address ({error}). Use one such as http://127.0.0.1:8000/v1."
            ) from error
        is_http = url.scheme in ("http", "https") and bool(url.host)
        if not is_http or url.userinfo or set("?#") & set(self.url):
            raise BadConfig(
                f"{self.url_name} must be http or https, with neither password nor query, such as "
                "http://127.0.0.1:8000/v1."
            )
        if self.key is not None and not (
            self.key.isascii() and self.key.isprintable() and " " not in self.key
        ):
            raise BadConfig(
                f"{self.key_name} contains characters that are not allowed in keys. Copy it again."
            )

    def redact(self, text: str) -> str:
        """Remove the key from a server's text, which may repeat it."""
        return text.replace(self.key, "***") if self.key else text


class ConnectionPool:
    """Pool with one httpx client per connection, as many as there are open requests.

    A single client would check each of its connections at every request. With hundreds of open
    requests it would do little else.
    """

    def __init__(self, target: LoadTarget) -> None:
        self._target = target
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if target.key:
            self._headers["Authorization"] = f"Bearer {target.key}"
        # Of the environment it takes the authorities of SSL_CERT_FILE or SSL_CERT_DIR.
        self._tls = httpx.create_ssl_context()
        self._idle: list[httpx.AsyncClient] = []

    @asynccontextmanager
    async def borrow(self) -> AsyncIterator[httpx.AsyncClient]:
        """Borrow the idle connection that was used last, or a new one."""
        client = self._idle.pop() if self._idle else self._make_client()
        try:
            yield client
        finally:
            self._idle.append(client)

    async def aclose(self) -> None:
        """Close the idle connections, which are all of them once no request is open."""
        while self._idle:
            await self._idle.pop().aclose()

    def _make_client(self) -> httpx.AsyncClient:
        timeout_s = self._target.timeout_s
        return httpx.AsyncClient(
            headers=self._headers,
            timeout=httpx.Timeout(timeout_s, connect=min(CONNECT_SECONDS, timeout_s)),
            limits=httpx.Limits(keepalive_expiry=IDLE_SECONDS),
            verify=self._tls,
            trust_env=False,  # a proxy would be measured with the server
        )


async def find_served_model(target: LoadTarget) -> str:
    """Return the one model that the server offers."""
    address, status = f"{target.url}/models", None
    try:
        async with (
            asyncio.timeout(min(CONNECT_SECONDS, target.timeout_s)),
            aclosing(ConnectionPool(target)) as pool,
            pool.borrow() as client,
            client.stream("GET", address) as response,
        ):
            chunks, status = response.aiter_raw(), response.status_code
            if status != 200:
                message = await read_error_message(chunks) or printable_line(response.reason_phrase)
                raise RequestFailure("http", f"{status} {message}")
            names = _parse_names(await read_bounded(chunks, MAX_LIST_BYTES))
    except (httpx.HTTPError, TimeoutError, RequestFailure) as error:
        reason = target.redact(printable_line(str(error) or type(error).__name__))
        advice = _advise(target, status, reason)
        message = f"{address} lists no model ({reason}). {advice}"
        raise ServerUnreachable(message, status) from error
    if len(names) != 1:
        offered = ", ".join(map(printable_line, names[:MAX_NAMED])) or "no model"
        raise BadConfig(f"{target.url} offers {offered}. Name one with {target.model_name}.")
    return names[0]


def _advise(target: LoadTarget, status: int | None, reason: str) -> str:
    if status in (401, 403):
        return f"Put its key into {target.key_name}."
    if status is not None and 300 <= status < 400:
        return "Give the address to which it redirects; redirects are not followed."
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return "Name the certificate of its authority with the variable SSL_CERT_FILE."
    return f"Start the server, or name the model with {target.model_name}."


def _parse_names(raw: bytes) -> list[str]:
    try:
        return [str(each["id"]) for each in json.loads(raw)["data"]]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        quoted = printable_line(raw[:200].decode(errors="replace"))
        raise RequestFailure("answer", f"not a list of models: {quoted}") from error

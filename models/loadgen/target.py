"""The server that is asked, and the connections to it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

import httpx

from models.errors import BadConfig, TierError
from models.loadgen.records import RequestFailure
from models.loadgen.sse import read_bounded, read_error_message, printable_line

CONNECT_SECONDS = 10.0
# Below the 5 s after which uvicorn closes an idle connection: a request on one that is just being closed would fail for no fault.
IDLE_SECONDS = 2.0
MAX_LIST_BYTES = 1 << 20
MAX_NAMED = 20


class ServerUnreachable(TierError):
    """The server does not say what it serves, so there is nobody to ask."""


@dataclass(frozen=True)
class LoadTarget:
    """Whom to ask; the key is left out of whatever is shown."""

    url: str
    key: str | None = field(default=None, repr=False)
    timeout_s: float = 600.0

    def __post_init__(self) -> None:
        try:
            url = httpx.URL(self.url)
        except httpx.InvalidURL as problem:
            raise BadConfig(
                f"--url is no address ({problem}). Give one such as http://127.0.0.1:8000/v1."
            ) from problem
        if (
            url.scheme not in ("http", "https")
            or not url.host
            or url.userinfo
            or set("?#") & set(self.url)
        ):
            raise BadConfig(
                "--url must be http or https, with neither password nor query, such as http://127.0.0.1:8000/v1."
            )
        if self.key is not None and not (
            self.key.isascii() and self.key.isprintable() and " " not in self.key
        ):
            raise BadConfig("OPENAI_API_KEY holds characters that no key has. Copy it again.")

    def without_key(self, text: str) -> str:
        """A server may repeat the key that it was sent; we do not."""
        return text.replace(self.key, "***") if self.key else text


class ConnectionPool:
    """One httpx client a connection, as many as requests are open, so that none waits for another.

    A single client would look at each of its connections at every request: with hundreds open it is busy with nothing else.
    """

    def __init__(self, target: LoadTarget) -> None:
        self._target = target
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if target.key:
            self._headers["Authorization"] = f"Bearer {target.key}"
        self._tls = httpx.create_ssl_context(trust_env=False)
        self._idle: list[httpx.AsyncClient] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[httpx.AsyncClient]:
        """The connection that was used last among the idle ones, or a new one."""
        client = self._idle.pop() if self._idle else self._new()
        try:
            yield client
        finally:
            self._idle.append(client)

    async def aclose(self) -> None:
        """Close those that are idle, which are all once nothing is asked any more."""
        while self._idle:
            await self._idle.pop().aclose()

    def _new(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            headers=self._headers,
            timeout=httpx.Timeout(
                self._target.timeout_s, connect=min(CONNECT_SECONDS, self._target.timeout_s)
            ),
            limits=httpx.Limits(keepalive_expiry=IDLE_SECONDS),
            verify=self._tls,
            trust_env=False,  # a proxy would be measured with the server
        )


async def find_served_model(target: LoadTarget) -> str:
    """The one model that the server offers."""
    address = f"{target.url}/models"
    try:
        async with (
            asyncio.timeout(min(CONNECT_SECONDS, target.timeout_s)),
            aclosing(ConnectionPool(target)) as connections,
            connections.one() as client,
            client.stream("GET", address) as answer,
        ):
            if answer.status_code != 200:
                raise RequestFailure(
                    "http", f"{answer.status_code} {await read_error_message(answer.aiter_raw())}"
                )
            names = _names(await read_bounded(answer.aiter_raw(), MAX_LIST_BYTES))
    except (httpx.HTTPError, TimeoutError, RequestFailure) as problem:
        reason = target.without_key(printable_line(str(problem) or type(problem).__name__))
        raise ServerUnreachable(
            f"{address} names no model ({reason}). Start the server, or name the model with --model."
        ) from problem
    if len(names) != 1:
        raise BadConfig(
            f"{target.url} offers {', '.join(map(printable_line, names[:MAX_NAMED])) or 'no model'}. Name one with --model."
        )
    return names[0]


def _names(raw: bytes) -> list[str]:
    try:
        return [str(each["id"]) for each in json.loads(raw)["data"]]
    except (ValueError, RecursionError, KeyError, TypeError) as problem:
        raise RequestFailure(
            "answer", f"not a list of models: {printable_line(raw[:200].decode(errors='replace'))}"
        ) from problem

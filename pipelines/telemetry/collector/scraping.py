"""One scrape of a page over HTTP or of a command's output, bounded in size and time.

A failure has one short name, which becomes a label of the scrape.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Mapping, Sequence

import httpx

from pipelines.telemetry.metrics.exposition import MAX_BYTES

MAX_SECONDS = 60.0  # a bound of last resort; each scrape has a shorter one
# Less than the 5 s after which uvicorn and others hang up: no request goes into a closing
# connection.
KEEPALIVE_SECONDS = 3.0
ACCEPT = "text/plain;version=0.0.4,application/openmetrics-text;q=0.5,*/*;q=0.1"


class ScrapeFailed(Exception):
    """A scrape without a result. `reason` is `timeout`, `refused`, `status_503` and the like.

    It becomes a row of the segment, not a message to a person.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def make_client(headers: Mapping[str, str], context: ssl.SSLContext) -> httpx.AsyncClient:
    """Make a client with one lasting connection, for one target.

    It ignores proxies and .netrc of the environment.
    """
    # Redirects are not followed: they could carry a header's secret to another host.
    return httpx.AsyncClient(
        headers={"Accept": ACCEPT, "Accept-Encoding": "gzip", **headers},
        limits=httpx.Limits(max_connections=1, keepalive_expiry=KEEPALIVE_SECONDS),
        verify=context,
        trust_env=False,
        timeout=MAX_SECONDS,
    )


async def fetch_page(client: httpx.AsyncClient, url: str, seconds: float) -> bytes:
    """Return the page at an address; raise ScrapeFailed unless it comes whole and in time."""
    try:
        async with asyncio.timeout(seconds), client.stream("GET", url) as response:
            if response.status_code != httpx.codes.OK:
                raise ScrapeFailed(f"status_{response.status_code}")
            return await _read_body(response)
    except TimeoutError as error:
        raise ScrapeFailed("timeout") from error
    except httpx.ConnectError as error:
        raise ScrapeFailed("unknown_host" if _is_unknown_host(error) else "refused") from error
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise ScrapeFailed("broken_off") from error


async def run_command(command: Sequence[str], seconds: float) -> bytes:
    """Return the output of a command; raise ScrapeFailed if it fails or takes longer."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        raise ScrapeFailed("no_such_command") from error
    try:
        async with asyncio.timeout(seconds):
            output = await _read_output(process)
            status = await process.wait()
    except TimeoutError as error:
        raise ScrapeFailed("timeout") from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if status:
        raise ScrapeFailed(f"exit_{status}")
    return output


async def _read_output(process: asyncio.subprocess.Process) -> bytes:
    output = bytearray()
    while process.stdout and (piece := await process.stdout.read(65536)):
        output += piece
        if len(output) > MAX_BYTES:
            raise ScrapeFailed("too_large")
    return bytes(output)


async def _read_body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > MAX_BYTES:
            raise ScrapeFailed("too_large")
    return bytes(body)


def _is_unknown_host(error: BaseException | None) -> bool:
    while error:
        if isinstance(error, socket.gaierror):
            return True
        error = error.__cause__ or error.__context__
    return False

"""One scrape of a page over HTTP or of a command's output, bounded in size and time.

A failure has one short name, which becomes a label of the scrape.
"""

import asyncio
import contextlib
import re
import ssl
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path

import aiohttp
from yarl import URL

from pipelines.errors import BadSetting
from pipelines.telemetry.collector.guarded_socket import ForbiddenAddress, make_guarded_socket
from pipelines.telemetry.config.tier import Tier
from pipelines.telemetry.gzip_member import NotWhole, TooLarge, decompress_member
from pipelines.telemetry.metrics.exposition import MAX_BYTES

# Less than the 5 s after which uvicorn and others hang up: no request goes into a closing
# connection.
KEEPALIVE_SECONDS = 3.0
MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 307, 308})
HTML = re.compile(rb"\s*(<!doctype html|<html|<head|<\?xml[^>]*>\s*<!doctype html)", re.IGNORECASE)
ACCEPT = "text/plain;version=0.0.4,application/openmetrics-text;q=0.5,*/*;q=0.1"


class ScrapeFailed(Exception):
    """A scrape without a result. `reason` is `timeout`, `refused`, `status_503` and the like.

    It becomes a row of the segment, not a message to a person.
    """

    def __init__(self, reason: str, **details: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details


def make_client(headers: Mapping[str, str], context: ssl.SSLContext) -> aiohttp.ClientSession:
    """Make a client with one lasting connection, for one target; only where an event loop runs.

    It ignores proxies, cookies and .netrc, and connects to no address that no target may have,
    whoever named it: a tier file, a list of targets, a form.
    """
    connector = aiohttp.TCPConnector(
        limit=1,
        keepalive_timeout=KEEPALIVE_SECONDS,
        ssl=context,
        socket_factory=make_guarded_socket,
    )
    return aiohttp.ClientSession(
        connector=connector,
        headers={"Accept": ACCEPT, "Accept-Encoding": "gzip", **headers},
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(),  # fetch_page bounds the whole of a scrape
        auto_decompress=False,  # it takes a gzip that was cut off, with half a number, for whole
    )


async def fetch_page(client: aiohttp.ClientSession, url: str, seconds: float) -> bytes:
    """Return the page at an address; raise ScrapeFailed unless it comes whole and in time."""
    place = URL(url)
    try:
        async with asyncio.timeout(seconds):
            page = await _follow(client, place)
    except TimeoutError as error:
        raise ScrapeFailed("timeout") from error
    except UnicodeError as error:  # a name that no lookup can spell
        raise ScrapeFailed("unknown_host") from error
    except aiohttp.ClientError as error:
        raise ScrapeFailed(_reason(error)) from error
    if HTML.match(page):
        raise ScrapeFailed("html")
    return page


async def _follow(client: aiohttp.ClientSession, url: URL) -> bytes:
    """Return the page, also from another path of the same server, where it redirects there."""
    seen = {url}
    for _ in range(MAX_REDIRECTS + 1):
        # Redirects are not followed by the client: they could carry a header's secret away.
        async with client.get(url, allow_redirects=False) as response:
            if response.status == HTTPStatus.OK:
                return await _read_body(response)
            moved = _find_moved(response, url)
            if moved is None or moved in seen:
                raise ScrapeFailed(f"status_{response.status}")
        seen.add(moved)
        url = moved
    raise ScrapeFailed("too_many_redirects")


def _find_moved(response: aiohttp.ClientResponse, url: URL) -> URL | None:
    """Return the address on the same host to which a response leads; None for any other host.

    A header's secret must not go to another server, so scheme and port stay those of the tier file:
    behind a proxy that ends TLS, servers redirect to http and to their own port.
    """
    if response.status not in REDIRECTS or not response.headers.get("location"):
        return None
    try:
        location = url.join(URL(response.headers["location"]))
        is_other_port = not location.is_default_port() and location.port != url.port
    except ValueError:
        return None
    if location.host != url.host or location.scheme not in {"http", "https"}:
        return None
    if is_other_port and location.path.rstrip("/") != url.path.rstrip("/"):
        return None
    return URL.build(
        scheme=url.scheme,
        authority=url.raw_authority,
        path=location.raw_path,
        query_string=location.raw_query_string,
        encoded=True,
    )


def _reason(error: Exception) -> str:
    """Name what went wrong, from the most special kind of error to the least."""
    match error:
        # One number in place of four would go around a rule that looks at addresses.
        case aiohttp.InvalidUrlClientError():
            return "forbidden_address"
        case aiohttp.ClientConnectorCertificateError():
            return "certificate"
        case aiohttp.ClientSSLError():
            return "tls"
        case aiohttp.ClientConnectorDNSError():
            return "unknown_host"
        case aiohttp.ClientConnectorError():
            is_forbidden = isinstance(error.os_error, ForbiddenAddress)
            return "forbidden_address" if is_forbidden else "refused"
    return "broken_off"


def check_authorities(tier: Tier) -> None:
    """Raise BadSetting if a file of certificates that the tier file names cannot be used."""
    files = {target.ca_file for target in tier.targets}
    files |= {source.ca_file for source in tier.device_sources}
    files |= {discover.ca_file for discover in tier.discovers}
    for ca_file in filter(None, files):
        make_context(ca_file)


def make_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Make a TLS context that trusts the system's authorities and those of a file."""
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise BadSetting(
                f"ca_file {ca_file} cannot be used ({error}). "
                "Name a file with certificates in PEM form."
            ) from error
    return context


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


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MAX_BYTES:
            raise ScrapeFailed("too_large")
    match response.headers.get("Content-Encoding", "identity").lower():
        case "identity":
            return bytes(body)
        case "gzip" | "x-gzip":
            return _decompress(bytes(body))
    raise ScrapeFailed("broken_off")  # in a coding that was not asked for


def _decompress(body: bytes) -> bytes:
    try:
        return decompress_member(body, MAX_BYTES)
    except TooLarge as error:
        raise ScrapeFailed("too_large") from error
    except NotWhole as error:
        raise ScrapeFailed("broken_off") from error

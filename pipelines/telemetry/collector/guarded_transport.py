"""Connections to addresses that others name: not to a cloud's metadata, not to everybody.

A list of targets may come from anybody who can start a pod, an address from a form, a tier file
from a colleague; private ranges stay allowed, since fleets lie there. A name is looked up once and
the connection goes to the very address that was looked at, so a name cannot lead elsewhere in
between.
"""

import asyncio
import socket
import ssl
import time
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

LOOKUP_SECONDS = 30.0  # for which the addresses of a name are kept
FORBIDDEN = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "169.254.0.0/16",  # link-local, with the metadata of most clouds
            "100.100.100.200/32",  # metadata of Alibaba
            "192.0.0.192/32",  # metadata of Oracle
            "224.0.0.0/4",
            "240.0.0.0/4",
            "::/128",
            "fe80::/10",
            "ff00::/8",
            "fd00:ec2::/32",  # metadata of Amazon
            "fd20:ce::254/128",  # metadata of Google
        ),
    )
)
TRANSLATED = ip_network("64:ff9b::/96")  # IPv4 behind NAT64


class ForbiddenAddress(httpx.ConnectError):
    """A target has an address that no target may have."""


def is_forbidden(address: str) -> bool:
    """Tell whether an IP address is link-local, multicast, unspecified or a cloud's metadata."""
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in TRANSLATED:
            inner = IPv4Address(int(ip) & 0xFFFFFFFF)
        ip = inner or ip
    return any(ip in network for network in FORBIDDEN if network.version == ip.version)


class GuardedTransport(httpx.AsyncBaseTransport):
    """A transport for one target, which connects to no forbidden address."""

    def __init__(self, context: ssl.SSLContext, limits: httpx.Limits) -> None:
        self._inner = httpx.AsyncHTTPTransport(verify=context, limits=limits, trust_env=False)
        self._found: dict[tuple[str, int | None], tuple[float, list[str]]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the first address of its host that lets us connect."""
        host, port = request.url.host, request.url.port
        failed = httpx.ConnectError(f"{host} has no address", request=request)
        for address in await self._look_up(host, port):
            # The certificate is that of the name, and so is the header Host, which is set already.
            pinned = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
            try:
                return await self._inner.handle_async_request(pinned)
            except httpx.ConnectError as error:
                failed = error
        self._found.pop((host, port), None)
        raise failed

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    async def _look_up(self, host: str, port: int | None) -> list[str]:
        at, addresses = self._found.get((host, port), (0.0, []))
        if addresses and time.monotonic() - at < LOOKUP_SECONDS:
            return addresses
        try:
            answers = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(str(error)) from error
        addresses = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
        if any(is_forbidden(address) for address in addresses):
            raise ForbiddenAddress(f"{host} leads to an address that no target may have")
        self._found = {(host, port): (time.monotonic(), addresses)}
        return addresses

"""Connections to addresses that others name: not to a cloud's metadata, not to everybody.

A list of targets may come from anybody who can start a pod, an address from a form, a tier file
from a colleague; private ranges stay allowed, since fleets lie there. The address is looked at
where its socket is made, after every lookup, so a name cannot lead elsewhere in between.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from aiohappyeyeballs import AddrInfoType

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


class ForbiddenAddress(OSError):
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


def make_guarded_socket(address: AddrInfoType) -> socket.socket:
    """Make the socket for an address; raise ForbiddenAddress if no target may have it."""
    family, kind, protocol, _, place = address
    if is_forbidden(str(place[0])):
        raise ForbiddenAddress(f"{place[0]} is an address that no target may have")
    return socket.socket(family, kind, protocol)

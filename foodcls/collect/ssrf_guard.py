"""Guards against SSRF (server-side request forgery): no connection to an internal address.

The address that is connected to is the one that was checked, so that no name can change between
the check and the connection (DNS rebinding).
"""

import ipaddress
import socket
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

# where clouds hand out credentials; some of them lie outside the link-local range
METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",
        "fd00:ec2::254",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
    )
)
THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
COMPATIBLE = ipaddress.ip_network("::/96")
NAT64 = ipaddress.ip_network("64:ff9b::/96")
NAT64_LOCAL = ipaddress.ip_network("64:ff9b:1::/48")
# bytes that may wait unread on our side: what a server can send beyond the limit
RECEIVE_BUFFER = 131_072

Address = tuple[str, int]


def blocked_reason(address: str, *, allow_private: bool = False) -> str:
    """Why connections to this IP address are blocked; empty when they are allowed.

    `allow_private` admits loopback and private ranges; nothing admits metadata services,
    link-local, multicast and reserved addresses. What is no IP address is blocked.
    """
    try:
        ip = _carried(ipaddress.ip_address(address))
    except ValueError:
        return "not an IP address"
    if ip in METADATA:
        return "metadata service"
    if ip.is_loopback:
        return "" if allow_private else "loopback"
    never = _never(ip)
    if never or allow_private or (ip.is_global and not ip.is_private):
        return never
    return "private"


class BlockedAddress(OSError):
    """An address to which connections are not allowed."""


class GuardedResolver(AbstractResolver):
    """Resolves host names, and blocks a name if any one of its addresses is blocked.

    `hosts` maps names that no DNS knows to where their server listens: address and port.
    """

    def __init__(
        self, inner: AbstractResolver, hosts: Mapping[str, Address], *, allow_private: bool
    ) -> None:
        self._inner = inner
        self._hosts = hosts
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """All addresses of a name; BlockedAddress when one of them is blocked."""
        if host in self._hosts:
            address, port = self._hosts[host]
            return [
                ResolveResult(
                    hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0
                )
            ]
        found = await self._inner.resolve(host, port, family)
        for item in found:
            _check_address(item["host"], allow_private=self._allow_private)
        return found

    async def close(self) -> None:
        """Close the resolver behind it."""
        await self._inner.close()


def guarded_connector(hosts: Mapping[str, Address], *, allow_private: bool) -> aiohttp.TCPConnector:
    """A connector that checks the address of each connection; those of `hosts` are allowed."""

    def open_socket(info: Any) -> socket.socket:
        family, kind, protocol, _, address = info
        if tuple(address[:2]) not in hosts.values():
            _check_address(address[0], allow_private=allow_private)
        opened = socket.socket(family, kind, protocol)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        return opened

    return aiohttp.TCPConnector(
        resolver=GuardedResolver(ThreadedResolver(), hosts, allow_private=allow_private),
        # a URL with an IP address in it never comes to the resolver
        socket_factory=open_socket,
        # how many at once is decided by the host queue
        limit=0,
    )


def _check_address(address: str, *, allow_private: bool) -> None:
    reason = blocked_reason(address, allow_private=allow_private)
    if reason:
        raise BlockedAddress(f"{address} is a {reason} address")


def _never(ip: IPv4Address | IPv6Address) -> str:
    if ip.is_unspecified or ip in THIS_NETWORK:
        return "unspecified"
    if ip.is_link_local or (ip.version == 6 and ip.is_site_local):
        return "link-local"
    if ip.is_multicast:
        return "multicast"
    if ip.is_reserved or ip in COMPATIBLE or ip in NAT64_LOCAL:
        return "reserved"
    return ""


def _carried(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one leads to (mapped, 6to4, NAT64), or the address itself."""
    if ip.version == 4:
        return ip
    if ip in NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip

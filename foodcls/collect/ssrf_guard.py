"""Turns host names into connections, of which the very address was checked."""

import socket
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from foodcls.collect.addresses import refusal

# bytes that may wait unread on our side: what a server can send beyond the limit
RECEIVE_BUFFER = 131_072

Address = tuple[str, int]


class BlockedAddress(OSError):
    """An address that must not be connected to."""


class GuardedResolver(AbstractResolver):
    """Looks names up, and refuses a name if any one of its addresses is refused.

    `hosts` maps names that no DNS knows to where their server listens.
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
        """All addresses of a name; BlockedAddress when one of them is refused."""
        if host in self._hosts:
            return [_resolved(host, self._hosts[host])]
        found = await self._inner.resolve(host, port, family)
        for item in found:
            _check_address(item["host"], allow_private=self._allow_private)
        return found

    async def close(self) -> None:
        """Close what looks the names up."""
        await self._inner.close()


def guarded_connector(hosts: Mapping[str, Address], *, allow_private: bool) -> aiohttp.TCPConnector:
    """What opens connections; those of `hosts` to their own address and port need no leave."""

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
        # how many at once is decided by whose turn it is
        limit=0,
    )


def _check_address(address: str, *, allow_private: bool) -> None:
    reason = refusal(address, allow_private=allow_private)
    if reason:
        raise BlockedAddress(f"{address} is a {reason} address")


def _resolved(host: str, address: Address) -> ResolveResult:
    return ResolveResult(
        hostname=host, host=address[0], port=address[1], family=socket.AF_INET, proto=0, flags=0
    )

import asyncio
import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from foodcls.collect.ssrf_guard import BlockedAddress, GuardedResolver


class Names(AbstractResolver):
    """Gives a name the addresses that stand in it, joined by commas."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=ip, port=port, family=family, proto=0, flags=0)
            for ip in host.split(",")
        ]

    async def close(self) -> None:
        pass


def look_up(host: str, *, allow_private: bool = False) -> list[tuple[str, int]]:
    resolver = GuardedResolver(Names(), {"own": ("127.0.0.1", 8000)}, allow_private=allow_private)
    found = asyncio.run(resolver.resolve(host, 80, socket.AF_UNSPEC))
    return [(one["host"], one["port"]) for one in found]


def test_public_addresses_are_given_on() -> None:
    assert look_up("8.8.8.8,9.9.9.9") == [("8.8.8.8", 80), ("9.9.9.9", 80)]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "8.8.8.8,10.0.0.1", "8.8.8.8,::1", "169.254.169.254"]
)
def test_one_refused_address_refuses_the_name(host: str) -> None:
    with pytest.raises(BlockedAddress):
        look_up(host)


def test_private_names_need_leave_and_metadata_gets_none() -> None:
    assert look_up("10.0.0.1", allow_private=True) == [("10.0.0.1", 80)]
    with pytest.raises(BlockedAddress, match="metadata"):
        look_up("169.254.169.254", allow_private=True)


def test_hosts_of_our_own_lead_to_their_server() -> None:
    assert look_up("own") == [("127.0.0.1", 8000)]

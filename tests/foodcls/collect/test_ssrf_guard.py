import asyncio
import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from foodcls.collect.ssrf_guard import BlockedAddress, GuardedResolver, blocked_reason


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


PUBLIC = ["8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"]
PRIVATE = [
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "fc00::1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2002:a00:1::",
]
NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "::ffff:0.0.0.0",
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "169.254.1.1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
    "224.0.0.1",
    "ff02::1",
    "240.0.0.1",
    "255.255.255.255",
    "::127.0.0.1",
    "64:ff9b:1::1",
    "example.org",
    "127.1",
    "2130706433",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_connected(address: str) -> None:
    assert blocked_reason(address) == ""


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_need_leave(address: str) -> None:
    assert blocked_reason(address) in ("private", "loopback")
    assert blocked_reason(address, allow_private=True) == ""


@pytest.mark.parametrize("address", NEVER)
def test_nothing_admits_metadata_link_local_or_reserved(address: str) -> None:
    assert blocked_reason(address)
    assert blocked_reason(address, allow_private=True)

"""Tells which IP addresses may be connected to; knows nothing of names or of HTTP."""

import ipaddress
from ipaddress import IPv4Address, IPv6Address

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


def refusal(address: str, *, allow_private: bool = False) -> str:
    """Why this IP address must not be connected to; empty when it may.

    `allow_private` admits loopback and private ranges; nothing admits metadata services,
    link-local, multicast and reserved addresses. What is no IP address is refused.
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

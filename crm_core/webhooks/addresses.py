"""Which addresses may be told of calls. Pure: judged again for each connection, by the very address it goes to.

A webhook's URL is a way to make this machine ask others inside its network. So private, loopback, link-local, metadata
and all other addresses that are not of the public internet are refused, and so is plain HTTP, unless a setting allows them.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from yarl import URL

from crm_core.errors import Invalid

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST_URL = 2000
HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?", re.ASCII)

# IPv6 that leads to the IPv4 address at its end: compatible, translated (RFC 6052).
ENDS_IN_IPV4 = tuple(IPv6Network(network) for network in ("::/96", "64:ff9b::/96"))
# What Python's own lists leave out, some of them or in some versions: protocol assignments (a cloud's metadata is among them),
# tunnels that lead elsewhere, translation of one's own network (RFC 8215: where in it the IPv4 address stands is its affair),
# documentation, and the metadata address that another cloud has put into the public range.
NOT_PUBLIC = tuple(
    ip_network(network)
    for network in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "168.63.129.16/32",
        "64:ff9b:1::/48",
        "2001::/23",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the installation allows beyond HTTPS to the public internet."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, text: str) -> "Allowed":
        """`10.1.0.0/16, 192.168.5.7, crm.lan`; raises ValueError in words."""
        networks, hosts = [], set()
        for item in text.replace(",", " ").split():
            network = _network(item)
            if network is not None:
                networks.append(network)
            elif _is_name(item.lower()):
                hosts.add(item.lower().rstrip("."))
            else:
                raise ValueError(f"{item[:80]!r} is neither network nor host; write them like 10.1.0.0/16, 192.168.5.7, crm.lan")
        return cls(tuple(networks), frozenset(hosts))

    def names(self, host: str) -> bool:
        """Whether this host is allowed by its name, wherever that leads."""
        return host.lower().rstrip(".") in self.hosts

    def has(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def may_connect(allowed: Allowed, host: str, address: str, *, secure: bool) -> bool:
    """Whether `host` of a URL may be reached at this address, as the socket is about to be given it."""
    place = plain_address(address)
    if allowed.names(host) or (place is not None and allowed.has(place)):
        return True
    return secure and place is not None and is_public(place)


def plain_address(text: str) -> Address | None:
    """An address without its zone, and as IPv4 where it leads to one; None if it is none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return _led_to(address) if isinstance(address, IPv6Address) else address


def is_public(address: Address) -> bool:
    special = address.is_multicast or address.is_reserved or any(address in network for network in NOT_PUBLIC)
    return address.is_global and not special


def read_url(text: str, allowed: Allowed) -> str:
    """A webhook's URL as it is kept; raises Invalid for what can be refused without asking where it leads."""
    url = _url(text.strip())
    host = url.host or ""
    if url.user is not None or url.password is not None:
        raise Invalid("a URL tells no user or password; put a token into its path", field="url", why="user")
    place = plain_address(host)
    if place is None and url.scheme == "http" and not allowed.names(host) and not allowed.networks:
        raise Invalid("https:// is wanted; FIRSTRING_WEBHOOKS_ALLOW may allow http:// inside the house", field="url", why="http")
    if place is not None and not may_connect(allowed, host, host, secure=url.scheme == "https"):
        raise Invalid("this address is refused unless FIRSTRING_WEBHOOKS_ALLOW names it", field="url", why="address")
    return str(url.with_fragment(None))


def _url(text: str) -> URL:
    wrong = Invalid("a URL is wanted, such as https://crm.example.com/calls", field="url", why="url")
    if len(text) > LONGEST_URL or not text.isprintable() or " " in text:
        raise wrong
    try:
        url = URL(text)
        host, port, written = url.host, url.port, str(url)
    except ValueError as error:
        raise wrong from error
    named = bool(host) and (plain_address(host or "") is not None or _is_name(url.raw_host or ""))
    if url.scheme not in ("http", "https") or not named or not port or not written.isascii():
        raise wrong
    return url


def _is_name(host: str) -> bool:
    """Whether it is a host's name, and none of the other ways to write an IPv4 address (`127.1`, `0x7f000001`)."""
    last = host.rstrip(".").rpartition(".")[2]
    return len(host) <= 253 and HOST.fullmatch(host) is not None and not last[:1].isdecimal()


def _network(item: str) -> Network | None:
    try:
        return ip_network(item, strict=False)
    except ValueError:
        return None


def _led_to(address: IPv6Address) -> Address:
    """The IPv4 address inside, so that none is reached by another spelling. `::` and `::1` are what they are."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if int(address) > 1 and any(address in network for network in ENDS_IN_IPV4):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address

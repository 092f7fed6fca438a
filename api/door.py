"""The listening socket: counts who is inside, so that no address can take every connection there is."""

import resource
import socket
from collections import Counter
from collections.abc import Callable
from functools import partial
from ipaddress import IPv6Address, ip_address
from typing import Any

MOST_FILES = 16_384  # open at once, where the system lets us
MOST_OF_ONE = 1000  # connections of one address: an office behind a proxy has a few hundred


class Guest(socket.socket):
    """An accepted connection that says when it is closed."""

    def __init__(self, accepted: socket.socket, left: Callable[[], None]) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        self._left: Callable[[], None] | None = left

    def close(self) -> None:
        left, self._left = self._left, None
        if left is not None:
            left()
        super().close()


class Door(socket.socket):
    """`most`: connections that one address may have open at once; what comes over that is closed unheard."""

    def __init__(self, opened: socket.socket, most: int) -> None:
        super().__init__(opened.family, opened.type, opened.proto, fileno=opened.detach())
        self._most = most
        self._inside: Counter[bytes] = Counter()

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection that is let in; raises BlockingIOError when nobody waits any more."""
        while True:
            accepted, address = super().accept()
            home = home_of(address[0])
            if self._inside[home] < self._most:
                self._inside[home] += 1
                return Guest(accepted, partial(self._leave, home)), address
            accepted.close()

    def _leave(self, home: bytes) -> None:
        self._inside[home] -= 1
        if not self._inside[home]:
            del self._inside[home]


def home_of(address: str) -> bytes:
    """The address, or of IPv6 its first half: one household or host has the rest for itself."""
    known = ip_address(address)
    if isinstance(known, IPv6Address):
        return known.packed[:8] if known.ipv4_mapped is None else known.ipv4_mapped.packed
    return known.packed


def most_of_one() -> int:
    """How many connections one address may have: never more than half of what the system lets us open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return MOST_OF_ONE if soft == resource.RLIM_INFINITY else min(MOST_OF_ONE, soft // 2)

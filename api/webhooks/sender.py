"""Sends one body to one URL and tells what came back. The address is judged as the socket is made, after names are resolved."""

import asyncio
import socket
import ssl
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from crm_core.webhooks.addresses import Allowed, may_connect
from crm_core.webhooks.words import Tried, Trouble

SECONDS = 10.0  # for all of it: the name, the connection, the answer
MOST_READ = 2000  # bytes of an answer; the rest is never taken
LONGEST_HEADER = 4096


class AddressRefused(OSError):
    """A socket was to be made to an address that is not allowed."""


# The first that fits: some kinds of error are kinds of others.
TROUBLES: tuple[tuple[type[BaseException], Trouble], ...] = (
    (AddressRefused, Trouble.NOT_ALLOWED),
    (TimeoutError, Trouble.TIMEOUT),
    (ssl.SSLError, Trouble.NOT_SECURE),
    (aiohttp.ClientSSLError, Trouble.NOT_SECURE),
    (socket.gaierror, Trouble.NOT_RESOLVED),
    (UnicodeError, Trouble.NOT_RESOLVED),
    (aiohttp.ClientConnectorDNSError, Trouble.NOT_RESOLVED),
    (aiohttp.ClientConnectorError, Trouble.NOT_REACHED),
    (aiohttp.InvalidURL, Trouble.NOT_ALLOWED),
)


class OwnResolver(AbstractResolver):
    """The system's resolver on threads of its own: a name server that does not answer holds up nobody else's threads."""

    def __init__(self, most: int) -> None:
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="webhook-names")

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, socket.getaddrinfo, host, port, family, socket.SOCK_STREAM)
        return [
            ResolveResult(hostname=host, host=str(place[0]), port=port, family=kind, proto=proto, flags=socket.AI_NUMERICHOST)
            for kind, _, proto, _, place in found
        ]

    async def close(self) -> None:
        """A connector's, after each try; the threads go on."""

    def end(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class Sender:
    """`resolver`: how names become addresses; each try asks it anew."""

    def __init__(self, allowed: Allowed, resolver: AbstractResolver, *, seconds: float = SECONDS) -> None:
        self._allowed = allowed
        self._resolver = resolver
        self._timeout = aiohttp.ClientTimeout(total=seconds)

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Tried:
        """Never raises for what a receiver does."""
        began = time.monotonic()
        try:
            status, answer = await self._post(url, body, headers)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            status, answer = None, _trouble(error)
        return Tried(status, answer, round((time.monotonic() - began) * 1000))

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """No cookies, no proxy, no redirect, nothing unpacked; a connection of its own, gone afterwards."""
        session = aiohttp.ClientSession(
            connector=self._connector(url), cookie_jar=aiohttp.DummyCookieJar(), timeout=self._timeout, auto_decompress=False,
            max_line_size=LONGEST_HEADER, max_field_size=LONGEST_HEADER, trust_env=False,
        )  # fmt: skip
        async with session, session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            return answer.status, (await _beginning(answer)).decode("utf-8", "replace")

    def _connector(self, url: str) -> aiohttp.TCPConnector:
        told = URL(url)
        host, secure = told.host or "", told.scheme == "https"

        def opened(place: tuple[Any, ...]) -> socket.socket:
            family, kind, proto, _, address = place
            if not may_connect(self._allowed, host, str(address[0]), secure=secure):
                raise AddressRefused
            return socket.socket(family, kind, proto)

        return aiohttp.TCPConnector(
            resolver=self._resolver, use_dns_cache=False, force_close=True, happy_eyeballs_delay=None, socket_factory=opened
        )


async def _beginning(answer: aiohttp.ClientResponse) -> bytes:
    """What comes of the body while there is time; the status counts, so a body that breaks off spoils nothing."""
    taken = b""
    try:
        while len(taken) < MOST_READ and (piece := await answer.content.read(MOST_READ - len(taken))):
            taken += piece
    except (aiohttp.ClientError, TimeoutError, OSError):
        pass
    return taken


def _trouble(error: Exception) -> Trouble:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return next((trouble for kind, trouble in TROUBLES if isinstance(cause, kind) or isinstance(error, kind)), Trouble.NO_ANSWER)

"""Whether the exchange keeps a reader that pauses: `writetimeout` of its manager user, found out by pausing.

Much is asked for at once, and for a while nothing is read. A `Ping` after the questions bears the exchange's time: only if that
is later than the first one's by nearly the whole pause was the exchange kept waiting, and did wait.
"""

import asyncio
import socket
from contextlib import suppress
from typing import Any, cast

from pbx.ami.connection import AmiLogin, Link, LinkLost, LoginRefused, Patience
from pbx.ami.protocol import MessageReader, encode_action
from pbx.received import Received

PAUSE = 1.5  # seconds: 0.1 is usual, 5 is what is wanted
QUESTIONS = 160  # about half a megabyte of answers; a quarter of it fills what is between us
LEAST = 0.8  # of the pause: what the exchange must have waited
LAST_WORD = "firstring-last"
TIME = 10.0  # seconds for all answers once they are read
BUFFER, SEGMENT = 2304, 536  # bytes, the least: so little can be under way that the exchange soon has to wait
READING_BUFFER = 1024 * 1024


async def is_a_slow_reader_kept(login: AmiLogin) -> bool | None:
    """None if it cannot be told: over TLS our own side reads on and keeps what was to wait."""
    if login.tls:
        return None
    try:
        return await _SlowReader(login).go()
    except (LinkLost, LoginRefused, OSError):
        return None


async def narrow_wire(host: str, port: int) -> socket.socket:
    """A connection on which little is under way at any time. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    family, kind, protocol, _, address = found[0]
    wire = socket.socket(family, kind, protocol)
    try:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
        wire.setblocking(False)
        await asyncio.get_running_loop().sock_connect(wire, address)
    except BaseException:
        wire.close()
        raise
    return wire


class _SlowReader(Link):
    wanted_events = "off"
    wire = staticmethod(narrow_wire)

    def __init__(self, login: AmiLogin) -> None:
        super().__init__(login, self._hear, lambda: 0.0, Patience(connect=5.0, answer=5.0))
        self._stream = MessageReader()
        self._last: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def go(self) -> bool | None:
        reader, self._writer = await self._open()
        reading = asyncio.create_task(self._read(reader))
        try:
            await self._log_in()
            first = await self.ask("Ping")
            return await self._pause(float(first.first("Timestamp") or "nan"), reading)
        except ValueError:
            return None
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            self._writer.transport.abort()

    async def _pause(self, began: float, reading: "asyncio.Task[None]") -> bool | None:
        transport = cast("asyncio.Transport", self._writer.transport)
        transport.pause_reading()
        self._writer.write(encode_action("ListCommands") * QUESTIONS + encode_action("Ping", [("ActionID", LAST_WORD)]))
        await asyncio.sleep(PAUSE)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, READING_BUFFER)
        transport.resume_reading()
        ends: list[asyncio.Future[Any]] = [reading, self._last]
        await asyncio.wait(ends, timeout=TIME, return_when=asyncio.FIRST_COMPLETED)
        if self._last.done():
            return True if self._last.result() - began >= PAUSE * LEAST else None
        return False if reading.done() else None

    async def _hear(self, received: Received) -> None:
        for message in self._stream.feed(received.data):
            if message.first("ActionID") == LAST_WORD and not self._last.done():
                with suppress(ValueError):
                    self._last.set_result(float(message.first("Timestamp") or "nan"))

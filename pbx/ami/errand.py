"""A short visit to the exchange's manager: log in, ask, hear what comes of it, leave. For who does not listen all day."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeVar

from pbx.ami import troubles
from pbx.ami.connection import USUAL, AmiLogin, Link, LinkLost, Patience
from pbx.ami.protocol import Message, MessageReader
from pbx.received import Received

T = TypeVar("T")


class Errand(Link):
    """`await Errand(login, "OriginateResponse").go(deed)`: the deed runs while we are logged in; it may `ask`, and be `told`.

    Raises LinkLost or LoginRefused, before the deed began or out of it.
    """

    def __init__(
        self, login: AmiLogin, hears: str, *, clock: Callable[[], float] = time.time, patience: Patience = USUAL
    ) -> None:
        super().__init__(login, self._hear, clock, patience)
        # Events about an action go to every session: its id must be nobody else's.
        self._ids = count(secrets.randbelow(10**15))
        self._hears = hears
        self._stream = MessageReader()
        self._told: asyncio.Queue[Message | None] = asyncio.Queue()  # None: the connection is gone

    async def go(self, deed: Callable[[], Awaitable[T]]) -> T:
        reader, self._writer = await self._open()
        reading = asyncio.create_task(self._read(reader))
        reading.add_done_callback(lambda _: self._told.put_nowait(None))
        try:
            await self._log_in()
            return await deed()
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            self._writer.transport.abort()

    async def told(self, action_id: str | None, seconds: float) -> Message | None:
        """The event about that action; None if none came in time. Raises LinkLost if none can come any more."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    message = await self._told.get()
                    if message is None:
                        raise LinkLost(troubles.CLOSED)
                    if message.first("ActionID") == action_id:
                        return message
        except TimeoutError:
            return None

    async def _hear(self, received: Received) -> None:
        for message in self._stream.feed(received.data):
            if message.event == self._hears:
                self._told.put_nowait(message)

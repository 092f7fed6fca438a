"""A manager that lets everybody in and answers as it was told to: for what no decent exchange does."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

ANSWERS = {
    "Challenge": "Response: Success\r\nChallenge: 123\r\n",
    "Login": "Response: Success\r\nMessage: Authentication accepted\r\n",
    "Ping": "Response: Success\r\nPing: Pong\r\n",
}
REFUSAL = "Response: Error\r\nMessage: Permission denied\r\n"
LISTED = "Response: Success\r\nEventList: start\r\n"


@dataclass
class Script:
    """`says`: the response to each action; None: nothing at all. An action not named is refused."""

    says: Mapping[str, str | None]
    chatters: bool = False
    port: int = 0
    asked: list[str] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        chatter = asyncio.create_task(self._chatter(writer)) if self.chatters else None
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                action = dict(
                    line.split(": ", 1) for line in (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n") if line
                )
                self.asked.append(action["Action"])
                said = {**ANSWERS, **self.says}.get(action["Action"], REFUSAL)
                if said is not None:
                    writer.write(f"{said}ActionID: {action['ActionID']}\r\n\r\n".encode())
        if chatter is not None:
            chatter.cancel()

    def end(self) -> None:
        """As an exchange does that is shut down."""
        for writer in self.writers:
            writer.close()
        self.writers.clear()

    def drop(self) -> None:
        """As a line does that is cut: no end of the stream, a reset."""
        for writer in self.writers:
            with contextlib.suppress(OSError):
                # Linger of no time: a reset instead of an end.
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        self.writers.clear()

    async def _chatter(self, writer: asyncio.StreamWriter) -> None:
        """Says all the time what might look like a reason to ask again."""
        with contextlib.suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(b"Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\nEvent: StatusComplete\r\nListItems: 0\r\n\r\n")
                await writer.drain()
                await asyncio.sleep(0.01)


@asynccontextmanager
async def scripted(says: Mapping[str, str | None], *, chatters: bool = False) -> AsyncIterator[Script]:
    script = Script(says, chatters)
    server = await asyncio.start_server(script.meet, "127.0.0.1", 0)
    script.port = server.sockets[0].getsockname()[1]
    yield script
    server.close()
    script.drop()
    await asyncio.sleep(0)

"""From an event to a thousand open streams: ours against a bare fan-out of server-sent events on the same web server.

The bare one puts the same bytes into a queue for each stream. Ours commits the event, reads it from the table, looks whom it is
for, and words it for each. The clock starts before the process is told to, and stops when a client has read the event.
"""

import asyncio
import resource
import statistics
import subprocess
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from crm_core.db import Database
from crm_core.users.api_tokens import create_token
from crm_core.users.tables import Role
from tests.benchmarks.figures import Figure
from tests.benchmarks.parts_apart import part
from tests.databases import fresh_sqlite, sqlite_template
from tests.office import Office
from tests.product import free_port

STREAMS, USERS = 1000, 50
EVENTS, TURNS = 10, 3
EVERY = 1.0  # seconds from event to event
GOAL = 2.0


def run() -> Figure:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    with ExitStack() as stack:
        template = stack.enter_context(sqlite_template())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        return asyncio.run(_measure(folder, fresh_sqlite(template, folder), stack))


async def _measure(folder: Path, url: str, stack: ExitStack) -> Figure:
    tokens = await _tokens(url)
    sides = []
    for name in ("our_streams", "bare_streams"):
        port = free_port()
        process = stack.enter_context(part(name, folder, url, port))
        sides.append(Side(process, port, tokens))
    waits: list[list[float]] = [[] for _ in sides]
    for side in sides:
        await side.open()
    for _ in range(TURNS):
        for side, waited in zip(sides, waits, strict=True):
            waited.extend(await side.tell())
    for side in sides:
        await side.close()
    ours, bare = (statistics.quantiles(waited, n=100)[98] * 1000 for waited in waits)
    explained = f"{STREAMS} streams, {TURNS * EVENTS} events: p99 {ours:.0f} ms ours, {bare:.0f} ms bare"
    return Figure("streams_p99", ours / bare, GOAL, explained=(explained,))


async def _tokens(url: str) -> list[str]:
    """One for each user: somebody may have twenty streams open."""
    database = Database(url)
    office = await Office.opened(database)
    people = [await office.person(f"Head{number}", role=Role.HEAD) for number in range(USERS)]
    async with database.write() as tx:
        tokens = [await create_token(tx, person, now=datetime.now(UTC), by=None) for person in people]
    await database.close()
    return tokens


class Side:
    """A process with its thousand clients."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, tokens: list[str]) -> None:
        self._process = process
        self._port = port
        self._tokens = tokens
        self._clients: list[asyncio.Task[None]] = []
        self._heard: list[float] = []
        self._open = 0

    async def open(self) -> None:
        for number in range(STREAMS):
            self._clients.append(asyncio.create_task(self._listen(number)))
            if number % 20 == 19:
                await asyncio.sleep(0.05)
        async with asyncio.timeout(120):
            while self._open < STREAMS:
                await asyncio.sleep(0.1)
        await self._one()  # the first one does not count

    async def tell(self) -> list[float]:
        """Seconds of each event to each stream."""
        return [seconds for _ in range(EVENTS) for seconds in await self._one()]

    async def close(self) -> None:
        for client in self._clients:
            client.cancel()
        await asyncio.wait(self._clients)

    async def _one(self) -> list[float]:
        self._heard.clear()
        assert self._process.stdin is not None
        began = time.monotonic()
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        async with asyncio.timeout(30):
            while len(self._heard) < STREAMS:
                await asyncio.sleep(0.02)
        await asyncio.sleep(max(0.0, began + EVERY - time.monotonic()))
        return [at - began for at in self._heard]

    async def _listen(self, number: int) -> None:
        home = f"127.0.0.{2 + number % 4}"  # one address may have only so many connections
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, local_addr=(home, 0))
        token = self._tokens[number % USERS]
        writer.write(f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        try:
            while line := await reader.readline():
                if line.startswith(b": connected"):
                    self._open += 1
                elif line.startswith(b"data:"):
                    self._heard.append(time.monotonic())
        finally:
            writer.close()

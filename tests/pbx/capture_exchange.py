"""An exchange that plays a recorded capture over a socket, writes its CEL file as it goes, and is cut off at will.

Time is the capture's: the listener's clock stands where the capture does, and goes on only when all that was sent is received.
"""

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import select

from crm_core.calls.call_json import call_json
from crm_core.calls.stored import stored_call
from crm_core.calls.tables import calls, journal
from crm_core.db import Database
from crm_core.exchanges.config import ExchangeConfig
from pbx import metrics
from pbx.ami.connection import Patience
from pbx.gap_reading import GapRules
from pbx.listener import Listener
from pbx.records.cel import read_cel
from pbx.replay import clock_of, messages_of
from tests.pbx.capture_variants import CAPTURES, Capture
from tests.pbx.listening import Desk

PATIENCE = Patience(connect=2.0, answer=5.0, quiet=60.0, first=0.005, longest=0.01)
RULES = GapRules(settle=0.0, recheck=3600.0, again=0.01, longest=0.05)
AFTER = 1.5  # seconds between the last thing that happens and the end of the test


class Played:
    """A capture as moments: (epoch seconds, what is said then)."""

    def __init__(self, capture: Capture, scenario: str, *, stamped: bool) -> None:
        self.records = (CAPTURES / f"{scenario}.cel.csv").read_bytes().splitlines(keepends=True)
        self.stamped = stamped
        sessions = [list(messages_of(file)) for file in capture.files]
        zero = clock_of(sessions, read_cel(CAPTURES / f"{scenario}.cel.csv").events).zero or 0.0
        self.moments: list[tuple[float, bytes]] = []
        self.gaps = [(zero + (a[-1].second or 0.0), zero + (b[0].second or 0.0)) for a, b in pairwise(sessions)]
        """When the recording listener was away itself."""
        for session in sessions:
            heard = [one for one in session if one.raw.startswith(b"Event:") and not _is_answer(one.raw)]
            for second, together in groupby(heard, key=lambda one: one.second or 0.0):
                at = zero + second
                said = b"".join(_stamped(one.raw, at) if stamped else one.raw + b"\r\n\r\n" for one in together)
                self.moments.append((at, said))

    @property
    def begins(self) -> float:
        return min([time_of(self.records[0]), *(at for at, _ in self.moments[:1])])

    @property
    def ends(self) -> float:
        return max([*(at for at, _ in self.moments[-1:]), *(time_of(line) for line in self.records)]) + AFTER


def _stamped(raw: bytes, at: float) -> bytes:
    first, rest = raw.split(b"\r\n", 1)
    return b"%s\r\nTimestamp: %.6f\r\n%s\r\n\r\n" % (first, at, rest)


def _is_answer(raw: bytes) -> bool:
    """To somebody's question; how an originate went is told to all."""
    return b"\nActionID:" in raw and not raw.startswith(b"Event: OriginateResponse")


def time_of(line: bytes) -> float:
    return float(line.split(b",")[0].strip(b'"'))


class CaptureExchange:
    """The server, its CEL file, the clock, and the listener at it."""

    def __init__(self, played: Played, cel_file: Path, database: Database, config: ExchangeConfig, folder: Path) -> None:
        self.now = played.begins - 5.0
        self.wrong_by = 0.0
        """Seconds by which the listener's own clock is ahead."""
        self.cel_file = cel_file
        self.hidden = cel_file.with_name("unmounted")
        self.cel_file.touch()
        self._played = played
        self._records = list(played.records)
        self._moments = list(played.moments)
        self._database = database
        self._config = config
        self._folder = folder
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._let_in = asyncio.Event()
        self._sent = 0
        self._received = 0
        self.session = 0
        self._listening: asyncio.Task[None] | None = None
        self.port = 0
        self.cuts: list[tuple[float, float, str]] = []

    @property
    def _mark(self) -> bytes:
        return b"Challenge: session %d." % self.session

    # ---- the listener -------------------------------------------------------------------------------------------

    def listen(self, rules: GapRules = RULES) -> None:
        config = self.known_as(replace(self._config, ami_port=self.port))
        listener = Listener(
            self._database, config, now=lambda: datetime.fromtimestamp(self.now + self.wrong_by, UTC), patience=PATIENCE,
            gap_rules=rules, spool_folder=self._folder, pace=0.0,
        )  # fmt: skip
        self._listening = asyncio.create_task(listener.run())

    async def stop(self, *, kill: bool) -> None:
        """`kill`: what was not committed is gone, as after kill -9."""
        if self._listening is None:
            return
        self._listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._listening
        self._listening = None
        if kill:
            for left in self._folder.glob("*.spool"):
                left.unlink()

    # ---- the exchange -------------------------------------------------------------------------------------------

    async def plug_in(self) -> None:
        """Answer, and go on once somebody was let in."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def unplug(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._writer is not None:
            self._writer.transport.abort()
            self._writer = None
        self._let_in.clear()

    async def heard(self) -> None:
        """Until somebody is let in and has received all that was said."""
        async with asyncio.timeout(20):
            await self._let_in.wait()
            while self._counted() < self._received + self._sent:
                await asyncio.sleep(0.001)

    async def stored(self) -> None:
        """Until all that was said since the last login is in the journal."""
        await self.heard()
        async with asyncio.timeout(20):
            while await self._journalled() < self._sent:
                await asyncio.sleep(0.005)

    async def play_until(self, at: float, *, heard: bool) -> None:
        """Let happen what happens until then; said only while somebody hears it."""
        while self._moments and self._moments[0][0] < at:
            self.now, said = self._moments.pop(0)
            self._write_records()
            if heard:
                self._send(said)
                await self.heard()
        self.now = max(self.now, at)
        self._write_records()

    async def say_one_by_one(self, until: float) -> None:
        """As `play_until`, each message in a batch of its own."""
        while self._moments and self._moments[0][0] < until:
            self.now, together = self._moments.pop(0)
            self._write_records()
            for message in together.split(b"\r\n\r\n")[:-1]:
                self._send(message + b"\r\n\r\n")
                await self.stored()

    def known_as(self, config: ExchangeConfig) -> ExchangeConfig:
        """With the place of its records."""
        return replace(config, cel_file=self.cel_file)

    def records_end(self) -> None:
        """The exchange writes no more of them."""
        self._records.clear()

    def _write_records(self) -> None:
        if not self._records:
            return
        written: list[bytes] = []
        while self._records and time_of(self._records[0]) <= self.now:
            written.append(self._records.pop(0))
        self.keep_records(written)

    def keep_records(self, lines: list[bytes]) -> None:
        with (self.hidden if self.hidden.exists() else self.cel_file).open("ab") as out:
            out.writelines(lines)

    def _send(self, data: bytes) -> None:
        if self._writer is None:
            raise ConnectionError("nobody listens")
        self._sent += len(data)
        self._writer.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer, self._sent, self._received = writer, 0, self._counted()
        self.session += 1
        self._send(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while True:
                self._answer(await reader.readuntil(b"\r\n\r\n"))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.transport.abort()

    def _answer(self, asked: bytes) -> None:
        headers = dict(line.split(": ", 1) for line in asked.decode().split("\r\n") if ": " in line)
        said = {"Challenge": f"Success\r\n{self._mark.decode()}", "Login": "Success\r\nMessage: Authentication accepted"}
        answer = said.get(headers["Action"], "Error\r\nMessage: Permission denied")
        kind, _, more = answer.partition("\r\n")
        self._send(f"Response: {kind}\r\nActionID: {headers['ActionID']}\r\n{more}\r\n\r\n".encode())
        if headers["Action"] == "Login":
            if self._played.stamped:
                self._send(_stamped(b"Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted", self.now))
            self._let_in.set()

    def _counted(self) -> int:
        return int(metrics.BYTES.labels(self._config.name)._value.get())

    async def _journalled(self) -> int:
        """Bytes of the connection of now."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(journal).where(journal.c.source == "ami"))).all()
        mine = next((row.connection for row in rows if self._mark in row.data), None)
        return sum(len(row.data) for row in rows if row.connection == mine)


async def listened_to(
    played: Played, database: Database, folder: Path, kind: type[CaptureExchange] = CaptureExchange, since: float | None = None
) -> tuple[CaptureExchange, Desk]:
    """The exchange of a capture and the office that listens to it; from `since` on, or from shortly before anything happens.

    Who is killed before that is in the journal was never here.
    """
    desk = await Desk.opened(database, own_numbers=())
    assert isinstance(desk, Desk)
    exchange = kind(played, folder / "firstring.csv", database, desk.exchange, folder)
    exchange.now = exchange.now if since is None else since
    await exchange.plug_in()
    exchange.listen()
    await exchange.stored()
    return exchange, desk


async def told_calls(database: Database) -> list[dict[str, Any]]:
    """The calls as their rows have them, as JSON."""
    async with database.read() as connection:
        ids = (await connection.scalars(select(calls.c.id).order_by(calls.c.started_at))).all()
        found = [(await stored_call(connection, call_id)).call for call_id in ids]
    return [call_json(call) for call in found]

"""The connection to an exchange's manager: logging in, staying alive, coming back. Around the protocol, which does no I/O.

What is received is handed over as raw bytes with the time of receipt; this module looks only into answers to its own actions.
"""

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import NoReturn

import structlog

from crm_core.errors import FirstringError, SettingsError
from crm_core.exchanges.addresses import AmiAddress
from crm_core.exchanges.secret_files import secret_in
from pbx.ami import troubles
from pbx.ami.door import Shut, Wire, open_door
from pbx.ami.protocol import Message, MessageReader, UnsafeHeader, challenge_key, encode_action
from pbx.ami.snapshots import Snapshots
from pbx.received import Received

log = structlog.get_logger()

EVENTS = "system,call,agent"
"""The classes of events that are needed; a user who may read more would only cost more."""

GREETING = b"Asterisk Call Manager"
READ_AT_ONCE = 64 * 1024


class LinkState(StrEnum):
    """As on the Exchange page."""

    CONNECTING = "connecting"
    UP = "up"
    DOWN = "down"
    REFUSED = "refused"


class LinkLost(FirstringError):
    """The connection to the exchange is gone or cannot be made."""


class LoginRefused(FirstringError):
    """The exchange does not let us in: only a person can change that."""


@dataclass(frozen=True, slots=True)
class AmiLogin:
    host: str
    port: int
    user: str
    secret: str = field(repr=False)
    tls: bool = False
    ca_file: Path | None = None  # whose certificates count; None: those this machine trusts
    secret_file: Path | None = None  # read at each login, instead of `secret`

    @classmethod
    def at(cls, address: AmiAddress) -> "AmiLogin":
        """The login an exchange is set to."""
        files = (address.ca_file, address.secret_file)
        return cls(address.host, address.port, address.user, address.secret, address.tls, *files)


@dataclass(frozen=True, slots=True)
class LinkReport:
    """How the connection stands; `note` says what to do, or why."""

    state: LinkState
    note: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """Waits in seconds. `snapshot` is how often a steady connection asks which calls are up, to heal what was lost;
    `lines` how often it asks which lines there are."""

    connect: float = 10.0
    answer: float = 10.0
    quiet: float = 15.0
    first: float = 1.0
    longest: float = 60.0
    refused: float = 60.0
    refused_longest: float = 300.0
    steady: float = 10.0
    snapshot: float = 300.0
    lines: float = 24 * 3600.0


USUAL = Patience()


class BackOff:
    """Waits that double up to a limit, with jitter so that many listeners do not knock at once."""

    def __init__(self, first: float, longest: float, chance: random.Random | None = None) -> None:
        self._first, self._longest = first, longest
        self._next = first
        self._chance = chance or random.Random()  # noqa: S311  spreads load, guards nothing

    def next(self) -> float:
        wait, self._next = self._next, min(self._next * 2, self._longest)
        return wait * self._chance.uniform(0.75, 1.0)

    def reset(self) -> None:
        self._next = self._first


class AmiConnection:
    """Connects again and again until cancelled. `receive` gets every byte, `report` every change of state."""

    def __init__(
        self, login: AmiLogin, receive: Callable[[Received], Awaitable[None]], report: Callable[[LinkReport], None],
        *, clock: Callable[[], float] = time.time, patience: Patience = USUAL,
    ) -> None:  # fmt: skip
        self._login = login
        self._receive = receive
        self._report = report
        self._clock = clock
        self._patience = patience
        self._lost = BackOff(patience.first, patience.longest)
        self._refused = BackOff(patience.refused, patience.refused_longest)
        self._refusals_logged: set[str] = set()

    async def run(self) -> None:
        self._report(LinkReport(LinkState.CONNECTING))
        while True:
            wait = await self._connect_once()
            await asyncio.sleep(wait)

    async def _connect_once(self) -> float:
        """One connection from greeting to end; returns how long to wait before the next."""
        link = Link(self._login, self._receive, self._clock, self._patience, self._refusals_logged)
        try:
            await link.run(self._came_up)
        except LoginRefused as refused:
            self._report(LinkReport(LinkState.REFUSED, refused.say))
            return self._refused.next()
        except LinkLost as lost:
            self._report(LinkReport(LinkState.DOWN, lost.say))
            if link.up_for() > self._patience.steady:
                self._lost.reset()
            return self._lost.next()

    def _came_up(self, version: str | None, note: str | None) -> None:
        self._refused.reset()
        self._report(LinkReport(LinkState.UP, note, version))


class Link:
    """One connection. Raises LinkLost or LoginRefused when it ends."""

    wanted_events = EVENTS
    wire: Wire | None = None  # another than the usual one

    def __init__(
        self, login: AmiLogin, receive: Callable[[Received], Awaitable[None]], clock: Callable[[], float], patience: Patience,
        refusals_logged: set[str] | None = None,
    ) -> None:  # fmt: skip
        self.name = f"{datetime.fromtimestamp(clock(), UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        self._login = login
        self._receive = receive
        self._clock = clock
        self._patience = patience
        self._offset = 0
        self._heard = time.monotonic()
        self._up_since: float | None = None
        self._messages = MessageReader()
        self._asked: dict[str, asyncio.Future[Message]] = {}
        self._ids = count(1)
        logged = set() if refusals_logged is None else refusals_logged
        self._snapshots = Snapshots(self.ask_perhaps, login.host, logged, patience.lines)

    def up_for(self) -> float:
        """Seconds since the login; 0 if there was none."""
        return 0.0 if self._up_since is None else time.monotonic() - self._up_since

    async def run(self, came_up: Callable[[str | None, str | None], None]) -> NoReturn:
        """`came_up` is told the version, and what to note, once the exchange has let us in and said which calls are up."""
        reader, self._writer = await self._open()
        tasks = [asyncio.create_task(self._converse(came_up)), asyncio.create_task(self._read(reader))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self._up_since is None:  # a refusal tells more than the end of the connection that comes with it
                await asyncio.wait(tasks[:1], timeout=1.0)
            raise next(end for end in (task.exception() for task in tasks if task.done()) if end)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._writer.transport.abort()

    async def ask(self, action: str, headers: Iterable[tuple[str, str]] = ()) -> Message:
        """Send an action and wait for its response. Raises LinkLost if none comes, UnsafeHeader for a value with line breaks."""
        answer = await self.ask_perhaps(action, headers)
        if answer is None:
            raise LinkLost(troubles.FELL_SILENT)
        return answer

    async def ask_perhaps(self, action: str, headers: Iterable[tuple[str, str]] = ()) -> Message | None:
        """As `ask`, but None if no response comes on a line that is alive."""
        asked_at = time.monotonic()
        action_id = f"firstring-{next(self._ids)}"
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._asked[action_id] = answer
        try:
            self._writer.write(encode_action(action, [("ActionID", action_id), *headers]))
            # wait_for of Python 3.11 swallows a cancellation that comes together with the answer.
            async with asyncio.timeout(self._patience.answer):
                return await answer
        except TimeoutError:
            if self._heard < asked_at:
                raise LinkLost(troubles.FELL_SILENT) from None
            return None
        finally:
            del self._asked[action_id]

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            return await open_door(
                self._login.host, self._login.port, self._login.tls, self._login.ca_file, self._patience.connect, self.wire
            )
        except Shut as shut:
            raise LinkLost(shut.say) from shut

    # ---- listening ----------------------------------------------------------------------------------------------

    async def _read(self, reader: asyncio.StreamReader) -> NoReturn:
        lost, heard_all = LinkLost(troubles.CLOSED), True
        try:
            while data := await reader.read(READ_AT_ONCE):
                await self._take(data)
        except LinkLost as error:  # what came last could be kept nowhere
            lost, heard_all = error, False
        except OSError as error:  # a reset may come long after the line fell silent: what was said meanwhile is lost
            heard_all = False
            log.debug("connection_broke", error=str(error))
        if self._up_since is not None and heard_all:
            with contextlib.suppress(OSError):
                # No bytes: we heard all until this moment, so a call not heard to end was up.
                await self._receive(Received(self.name, self._offset, self._clock(), b""))
        for waiting in self._asked.values():
            if not waiting.done():
                waiting.set_exception(lost)
        raise lost

    async def _take(self, data: bytes) -> None:
        if not self._offset and not data.startswith(GREETING[: len(data)]):
            raise LinkLost(troubles.NO_MANAGER)
        self._heard = time.monotonic()
        received = Received(self.name, self._offset, self._clock(), data)
        try:
            await self._receive(received)
        except OSError as error:
            raise LinkLost(troubles.NO_ROOM) from error
        self._offset += len(data)
        self._look_for_answers(data)

    def _look_for_answers(self, data: bytes) -> None:
        for raw in self._messages.feed_raw(data):
            if raw.startswith(b"Response:"):
                message = Message(raw)
                waiting = self._asked.get(message.first("ActionID") or "")
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)

    # ---- speaking -----------------------------------------------------------------------------------------------

    async def _converse(self, came_up: Callable[[str | None, str | None], None]) -> NoReturn:
        await self._log_in()
        self._up_since = time.monotonic()
        version = await self._version()
        came_up(version, await self._snapshots.take())
        while True:
            taken = time.monotonic()
            while time.monotonic() - taken < self._patience.snapshot:
                await self._stay_awake()
            await self._snapshots.take()

    async def _stay_awake(self) -> None:
        """Ping a line that is quiet, and only then."""
        quiet = time.monotonic() - self._heard
        if quiet >= self._patience.quiet:
            await self.ask("Ping")
        else:
            await asyncio.sleep(self._patience.quiet - quiet)

    async def _log_in(self) -> None:
        """By challenge: the secret itself crosses the wire only inside TLS, and only if the exchange knows no better."""
        login = self._login
        secret = await self._secret()
        try:
            challenge = await self.ask("Challenge", [("AuthType", "MD5")])
            key = challenge.first("Challenge")
            if key is not None:
                proof = [("AuthType", "MD5"), ("Key", challenge_key(key, secret))]
            elif login.tls:
                proof = [("Secret", secret)]
            else:
                raise LoginRefused(troubles.NO_CHALLENGE)
            answer = await self.ask("Login", [("Username", login.user), *proof, ("Events", self.wanted_events)])
        except UnsafeHeader:
            raise LoginRefused(troubles.WRONG_SECRET) from None
        if answer.first("Response") != "Success":
            raise LoginRefused(troubles.WRONG_SECRET)

    async def _secret(self) -> str:
        if self._login.secret_file is None:
            return self._login.secret
        try:
            return await asyncio.to_thread(secret_in, self._login.secret_file)
        except SettingsError as error:
            raise LoginRefused(troubles.NO_SECRET_FILE) from error

    async def _version(self) -> str | None:
        """Which Asterisk it is, if we may ask; else what its greeting says."""
        answer = await self.ask("CoreSettings")
        told = answer.first("AsteriskVersion")
        return f"Asterisk {told}" if told else self._messages.greeting

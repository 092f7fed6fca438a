"""The practice exchange's AMI: sessions that log in, read events and ask. Loopback only."""

import asyncio
import hmac
import secrets
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import structlog

from pbx.ami.protocol import challenge_key
from pbx.playing.stream import Channel, Headers, Told, block, render, show_headers, status_headers, told

log = structlog.get_logger()

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
VERSION = "22.0.0-practice"
MOST_ACTION_BYTES = 16 * 1024
SEND_BUFFER = 128 * 1024
"""Bytes the system holds for one slow reader before its time to be cut off begins to run."""


@dataclass(frozen=True, slots=True)
class ManagerUser:
    """As in manager.conf. `read` and `write` are privilege classes."""

    name: str
    secret: str = field(repr=False)
    read: frozenset[str] = frozenset({"system", "call", "cdr", "agent", "user", "dtmf"})
    write: frozenset[str] = frozenset({"call", "reporting", "user"})


@dataclass(frozen=True, slots=True)
class Action:
    """What a session asked for; names of headers in lower case, the first of each name."""

    name: str
    headers: dict[str, str]

    def get(self, header: str) -> str:
        return self.headers.get(header, "")


PlaceCall = Callable[[Action], str]
"""Places one more practice call as asked for and returns what to tell of it."""

Originate = Callable[[Action], str | None]
"""Begins a call by a click; returns what is wrong with the action, if anything is."""


class AmiServer:
    """Sessions and what is told to all of them. `write_timeout`: seconds a reader may leave bytes untaken."""

    def __init__(self, users: Iterable[ManagerUser], channels: Callable[[], Sequence[Channel]], place_call: PlaceCall,
                 *, timestamps: bool = False, records: bool = True, write_timeout: float = 5.0,
                 originate: Originate | None = None) -> None:  # fmt: skip
        self.originate = originate
        self.users = {user.name: user for user in users}
        self.channels = channels
        self.place_call = place_call
        self.write_timeout = write_timeout
        self.started = time.time()
        self.timestamps = timestamps
        self._records = records
        self._sessions: set[Session] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def sessions(self) -> int:
        return len(self._sessions)

    async def listen(self, port: int) -> int:
        """Open the door on loopback and return its port; 0 asks for any free one. Raises OSError if it is taken."""
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", port, limit=MOST_ACTION_BYTES)
        listening = self._server.sockets[0]
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        bound: int = listening.getsockname()[1]
        return bound

    async def shut(self) -> None:
        """Close the door and cut every session off, as an exchange that goes down."""
        if self._server is not None:
            self._server.close()
            self.drop_sessions()
            if self._tasks:
                await asyncio.wait(self._tasks)
            await self._server.wait_closed()
            self._server = None

    def drop_sessions(self) -> None:
        for session in list(self._sessions):
            session.cut_off()

    def tell(self, event: Told) -> None:
        """Send an event to every session that may read its class and has events on."""
        if not self._records and event.name in {"CEL", "Cdr"}:
            return
        wire = render(event, timestamps=self.timestamps)
        for session in list(self._sessions):
            session.tell(event.privilege, wire)

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(Session(self, reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, session: "Session") -> None:
        self._sessions.add(session)
        try:
            await session.serve()
        finally:
            self._sessions.discard(session)
            session.close()


class Session:
    """One connection, from the greeting to the last event."""

    def __init__(self, server: AmiServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._user: ManagerUser | None = None
        self._classes: frozenset[str] = frozenset()
        self._challenge = ""
        self._stalled: asyncio.TimerHandle | None = None

    async def serve(self) -> None:
        self._send(GREETING)
        try:
            while not self._writer.is_closing():
                self._answer(parse_action(await self._reader.readuntil(b"\r\n\r\n")))
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return

    def tell(self, privilege: str, wire: bytes) -> None:
        if privilege in self._classes:
            self._send(wire)

    def close(self) -> None:
        """What is still to be sent goes out first."""
        self._writer.close()

    def cut_off(self) -> None:
        self._writer.transport.abort()

    # ---- actions ------------------------------------------------------------------------------------------------

    def _answer(self, action: Action) -> None:
        name = action.name.lower()
        if name == "challenge":
            self._do_challenge(action)
        elif name == "login":
            self._do_login(action)
        elif name == "logoff":
            self._respond(action, "Goodbye", ("Message", "Thanks for all the fish."))
            self._writer.close()
        elif self._user is None or not self._may(name, self._user):
            self._refuse(action, "Permission denied")
        elif name in _ACTIONS:
            _ACTIONS[name](self, action)
        else:
            self._refuse(action, "Invalid/unknown command")

    def _may(self, name: str, user: ManagerUser) -> bool:
        needed = _NEEDED.get(name)
        return needed is None or bool(needed & user.write)

    def _do_challenge(self, action: Action) -> None:
        if action.get("authtype").upper() != "MD5":
            self._refuse(action, "Must specify AuthType")
            return
        self._challenge = str(secrets.randbelow(10**9))
        self._respond(action, "Success", ("Challenge", self._challenge))

    def _do_login(self, action: Action) -> None:
        user = self._server.users.get(action.get("username"))
        if user is None or not self._proven(user, action):
            self._refuse(action, "Authentication failed")
            self._writer.close()
            return
        self._user = user
        self._classes = self._mask(action.get("events") or "on")
        self._respond(action, "Success", ("Message", "Authentication accepted"))
        if "system" in user.read:  # a user without this class is never told
            uptime = str(int(time.time() - self._server.started))
            headers = (("Uptime", uptime), ("LastReload", uptime), ("Status", "Fully Booted"))
            booted = told("FullyBooted", time.time(), headers, "system")
            self._send(render(booted, timestamps=self._server.timestamps))

    def _proven(self, user: ManagerUser, action: Action) -> bool:
        if action.get("authtype").upper() == "MD5":
            given, right = action.get("key"), challenge_key(self._challenge, user.secret)
            return bool(self._challenge) and hmac.compare_digest(given.encode(), right.encode())
        return hmac.compare_digest(action.get("secret").encode(), user.secret.encode())

    def _mask(self, asked: str) -> frozenset[str]:
        user = self._user
        if user is None or asked.lower() in {"off", "no", "false", "0"}:
            return frozenset()
        wanted = {each.strip().lower() for each in asked.split(",")}
        return user.read if wanted & {"on", "yes", "true", "1", "all"} else user.read & wanted

    def _do_ping(self, action: Action) -> None:
        self._respond(action, "Success", ("Ping", "Pong"), ("Timestamp", f"{time.time():.6f}"))

    def _do_events(self, action: Action) -> None:
        self._classes = self._mask(action.get("eventmask"))
        self._respond(action, "Success", ("Events", "On" if self._classes else "Off"))

    def _do_core_settings(self, action: Action) -> None:
        self._respond(action, "Success", ("AMIversion", "11.0.0"), ("AsteriskVersion", VERSION), ("SystemName", "practice"))

    def _do_list_commands(self, action: Action) -> None:
        """What this user may ask for, with the classes of which he has one."""
        user = self._user
        told = [(name, f"A practice action. (Priv: {','.join(sorted(_NEEDED.get(name, ['<none>'])))},all)") for name in _ACTIONS
                if user is not None and self._may(name, user)]  # fmt: skip
        self._respond(action, "Success", *told)

    def _do_status(self, action: Action) -> None:
        channels = self._server.channels()
        if action.get("channel"):
            channels = [channel for channel in channels if channel.name == action.get("channel")]
        self._respond(action, "Success", ("EventList", "start"), ("Message", "Channel status will follow"))
        now = time.time()
        for channel in channels:
            self._item(action, "Status", [("Privilege", "Call"), *status_headers(channel, now)], id_first=False)
        self._complete(action, "StatusComplete", len(channels), ("Items", str(len(channels))))

    def _do_show_channels(self, action: Action) -> None:
        channels = self._server.channels()
        self._respond(action, "Success", ("EventList", "start"), ("Message", "Channels will follow"))
        now = time.time()
        for channel in channels:
            self._item(action, "CoreShowChannel", show_headers(channel, now))
        self._complete(action, "CoreShowChannelsComplete", len(channels))

    def _do_practice_call(self, action: Action) -> None:
        """Our own action: place one more call, as `pbx.playing.day.call_on_demand` understands the headers."""
        self._respond(action, "Success", ("Message", self._server.place_call(action)))

    def _do_originate(self, action: Action) -> None:
        wrong = self._server.originate(action) if self._server.originate else "Originate is not played here"
        if wrong is None:
            self._respond(action, "Success", ("Message", "Originate successfully queued"))
        else:
            self._refuse(action, wrong)

    # ---- writing ------------------------------------------------------------------------------------------------

    def _respond(self, action: Action, response: str, *headers: tuple[str, str]) -> None:
        self._send(block([("Response", response), *_id_of(action), *headers]))

    def _refuse(self, action: Action, why: str) -> None:
        self._respond(action, "Error", ("Message", why))

    def _item(self, action: Action, event: str, headers: Headers, *, id_first: bool = True) -> None:
        ids = _id_of(action)
        body = [*ids, *headers] if id_first else [*headers, *ids]
        self._send(block([("Event", event), *body]))

    def _complete(self, action: Action, event: str, items: int, *more: tuple[str, str]) -> None:
        self._item(action, event, [("EventList", "Complete"), ("ListItems", str(items)), *more])

    def _send(self, data: bytes) -> None:
        if self._writer.is_closing():
            return
        self._writer.write(data)
        transport = self._writer.transport
        if self._stalled is None and transport.get_write_buffer_size():
            loop = asyncio.get_running_loop()
            self._stalled = loop.call_later(self._server.write_timeout, self._cut_off_if_stalled)

    def _cut_off_if_stalled(self) -> None:
        """A reader that does not take what it is sent is cut off, as by `writetimeout` in manager.conf."""
        self._stalled = None
        if self._writer.transport.get_write_buffer_size() and not self._writer.is_closing():
            log.warning("slow_reader_cut_off", seconds=self._server.write_timeout)
            self.cut_off()


def parse_action(raw: bytes) -> Action:
    """An action as it came; lines without a colon are passed over."""
    headers: dict[str, str] = {}
    for line in raw.decode("utf-8", "replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    return Action(headers.get("action", ""), headers)


def _id_of(action: Action) -> Headers:
    return [("ActionID", action.get("actionid"))] if action.get("actionid") else []


_ACTIONS: dict[str, Callable[[Session, Action], None]] = {
    "ping": Session._do_ping,
    "events": Session._do_events,
    "coresettings": Session._do_core_settings,
    "listcommands": Session._do_list_commands,
    "status": Session._do_status,
    "coreshowchannels": Session._do_show_channels,
    "practicecall": Session._do_practice_call,
    "originate": Session._do_originate,
}
_NEEDED: dict[str, frozenset[str]] = {
    "coresettings": frozenset({"system", "reporting"}),
    "status": frozenset({"system", "call", "reporting"}),
    "coreshowchannels": frozenset({"system", "reporting"}),
    "practicecall": frozenset({"user"}),
    "originate": frozenset({"originate"}),
}

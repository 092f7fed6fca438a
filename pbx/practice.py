"""The practice exchange: an AMI server on loopback that plays calls, for the demo, for tests and for load."""

import asyncio
import ipaddress
import time
from collections import deque
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal, Self

from crm_core.errors import SettingsError
from pbx.playing.calls import Story
from pbx.playing.day import call_on_demand
from pbx.playing.originated import PICKS_UP, Click, ClickedCall
from pbx.playing.play import Playing, StoryClock
from pbx.playing.records import RecordsFile
from pbx.playing.server import Action, AmiServer, ManagerUser
from pbx.playing.stream import Channel, Told
from pbx.playing.switch import Switchboard

USER = "practice"
SECRET = "practice"  # noqa: S105  it guards nothing: loopback only, invented calls
DIALLER = "practice-dialler"
DIALLING = ManagerUser(DIALLER, SECRET, read=frozenset({"call"}), write=frozenset({"originate"}))


class PracticeExchange:
    """Answers AMI on loopback and plays stories. Use it as `async with PracticeExchange(...) as exchange`.

    `recordings_root`: where the recordings of the calls appear. `speed`: 1 is real time, None as fast as it can.
    `language`: of the talks, `ru` or `en`. `records`: send CEL and Cdr as events, as some exchanges do.
    `timestamps` and `channel_variables`: as `timestampevents = yes` and `channelvars = MIXMONITOR_FILENAME`.
    `cel_file`: where it writes its own log of events, as our `cel_custom.conf` has Asterisk do.
    The attribute `own_phone` says what a phone does that a click rings.
    Raises SettingsError for a host that is not loopback, OSError if the port is taken.
    """

    def __init__(
        self, port: int = 0, recordings_root: Path = Path(), speed: float | None = 1.0,
        language: Literal["ru", "en"] = "ru", *, host: str = "127.0.0.1", users: tuple[ManagerUser, ...] | None = None,
        timestamps: bool = False, channel_variables: bool = False, records: bool = True, write_timeout: float = 5.0,
        cel_file: Path | None = None,
    ) -> None:  # fmt: skip
        if not ipaddress.ip_address(host).is_loopback:
            raise SettingsError("The practice exchange answers on loopback only: its password is known to everybody")
        self.port = port
        self.speed = speed
        self.language = language
        self.recordings_root = recordings_root
        self.played = 0
        self.own_phone = PICKS_UP
        self._records = RecordsFile(cel_file) if cel_file else None
        self.clicked: deque[ClickedCall] = deque(maxlen=100)
        self._board = Switchboard(self._tell, time.time(), channel_variables=channel_variables)
        self._server = AmiServer(
            users or (ManagerUser(USER, SECRET), DIALLING), self.channels, self._place_call,
            timestamps=timestamps, records=records, write_timeout=write_timeout, originate=self._originate,
        )  # fmt: skip
        self._playing: set[asyncio.Task[None]] = set()
        self._calls: asyncio.TaskGroup | None = None
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self.plug_in()
        self._calls = await self._open.enter_async_context(asyncio.TaskGroup())
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Calls still up are cut, as in a power failure."""
        for task in self._playing:
            task.cancel()
        await self._open.aclose()
        await self.unplug()

    def play(self, story: Story) -> Playing:
        """Start a call; the handle steers it and knows the truth of it."""
        self.played += 1
        return self._run(Playing(story, self._board, StoryClock(self.speed), self.recordings_root))

    def click(self, click: Click) -> ClickedCall:
        """Ring the phone of whoever clicked, as `own_phone` has it; then the number, which answers, is busy (`…0`) or rings
        in vain (`…9`)."""
        kind = {"0": "outbound_busy", "9": "outbound_in_vain"}.get(click.number[-1:], "outbound")
        story = call_on_demand(kind, click.extension, click.number, self.language, self.played)
        self.played += 1
        call = ClickedCall(click, self.own_phone, story, self._board, StoryClock(self.speed), self.recordings_root)
        self.clicked.append(call)
        self._run(call)
        return call

    def _run(self, playing: Playing) -> Playing:
        if self._calls is None:
            raise RuntimeError("the practice exchange is not on")
        task = self._calls.create_task(playing.run())
        self._playing.add(task)
        task.add_done_callback(self._playing.discard)
        return playing

    def place_call(self, kind: str = "answered", extension: str = "101", caller: str = "") -> Playing:
        """One more call at once, as `call_on_demand` understands it; over AMI: `PracticeCall` with Story, Extension, Caller."""
        return self.play(call_on_demand(kind.lower(), extension, caller, self.language, self.played))

    def channels(self) -> list[Channel]:
        """The lines that are up now."""
        return list(self._board.channels.values())

    @property
    def sessions(self) -> int:
        """How many are connected."""
        return self._server.sessions

    async def plug_in(self) -> None:
        """Answer on the port (again)."""
        self.port = await self._server.listen(self.port)

    async def unplug(self) -> None:
        """Stop answering and cut every session off; calls go on unseen."""
        await self._server.shut()

    def drop_sessions(self) -> None:
        """Cut every session off; they may come back at once."""
        self._server.drop_sessions()

    def _originate(self, action: Action) -> str | None:
        """As Asterisk answers: what is not there is refused at once, all else comes by OriginateResponse."""
        if action.get("application") or not action.get("channel"):
            return "Originate is played to a context and a number only"
        exten, timeout = action.get("exten"), action.get("timeout")
        if not action.get("context") or not exten.lstrip("+").isdecimal():
            return "Extension does not exist."
        seconds = int(timeout) / 1000 if timeout.isdecimal() else 30.0
        channel_id = action.get("channelid") or f"{int(time.time())}.{self.played}"
        device, context = action.get("channel"), action.get("context")
        self.click(Click(device, exten, context, channel_id, action.get("actionid"), seconds))
        return None

    def _tell(self, event: Told) -> None:
        if self._records is not None:
            self._records.note(event)
        self._server.tell(event)

    def _place_call(self, action: Action) -> str:
        story = self.place_call(action.get("story"), action.get("extension"), action.get("caller")).story
        return f"Call from {story.caller} to {story.dialled} placed"

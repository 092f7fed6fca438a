"""What a manager user can find out about himself and the exchange without harm: for the doctor.

Nothing is changed there, and no right is needed that the listener does without. Which rights to write a user has,
`ListCommands` tells: it names only what he may ask for. Which events he may read, those he hears when he asks for all.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pbx.ami.connection import AmiLogin, LinkLost, LoginRefused, Patience
from pbx.ami.errand import Errand
from pbx.ami.protocol import Message, MessageReader
from pbx.ami.rights import certain_classes, commands_in
from pbx.ami.slow_reading import is_a_slow_reader_kept
from pbx.received import Received

LISTENS = 1.0  # seconds: what is provoked comes at once
LIST_TIME = 5.0  # seconds until a list is told to its end
PINGS = 3  # the quickest of them tells the exchange's clock best
QUICK = Patience(connect=5.0, answer=5.0)


@dataclass(frozen=True, slots=True)
class Clock:
    """How far the exchange's clock is ahead of ours, in seconds, and how sure that is (half the way there and back)."""

    ahead: float
    give_or_take: float


@dataclass(frozen=True, slots=True)
class Inspected:
    """What one user of the manager found. None where it could not be told.

    `trouble`: why there is nothing else (one of `troubles.NOTES`), `reached`: whether somebody answered at all.
    `commands`: what he may ask for, and the classes of which he must have one. `hears`: classes of the events heard.
    """

    reached: bool = False
    let_in: bool = False
    trouble: str | None = None
    greeting: str | None = None
    version: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    status: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, frozenset[str]] | None = None
    hears: frozenset[str] = frozenset()
    clock: Clock | None = None
    queues: tuple[str, ...] | None = None
    members: tuple[str, ...] = ()
    has_context: bool | None = None
    keeps_slow_readers: bool | None = None

    @property
    def may(self) -> frozenset[str] | None:
        """Classes he certainly has: of some command that he may ask for there is no other reason."""
        return certain_classes(self.commands)

    @property
    def may_ask_what_reporting_asks(self) -> bool:
        """By that class, or by another that would do."""
        return any("reporting" in classes for classes in (self.commands or {}).values())


async def inspect(
    login: AmiLogin, *, context: str | None = None, is_reader: bool = True, clock: Callable[[], float] = time.time
) -> Inspected:
    """Never raises: what goes wrong is what is found. `context`: is there one of that name in the dialplan?"""
    visit = _Visit(login, clock)
    try:
        found = await visit.go(lambda: visit.look_round(login, context, is_reader))
    except LoginRefused as refused:
        return Inspected(reached=True, trouble=refused.say, greeting=visit.greeting)
    except LinkLost as lost:
        return Inspected(reached=visit.greeting is not None, trouble=lost.say, greeting=visit.greeting)
    return found


class _Visit(Errand):
    wanted_events = "on"

    def __init__(self, login: AmiLogin, clock: Callable[[], float]) -> None:
        super().__init__(login, "", clock=clock, patience=QUICK)
        self._reader = MessageReader()
        self._answers: asyncio.Queue[Message] = asyncio.Queue()
        self._classes: set[str] = set()

    @property
    def greeting(self) -> str | None:
        return self._reader.greeting

    async def look_round(self, login: AmiLogin, context: str | None, is_reader: bool) -> Inspected:
        settings, status = await self._facts("CoreSettings"), await self._facts("CoreStatus")
        commands = commands_in(await self.ask_perhaps("ListCommands"))
        clock = await self._clocks()
        listed = await self._listed("QueueStatus")
        there = await self._context(context) if context and commands and "ShowDialPlan" in commands else None
        kept = await self._tried(login) if is_reader else None
        return Inspected(
            reached=True, let_in=True, greeting=self.greeting, version=settings.get("AsteriskVersion"), settings=settings,
            status=status, commands=commands, clock=clock, queues=_values(listed, "QueueParams", "Queue"),
            members=_values(listed, "QueueMember", "StateInterface") or (), has_context=there,
            keeps_slow_readers=kept, hears=frozenset(self._classes),
        )  # fmt: skip

    async def _facts(self, action: str) -> dict[str, str]:
        """The headers of the answer; empty if he may not ask."""
        answer = await self.ask_perhaps(action)
        if answer is None or answer.first("Response") != "Success":
            return {}
        return dict(answer.headers())

    async def _clocks(self) -> Clock | None:
        tries = [await self._ping() for _ in range(PINGS)]
        return min((one for one in tries if one), key=lambda one: one.give_or_take, default=None)

    async def _ping(self) -> Clock | None:
        sent, began = self._clock(), time.monotonic()
        answer = await self.ask_perhaps("Ping")
        way = time.monotonic() - began
        stamp = answer.first("Timestamp") if answer else None
        try:
            return Clock(float(stamp) - (sent + way / 2), way / 2) if stamp else None
        except ValueError:
            return None

    async def _context(self, name: str) -> bool:
        answer = await self.ask_perhaps("ShowDialPlan", [("Context", name)])
        return answer is not None and answer.first("Response") == "Success"

    async def _listed(self, action: str) -> list[Message] | None:
        """The items of a list; None if it is refused or does not end."""
        answer = await self.ask_perhaps(action)
        if answer is None or answer.first("Response") != "Success":
            return None
        items: list[Message] = []
        try:
            async with asyncio.timeout(LIST_TIME):
                while (item := await self._answers.get()).first("EventList") != "Complete":
                    if item.first("ActionID") == answer.first("ActionID"):
                        items.append(item)
        except TimeoutError:
            return None
        return items

    async def _tried(self, login: AmiLogin) -> bool | None:
        """Both take a while, and neither disturbs the other."""
        kept, _ = await asyncio.gather(is_a_slow_reader_kept(login), self._provoke(login))
        return kept

    async def _provoke(self, login: AmiLogin) -> None:
        """Log in once more: of that the exchange tells all who may read `security`, as with `read = all` one may."""
        second = Errand(login, "", patience=QUICK)
        try:
            await second.go(lambda: second.ask_perhaps("Ping"))
        except (LinkLost, LoginRefused):  # one session only: then this is not found out
            return
        await asyncio.sleep(LISTENS)

    async def _hear(self, received: Received) -> None:
        for message in self._reader.feed(received.data):
            if message.event is None:
                continue
            self._classes.update(classes_of(message))
            if message.first("ActionID") is not None:
                self._answers.put_nowait(message)


def classes_of(message: Message) -> frozenset[str]:
    """The classes an event belongs to; items of a list that was asked for belong to none."""
    told = message.first("Privilege") or ""
    return frozenset(kind for kind in told.split(",") if kind not in ("", "all", "<none>"))


def _values(listed: list[Message] | None, event: str, header: str) -> tuple[str, ...] | None:
    if listed is None:
        return None
    return tuple(dict.fromkeys(item.first(header) or "" for item in listed if item.event == event))

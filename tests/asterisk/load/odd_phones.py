"""Telephones that do with every call what sipp cannot: ask a colleague on a second line, park, take a neighbour's call."""

import asyncio
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from tests.asterisk.load import office
from tests.asterisk.sipp import Address
from tests.asterisk.softphone import Leg, Softphone

RINGS, TALKS, CONSULTS, PATIENCE = 0.4, 1.0, 1.0, 8.0
PARKED_AT, PICK_UP = "701", "*8"


class OddPhones:
    """On for the length of a `with`, in a thread of their own; `done` counts what came about, by the phone's extension."""

    def __init__(self, at: Mapping[str, Address], exchange: Address) -> None:
        self._phones = {extension: Softphone(extension, own, exchange) for extension, own in at.items()}
        self._plays = {office.ASKS_FIRST: self._asks_first, office.PARKS: self._parks, office.PICKED_UP: self._is_picked_up}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="odd phones")
        self._on, self._off = threading.Event(), asyncio.Event()
        self._parking = asyncio.Lock()
        self.done = dict.fromkeys(self._plays, 0)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._on.wait(10):
            raise AssertionError("the odd phones were not switched on")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._off.set)
        self._thread.join(10)

    def _run(self) -> None:
        self._loop.run_until_complete(self._until_off())
        self._loop.close()

    async def _until_off(self) -> None:
        for phone in self._phones.values():
            await phone.__aenter__()
        serving = [asyncio.create_task(self._serve(extension)) for extension in self._plays]
        self._on.set()
        await self._off.wait()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        for phone in self._phones.values():
            await phone.__aexit__(None, None, None)

    async def _serve(self, extension: str) -> None:
        async with asyncio.TaskGroup() as calls:
            while True:
                try:
                    leg = await self._phones[extension].rung()
                except TimeoutError:  # nobody called for a while
                    continue
                calls.create_task(self._play(extension, leg))

    async def _play(self, extension: str, leg: Leg) -> None:
        self.done[extension] += await self._plays[extension](leg)
        leg.hang_up()

    async def _asks_first(self, caller: Leg) -> bool:
        """Hold, ask, REFER with Replaces."""
        if not await _talks(caller):
            return False
        caller.hold()
        colleague = self._phones[office.ASKS_FIRST].dial(office.TAKES_OVER)
        agreed = await _answers(colleague) and not await _ends_within(caller, CONSULTS) and colleague.ended_at is None
        if agreed:
            caller.refer_to(colleague, office.TAKES_OVER)
            agreed = await _ends_within(caller, PATIENCE)
        colleague.hang_up()
        return agreed

    async def _parks(self, caller: Leg) -> bool:
        """Parks; another phone takes the call back. One at a time: so it is always at the first place."""
        async with self._parking:
            if not await _talks(caller):
                return False
            caller.refer("700")
            await _ends_within(caller, PATIENCE)
            await asyncio.sleep(CONSULTS)
            taken = self._phones[office.TAKES_PARKED].dial(PARKED_AT)
            answered = await _answers(taken)
        await _ends_within(taken, PATIENCE)
        taken.hang_up()
        return answered

    async def _is_picked_up(self, caller: Leg) -> bool:
        """It rings here, and the neighbour takes it."""
        await asyncio.sleep(RINGS)
        taken = self._phones[office.PICKS_UP].dial(PICK_UP)
        answered = await _answers(taken)
        await _ends_within(taken, PATIENCE)
        taken.hang_up()
        return answered and caller.answered_at is None


async def _talks(caller: Leg) -> bool:
    """Picks up and talks; False if the caller did not stay."""
    if await _ends_within(caller, RINGS):
        return False
    caller.answer()
    return not await _ends_within(caller, TALKS)


async def _answers(leg: Leg) -> bool:
    try:
        await asyncio.wait_for(leg.until_answered(), PATIENCE)
    except TimeoutError:
        return False
    return True


async def _ends_within(leg: Leg, seconds: float) -> bool:
    try:
        await asyncio.wait_for(leg.until_ended(), seconds)
    except TimeoutError:
        return False
    return True

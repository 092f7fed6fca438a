"""The parts behind the routes: reactions run once, and what fails takes nothing else with it."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from api import supervision
from api.listening import keep_listening
from api.locking import CannotStart, DataLock
from api.reactor import react
from api.supervision import keep_up
from api.wiring import REACTIONS
from crm_core import event_log
from crm_core.db import Database
from crm_core.event_log import events
from crm_core.events import Event, EventKind
from crm_core.exchanges import registry
from crm_core.exchanges.addresses import AmiAddress
from crm_core.exchanges.config import ExchangeConfig
from crm_core.leases import Held
from tests.api.world import House


async def _tell(house: House, *call_ids: int) -> None:
    async with house.database.write() as tx:
        told = [Event(EventKind.CALL_ENDED, house.time, (), call_id=call_id) for call_id in call_ids]
        await event_log.append(tx, told)


async def _settle(house: House) -> None:
    """What happened while the world was built has been reacted to."""
    while await react(house.context, {kind: [] for kind in REACTIONS}):
        pass


async def _waiting(database: Database) -> list[int]:
    async with database.read() as connection:
        query = select(events.c.call_id).where(events.c.kind == EventKind.CALL_ENDED, events.c.reacted_at.is_(None))
        return list((await connection.scalars(query)).all())


async def test_a_reaction_runs_once_for_each_event_in_the_transaction_that_marks_it(house: House) -> None:
    await _settle(house)
    seen: list[int | None] = []

    async def note(_tx: AsyncConnection, happened: Sequence[Event]) -> None:
        seen.extend(event.call_id for event in happened)

    await _tell(house, 1, 2)
    ran = [await react(house.context, {EventKind.CALL_ENDED: [note]}) for _ in range(2)]

    assert (ran, seen) == ([2, 0], [1, 2])


async def test_an_event_that_cannot_be_reacted_to_stops_no_other(house: House) -> None:
    await _settle(house)
    seen: list[int | None] = []

    async def picky(_tx: AsyncConnection, happened: Sequence[Event]) -> None:
        if any(event.call_id == 2 for event in happened):
            raise ValueError("not this one")
        seen.extend(event.call_id for event in happened)

    await _tell(house, 1, 2, 3)
    await react(house.context, {EventKind.CALL_ENDED: [picky]})

    assert seen == [1, 3]
    assert await _waiting(house.database) == []


async def test_a_part_that_fails_comes_back_after_a_pause(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "LONGEST_PAUSE", 0.01)
    pauses: list[float] = []
    tries = iter([OSError("first"), ValueError("second")])

    async def rest(seconds: float) -> None:
        pauses.append(seconds)

    async def run() -> None:
        for error in tries:
            raise error

    monkeypatch.setattr(supervision.asyncio, "sleep", rest)
    await keep_up(house.context, "part", run)

    assert pauses == [1.0, 0.01]
    assert "part" not in house.context.parts.states


async def test_exchanges_are_listened_to_as_they_are_added_changed_and_switched_off(house: House) -> None:
    heard: list[tuple[str, int]] = []
    changed = asyncio.Event()

    async def listen(exchange: ExchangeConfig, _held: Held) -> None:
        heard.append((exchange.name, exchange.ami_port))
        changed.set()
        try:
            await asyncio.Event().wait()
        finally:
            heard.append((exchange.name, -exchange.ami_port))
            changed.set()

    async def until(count: int) -> None:
        async with asyncio.timeout(10):
            while len(heard) < count:
                changed.clear()
                await changed.wait()

    async def set_up(port: int) -> None:
        async with house.database.write() as tx:
            known = {row.name: row.id for row in await registry.listed(tx)}
            new = registry.NewExchange("default", AmiAddress("127.0.0.1", port, False, "u", "s"))
            await registry.change(tx, known["default"], new, house.context.box, now=house.time, by=None)

    await set_up(5001)
    listening = asyncio.create_task(keep_listening(house.context, listen))
    await until(1)
    await set_up(5002)
    await until(3)
    async with house.database.write() as tx:
        await registry.set_active(tx, house.world.own["exchange_id"], False, now=house.time, by=None)
    await until(4)
    listening.cancel()

    assert heard == [("default", 5001), ("default", -5001), ("default", 5002), ("default", -5002)]


def test_each_part_has_a_lock_of_its_own_on_the_data(house: House) -> None:
    folder = house.context.data_dir
    web, work, both = DataLock(folder), DataLock(folder), DataLock(folder)
    web.take(("web",))
    work.take(("work",))

    with pytest.raises(CannotStart, match="web"):
        both.take(("web", "listen", "work"))
    web.release()
    work.release()
    both.release()
    both.take(("web", "listen", "work"))
    both.release()

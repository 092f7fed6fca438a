"""The same events once more, cut into other batches, or by two connections at once, leave the same rows."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest

from crm_core.calls.events import CallEvent, Outcome
from crm_core.calls.tables import call_linkedids, call_rings, call_talks, calls
from crm_core.contacts.tables import contact_numbers, contacts
from crm_core.deals.tables import deals, stage_history
from crm_core.event_log import events
from crm_core.tasks.tables import tasks
from tests.builders import MORNING, by_time, inbound, internal, outbound
from tests.office import Office

TABLES = (contacts, contact_numbers, deals, stage_history, calls, call_linkedids, call_rings, call_talks, tasks, events)


def a_busy_minute() -> list[CallEvent]:
    """Calls of every kind, one across another, some of the same customers."""
    missed = inbound("79161112233", at=MORNING, linkedid="m.1").rings("101", "102").ends()
    again = inbound("79161112233", at=MORNING + 2, linkedid="m.2").rings("101").answers("101").ends()
    reached = outbound("79161112233", by="102", at=MORNING + 30, linkedid="m.3").answers("102").ends()
    new = inbound("79165550000", at=MORNING + 1, linkedid="m.4").rings("102").answers("102").transfers("101").ends()
    hidden = inbound(None, at=MORNING + 3, linkedid="m.5").joins_queue().ends(Outcome.ABANDONED)
    out = outbound("79167770000", by="101", at=MORNING + 4, linkedid="m.6").ends()
    consulted = internal("101", "102", at=MORNING + 5, linkedid="m.7").rings("102").answers("102")
    known = inbound("79031112233", at=MORNING + 3, linkedid="m.8").rings("101").answers("101").absorbs(consulted).ends()
    return by_time(missed, again, reached, new, hidden, out, consulted, known)


async def settled(office: Office) -> Office:
    olga = await office.person("Ольга", "101")
    await office.person("Игорь", "102")
    await office.deal(await office.contact("79031112233", owner=olga), stage=3, owner=olga)
    return office


async def picture(office: Office) -> dict[str, list[Any]]:
    """All rows by what they say: ids are told by what they stand for."""
    rows = {table: await office.rows(table) for table in TABLES}
    number = {row.contact_id: row.number for row in rows[contact_numbers]}
    names = {
        "contact_id": number,
        "deal_id": {row.id: (number[row.contact_id], row.created_at) for row in rows[deals]},
        "call_id": {row.id: row.key for row in rows[calls]},
        "done_by_call_id": {row.id: row.key for row in rows[calls]},
        "task_id": {row.id: (row.kind, row.number, row.created_at) for row in rows[tasks]},
    }

    def told(row: Any) -> str:
        said = {name: names[name].get(value) if name in names else value for name, value in row._mapping.items()}
        return repr({name: value for name, value in sorted(said.items()) if name != "id"})

    return {table.name: sorted(told(row) for row in rows[table]) for table in TABLES}


@pytest.fixture
async def once(office: Office) -> dict[str, list[Any]]:
    await (await settled(office)).take(a_busy_minute())
    return await picture(office)


async def test_same_batch_twice_leaves_the_same_rows(office: Office, once: dict[str, list[Any]]) -> None:
    await office.take(a_busy_minute())

    assert await picture(office) == once


async def test_old_half_told_again_takes_nothing_back(office: Office, once: dict[str, list[Any]]) -> None:
    told = a_busy_minute()

    await office.take(told[: len(told) // 2])

    assert await picture(office) == once


@pytest.mark.parametrize("seed", range(6))
async def test_batches_cut_anywhere_leave_the_same_rows(seed: int, other_office: Any) -> None:
    whole, cut = await settled(await other_office()), await settled(await other_office())
    chance = random.Random(seed)

    await whole.take(a_busy_minute())
    await cut.take(*_cut(a_busy_minute(), chance, most=1 if seed == 0 else 9))

    assert await picture(cut) == await picture(whole)


async def test_batches_told_again_from_any_point_on_leave_the_same_rows(other_office: Any) -> None:
    whole, again = await settled(await other_office()), await settled(await other_office())
    batches = list(_cut(a_busy_minute(), random.Random(7), most=5))

    await whole.take(a_busy_minute())
    await again.take(*batches[:6])
    await again.take(*batches[2:])

    assert await picture(again) == await picture(whole)


async def test_two_listeners_at_once_make_one_contact_of_a_new_number(office: Office) -> None:
    stories = [inbound("79161112233").rings("101").ends() for _ in range(6)]

    await asyncio.gather(*(office.take(story) for story in stories))

    assert [await office.count(table) for table in (calls, contacts, contact_numbers, deals)] == [6, 1, 1, 1]
    assert sorted(task.kind for task in await office.rows(tasks)) == ["call_back", "classify"]


async def test_older_telling_never_replaces_a_newer_one(office: Office) -> None:
    call = inbound().rings("101").answers("101")
    await office.take(call)

    await office.take(call[:1])

    assert (await office.the(calls)).state == "talking"
    assert await office.count(call_talks) == 1


async def test_ended_call_stays_ended(office: Office) -> None:
    call = inbound().rings("101").ends()
    await office.take(call)

    await office.take(call[:2])

    assert ((await office.the(calls)).state, (await office.the(calls)).outcome) == ("ended", "missed")


def _cut(told: Sequence[CallEvent], chance: random.Random, most: int) -> list[list[CallEvent]]:
    batches: list[list[CallEvent]] = []
    rest = list(told)
    while rest:
        size = chance.randint(1, most)
        batches.append(rest[:size])
        rest = rest[size:]
    return batches

"""The live picture: queues and their turns, who sees what, what is old, and what a pop tells."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import insert

from crm_core.access import Actor
from crm_core.calls.events import CallTransferred, RingOutcome, Transfer, TransferKind
from crm_core.calls.live_parties import Doing
from crm_core.calls.live_queries import LiveCall, live_calls
from crm_core.calls.pop_queries import Pop, current_calls_for
from crm_core.calls.tables import calls, exchanges, journal
from crm_core.db import Database
from crm_core.event_log import events
from crm_core.exchanges import registry
from crm_core.users import desk_queries
from crm_core.users.extensions import set_extension
from crm_core.users.tables import Role, users
from tests.builders import MORNING, CallStory, inbound, internal
from tests.database_fixtures import template
from tests.databases import fresh_sqlite
from tests.office import LONG_AGO, NOW, Office, at, second_exchange

__all__ = ["template"]

HEAD = Actor(99, Role.HEAD, "Head")
SOON = NOW + timedelta(minutes=5)
DAY = (NOW - timedelta(hours=8), NOW + timedelta(hours=8))


@pytest.fixture
async def office(template: Path, tmp_path: Path) -> AsyncIterator[Office]:
    opened = Database(fresh_sqlite(template, tmp_path))
    yield await Office.opened(opened)
    await opened.close()


async def live(office: Office, actor: Actor = HEAD, now: datetime = SOON) -> tuple[LiveCall, ...]:
    async with office.database.read() as connection:
        return await live_calls(connection, actor, now)


async def pops(office: Office, user: int, now: datetime = SOON) -> tuple[Pop, ...]:
    async with office.database.read() as connection:
        return await current_calls_for(connection, Actor(user, Role.MANAGER, "He"), now)


async def floor(office: Office) -> desk_queries.Floor:
    async with office.database.read() as connection:
        return await desk_queries.floor(connection, HEAD, *DAY, SOON)


async def test_callers_stand_in_their_queue_by_when_they_joined_it(office: Office) -> None:
    late = inbound("79160000001").joins_queue("sales", after=90)
    await office.take(late.learns(queued_at=late.now))
    early = inbound("79160000002", at=MORNING + 60).joins_queue("sales", after=5)
    await office.take(early.learns(queued_at=early.now))
    await office.take(inbound("79160000003").joins_queue("support"))

    waiting = (await floor(office)).waiting

    assert [(call.line.queue, call.place, call.line.number) for call in waiting] == [
        ("sales", 1, "79160000002"), ("sales", 2, "79160000001"), ("support", 1, "79160000003"),
    ]  # fmt: skip
    assert [call.wait.since for call in waiting if call.wait] == [at(MORNING + 65), at(MORNING + 90), at(MORNING)]


async def test_a_manager_sees_who_waits_for_him_and_his_true_place_in_the_queue(office: Office) -> None:
    olga, igor = await office.person("Olga", "101"), await office.person("Igor", "102")
    await office.contact("79160000001", "Igor's customer", igor)
    await office.contact("79160000002", "Olga's customer", olga)
    await office.take(inbound("79160000001").joins_queue(), inbound("79160000002", at=MORNING + 1).joins_queue())
    await office.take(inbound("79160000003", at=MORNING + 2).joins_queue())

    seen = await live(office, Actor(olga, Role.MANAGER, "Olga"))

    assert [(call.line.number, call.place) for call in seen] == [("79160000002", 2), ("79160000003", 3)]


async def test_a_phone_that_a_queue_calls_again_has_the_clock_of_this_ringing(office: Office) -> None:
    call = inbound().joins_queue().rings("101").stops("101", after=15)
    again = replace(call.call, rang=tuple(replace(ring, ended_at=None, outcome=None) for ring in call.call.rang))
    call.now += 5
    await office.take(call.told(type(call[2]), again, "101"))

    (party,) = (await live(office))[0].parties

    assert (party.doing, party.since) == (Doing.RINGS, at(call.now))
    assert len(await office.rows(events, kind="party_rang")) == 2


async def test_phones_of_nobody_and_calls_handed_outside_are_seen(office: Office) -> None:
    await office.person("Olga", "101")
    await office.take(inbound("79160000001").rings("111", "112"))
    await office.take(inbound("79160000002").rings("101").answers("101").transfers("79035556677"))

    told = await floor(office)

    assert [[party.extension for party in call.parties] for call in told.elsewhere] == [["111", "112"], ["79035556677"]]
    assert [one.user.name for one in told.elsewhere[1].before if one.user] == ["Olga"]
    assert told.desks[0].on_line == ()


async def test_both_ends_of_an_internal_call_talk_on_their_desks(office: Office) -> None:
    await office.person("Olga", "101")
    await office.person("Igor", "102")
    await office.take(internal("101", "102").rings("102").answers("102"))

    desks = {desk.user.name: desk for desk in (await floor(office)).desks}

    for name, other in (("Olga", "Igor"), ("Igor", "Olga")):
        call, party = desks[name].on_line[0]
        assert (party.doing, [one.name for one in call.others(party)]) == (Doing.TALKS, [other])


async def test_a_floor_of_hundreds_leaves_nobody_out(office: Office) -> None:
    async with office.database.write() as tx:
        people = [
            {"email": f"p{n}@office.test", "name": f"Person {n:03}", "role": "manager", "active": True, "created_at": LONG_AGO}
            for n in range(230)
        ]
        await tx.execute(insert(users), people)

    assert len((await floor(office)).desks) == 230


@pytest.mark.parametrize("state", ["down", "refused", "connecting"])
async def test_calls_of_an_exchange_that_is_not_heard_stand_as_they_were(office: Office, state: str) -> None:
    other, igor = await second_exchange(office), await office.person("Igor")
    await office.person("Olga", "101")
    async with office.database.write() as tx:
        await set_extension(tx, igor, other.id, "201", now=LONG_AGO, by=None)
    await office.take(inbound("79160000001").rings("101").answers("101"))
    await office.take(inbound("79160000002", exchange="second").rings("101"), exchange=other)
    await _heard(office, office.exchange.id, NOW + timedelta(seconds=30))
    async with office.database.write() as tx:
        await registry.note_state(tx, office.exchange.id, state, now=NOW + timedelta(minutes=4))
    await office.set(exchanges, other.id, state="up")

    old, fresh = await live(office)

    assert (old.as_of, fresh.as_of) == (NOW + timedelta(seconds=30), None)
    told = await floor(office)
    assert [(one.name, one.since) for one in told.not_heard] == [("default", NOW + timedelta(seconds=30))]
    assert [(desk.user.name, desk.is_heard) for desk in told.desks] == [("Igor", True), ("Olga", False)]


async def test_an_exchange_whose_listener_fell_silent_is_not_heard(office: Office) -> None:
    await office.take(inbound().rings("101"))
    await office.set(exchanges, office.exchange.id, state="up")
    await _heard(office, office.exchange.id, NOW)

    assert [call.as_of for call in await live(office, now=NOW + timedelta(seconds=60))] == [None]
    assert [call.as_of for call in await live(office, now=NOW + timedelta(seconds=120))] == [NOW]


async def _heard(office: Office, exchange_id: int, moment: datetime) -> None:
    async with office.database.write() as tx:
        row = {"exchange_id": exchange_id, "connection": "c", "offset": 0, "received_at": moment, "data": b"Response: Pong"}
        await tx.execute(insert(journal).values(row))


async def test_the_pop_of_a_transferred_call_tells_who_had_it(office: Office) -> None:
    olga, igor = await office.person("Olga", "101"), await office.person("Igor", "102")
    contact = await office.contact("79161112233", "Pavel", olga)
    await office.deal(contact, 2, olga)
    call = inbound("79161112233").rings("101").answers("101")
    await office.take(_sent_on(call, "102"))

    (pop,) = await pops(office, igor)

    assert (pop.doing, pop.deal and pop.deal.stage.name) == (Doing.RINGS, "Назначение встречи")
    assert [(one.user and one.user.name, one.talk_seconds) for one in pop.call.before] == [("Olga", 60.0)]
    assert await pops(office, olga) == ()


def _sent_on(call: CallStory, to: str) -> CallStory:
    """Whoever talks transfers blindly after a minute, and the next phone rings."""
    call.now += 60
    left = tuple(replace(talk, left_at=call.now, talk_seconds=60.0) for talk in call.call.answered_by)
    given = Transfer(TransferKind.BLIND, call.call.answered_by[-1].extension, to, answered=False, at=call.now)
    call.told(CallTransferred, replace(call.call, answered_by=left, transfers=(given,)), given)
    return call.rings(to)


async def test_pops_go_when_declined_and_stay_with_the_others(office: Office) -> None:
    olga, igor = await office.person("Olga", "101"), await office.person("Igor", "102")
    call = inbound().rings("101", "102")
    await office.take(call)
    assert [len(await pops(office, one)) for one in (olga, igor)] == [1, 1]

    await office.take(call.declines("101"))
    assert [len(await pops(office, one)) for one in (olga, igor)] == [0, 1]

    await office.take(call.stops("102", RingOutcome.CANCELLED))
    assert await pops(office, igor) == ()


async def test_a_user_whose_phone_changed_in_mid_call_keeps_his_pop(office: Office) -> None:
    olga, igor = await office.person("Olga", "101"), await office.person("Igor", "102")
    call = inbound().rings("101").answers("101")
    await office.take(call)
    async with office.database.write() as tx:
        await set_extension(tx, igor, office.exchange.id, "101", now=at(call.now), by=None)
    await office.take(call.holds())

    assert ([pop.doing for pop in await pops(office, olga)], await pops(office, igor)) == ([Doing.TALKS], ())


async def test_phones_on_two_exchanges_pop_up_both(office: Office) -> None:
    olga, other = await office.person("Olga", "101"), await second_exchange(office)
    async with office.database.write() as tx:
        await set_extension(tx, olga, other.id, "201", now=LONG_AGO, by=None)
    await office.take(inbound("79160000001").rings("101"))
    await office.take(inbound("79160000002", exchange="second").rings("201"), exchange=other)

    assert [pop.call.line.number for pop in await pops(office, olga)] == ["79160000001", "79160000002"]


async def test_who_picks_a_colleagues_call_up_has_it_on_his_strip(office: Office) -> None:
    olga, igor = await office.person("Olga", "101"), await office.person("Igor", "102")
    call = inbound().rings("101")
    await office.take(call.answers("102"))

    assert ([pop.doing for pop in await pops(office, igor)], await pops(office, olga)) == ([Doing.TALKS], ())
    assert (await office.the(calls)).state == "talking"

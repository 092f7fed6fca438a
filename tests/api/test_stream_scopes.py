"""Streams and scopes: a head is told of his teams alone, and whoever is moved out of one is told nothing of it any more."""

import asyncio

import pytest

from api.stream import OPENING, Listener, Streams
from api.telling import noun_of, told_of
from crm_core import event_log
from crm_core.access import Access, Actor, Noun, Scope
from crm_core.events import Event, EventKind
from crm_core.teams import deeds, policies
from crm_core.users import accounts
from crm_core.users.tables import Role
from tests.api.test_stream import Served, served
from tests.api.world import House

__all__ = ["served"]


def of(served: Served, kind: EventKind, *receivers: int, **ids: int) -> Event:
    return Event(kind, served.house.time, receivers, **ids)  # type: ignore[arg-type]


async def teams_for_heads(served: Served, *people: str) -> int:
    """One team with these people, which the head leads; heads see their teams."""
    ids = served.house.world.people
    async with served.house.database.write() as tx:
        team = await deeds.make_team(tx, "Team", now=served.house.time, by=None)
        for name in people:
            await deeds.put_into_team(tx, team, ids[name], now=served.house.time, by=None)
        await deeds.put_into_team(tx, team, ids["head"], leads=True, now=served.house.time, by=None)
        await policies.set_policy(tx, Role.HEAD, scopes=dict.fromkeys(Noun, Scope.TEAM), now=served.house.time, by=None)
    return team


async def test_a_head_of_a_team_is_told_of_his_people_and_of_what_is_nobodys(served: Served) -> None:
    await teams_for_heads(served, "olga")
    people = served.house.world.people
    async with served.follow("head") as following:
        await served.tell(
            of(served, EventKind.DEAL_MOVED, people["igor"], deal_id=2),
            of(served, EventKind.DEAL_MOVED, people["olga"], deal_id=1),
            of(served, EventKind.CALL_ENDED, people["igor"], call_id=2),
            Event(EventKind.CALL_ENDED, served.house.time, None, call_id=3),
        )  # fmt: skip
        told = [await following.next() for _ in range(2)]

    assert [(one["event"], one.get("deal_id"), one.get("call_id")) for one in told] == [
        ("deal_moved", 1, None), ("call_ended", None, 3),
    ]  # fmt: skip


async def test_the_scope_of_the_kind_decides_who_is_told(house: House) -> None:
    mixed = Actor(
        7, Role.MANAGER, "M", access=Access(frozenset({("deals", "everybody"), ("calls", "team")}), team=frozenset({8}))
    )

    async def told_to(kind: EventKind, *receivers: int) -> bool:
        async with house.database.write() as tx:
            await event_log.append(tx, [Event(kind, house.time, receivers, deal_id=1)])
        async with house.database.read() as connection:
            newest = await event_log.newest_id(connection)
            (row,) = await event_log.after(connection, newest - 1)
        return told_of(row).is_for(mixed)

    assert await told_to(EventKind.DEAL_MOVED, 9)
    assert await told_to(EventKind.MEETING_CHANGED, 9)
    assert await told_to(EventKind.CALL_ENDED, 8)
    assert not await told_to(EventKind.CALL_ENDED, 9)
    assert not await told_to(EventKind.TASK_DONE, 8)
    assert not await told_to(EventKind.USER_CHANGED, 9)
    assert not await told_to(EventKind.RECORDING_STORED)


async def test_every_kind_of_event_is_of_a_kind_of_record_or_of_the_house() -> None:
    """Who adds a kind says whose scope decides on it: those of the house reach whoever sees everybody's figures."""
    house_wide = {
        EventKind.EXCHANGE_CHANGED, EventKind.USER_CHANGED, EventKind.DIAL_CAP_NEARED, EventKind.WEBHOOK_TESTED,
        EventKind.DAY_AUDITED, EventKind.PIPELINE_CHANGED, EventKind.PLAN_CHANGED, EventKind.ACCESS_CHANGED,
        EventKind.IMPORT_CHANGED,
    }  # fmt: skip

    assert {kind for kind in EventKind if noun_of(kind) is Noun.FIGURES} == house_wide


async def test_whoever_is_moved_out_of_a_team_resumes_without_it(served: Served) -> None:
    team = await teams_for_heads(served, "olga", "igor")
    people = served.house.world.people
    async with served.follow("head") as following:
        await served.tell(of(served, EventKind.DEAL_MOVED, people["igor"], deal_id=2))
        seen = await following.next()
        async with served.house.database.write() as tx:
            await deeds.take_out_of_team(tx, team, people["igor"], now=served.house.time, by=None)
            told = [
                of(served, EventKind.DEAL_MOVED, people[name], deal_id=number) for name, number in (("igor", 22), ("olga", 11))
            ]
            await event_log.append(tx, told)
        assert await following.ended()

    async with served.follow("head", seen["id"]) as resumed:
        assert (await resumed.next())["event"] == "access_changed"
        assert (await resumed.next())["deal_id"] == 11


async def test_a_resumed_stream_is_told_nothing_of_a_time_when_he_saw_more(served: Served) -> None:
    team = await teams_for_heads(served, "olga", "igor")
    people = served.house.world.people
    first = await served.newest()
    await served.tell(of(served, EventKind.DEAL_MOVED, people["igor"], deal_id=2))
    async with served.house.database.write() as tx:
        await deeds.archive_team(tx, team, now=served.house.time, by=None)
    await served.tell(Event(EventKind.TASK_OPENED, served.house.time, None, task_id=5))

    async with served.follow("head", first) as resumed:
        told = [(await resumed.next())["event"] for _ in range(2)]

    assert told == ["access_changed", "task_opened"]


async def test_a_role_taken_away_ends_that_persons_streams_alone(served: Served) -> None:
    people = served.house.world.people
    async with served.follow("head") as following, served.follow("qa") as other:
        async with served.house.database.write() as tx:
            await accounts.edit_user(tx, people["head"], role=Role.MANAGER, now=served.house.time, by=None)
            await event_log.append(tx, [of(served, EventKind.DEAL_MOVED, people["igor"], deal_id=2)])
        assert (await following.next())["event"] == "user_changed"
        assert await following.ended()
        assert [(await other.next())["event"] for _ in range(2)] == ["user_changed", "deal_moved"]


async def test_who_was_moved_between_his_asking_and_his_listening_is_told_nothing(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream looks once more at who asks when it listens already: from then on it hears of every change."""
    people = served.house.world.people
    add = Streams.require_room

    def moved_meanwhile(self: Streams, actor: Actor) -> None:
        add(self, actor)
        gone.set()

    gone, moved = asyncio.Event(), asyncio.Event()
    listen = Streams.listen

    async def late(self: Streams, listener: Listener, last_id: int | None):  # type: ignore[no-untyped-def]
        yield OPENING
        await moved.wait()
        async for told in listen(self, listener, last_id):
            yield told

    monkeypatch.setattr(Streams, "require_room", moved_meanwhile)
    monkeypatch.setattr(Streams, "listen", late)
    first = await served.newest()
    async with served.follow("head", first) as following:
        await gone.wait()
        async with served.house.database.write() as tx:
            await policies.set_policy(tx, Role.HEAD, scopes={Noun.DEALS: Scope.OWN}, now=served.house.time, by=None)
        await served.tell(of(served, EventKind.DEAL_MOVED, people["igor"], deal_id=2))
        moved.set()
        assert await following.ended()

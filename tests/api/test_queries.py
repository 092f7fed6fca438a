"""Every read, for every role, on both kinds of database; and the figures that pages show."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Right
from crm_core.calls import exchange_queries, live_queries, missed_queries, pop_queries, queries, whole_queries
from crm_core.calls.queries import CallFilters
from crm_core.calls.tables import calls
from crm_core.contacts import card_queries
from crm_core.contacts import queries as contact_queries
from crm_core.db import Database
from crm_core.deals import card_queries as deal_cards
from crm_core.deals import moves
from crm_core.deals import queries as deal_queries
from crm_core.deals.card_queries import StepState
from crm_core.deals.entries.calls import CallEntry
from crm_core.deals.filters import DealFilters
from crm_core.deals.tables import stages
from crm_core.tasks import queries as task_queries
from crm_core.users import desk_queries
from crm_core.users import queries as user_queries
from crm_core.users.tables import Role
from tests.api.world import build
from tests.builders import MORNING, inbound, outbound
from tests.database_fixtures import database, database_url, postgres, template
from tests.databases import fresh_sqlite
from tests.office import NOW, Office

__all__ = ["database", "database_url", "postgres", "template"]

DAY = (NOW - timedelta(hours=8), NOW + timedelta(hours=8))
ROLES = {"olga": Role.MANAGER, "head": Role.HEAD, "qa": Role.QA, "admin": Role.ADMIN}


@pytest.fixture
async def office(template: Path, tmp_path: Path) -> AsyncIterator[Office]:
    opened = Database(fresh_sqlite(template, tmp_path))
    yield await Office.opened(opened)
    await opened.close()


async def test_every_read_answers_every_role_on_both_databases(database: Database) -> None:
    world = await build(database)
    async with database.read() as connection:
        for name, role in ROLES.items():
            actor = Actor(world.people[name], role, name)
            ids = world.own
            for sort in queries.CALL_SORTS:
                first = await queries.list_calls(connection, actor, CallFilters(search="79"), sort=sort, limit=1)
                if first.next_cursor:
                    await queries.list_calls(connection, actor, sort=sort, limit=1, cursor=first.next_cursor)
            card = await queries.call_card(connection, actor, ids["call_id"])
            deal = await deal_cards.deal_card(connection, actor, ids["deal_id"])
            contact = await card_queries.contact_card(connection, actor, ids["contact_id"])

            assert bool(card.talks_recorded) is actor.may(Right.LISTEN)
            assert deal.line.number == "79160000001"
            assert [line.id for line in contact.calls] == [ids["call_id"]]
            await _every_list(connection, actor)
            await _every_desk(connection, actor)


async def _every_list(connection: AsyncConnection, actor: Actor) -> None:
    await whole_queries.whole_calls(connection, actor, CallFilters(tag="greeting"), sort="-started_at", cursor=None, limit=5)
    await contact_queries.list_contacts(connection, actor, search="CUST", sort="name", limit=1)
    await contact_queries.list_companies(connection, actor, search="comp")
    for sort in deal_queries.DEAL_SORTS:
        page = await deal_queries.list_deals(connection, actor, DealFilters(open=True, search="79"), sort=sort, limit=1)
        if page.next_cursor:
            await deal_queries.list_deals(connection, actor, sort=sort, limit=1, cursor=page.next_cursor)
    await task_queries.list_tasks(connection, actor)
    await user_queries.list_users(connection, actor)
    await user_queries.on_duty(connection)
    if actor.may(Right.SEE_EXCHANGES):
        assert len(await exchange_queries.list_exchanges(connection, actor)) == 1


async def _every_desk(connection: AsyncConnection, actor: Actor) -> None:
    for open_only, own_of in ((True, None), (False, actor.user_id)):
        asked = missed_queries.MissedFilters(*DAY, open_only, own_of)
        found = await missed_queries.list_missed(connection, actor, asked, limit=1)
        await missed_queries.list_missed(connection, actor, asked, cursor=found.next_cursor)
        await missed_queries.count_not_reached(connection, actor, asked)
    await live_queries.live_calls(connection, actor, NOW)
    await pop_queries.current_calls_for(connection, actor, NOW)
    await desk_queries.today(connection, actor, *DAY, NOW)
    await desk_queries.badges(connection, actor, DAY[1])
    if actor.may(Right.SEE_FIGURES):
        floor = await desk_queries.floor(connection, actor, *DAY, NOW)
        assert floor.house.answered == 2


async def test_the_pop_tells_a_known_caller_his_deal_and_stage_and_a_stranger_a_new_number(office: Office) -> None:
    olga = await office.person("Olga", "101")
    contact = await office.contact("79161112233", "Павел", olga, company="Северный склад")
    await office.deal(contact, 2, olga)
    await office.take(inbound("79161112233", at=MORNING - 600).rings("101").answers("101").ends())
    await office.take(inbound("79161112233").rings("101"), inbound("79990001122").rings("101"))
    async with office.database.read() as connection:
        known, stranger = await pop_queries.current_calls_for(connection, Actor(olga, Role.MANAGER, "Olga"), NOW)

    assert known.call.line.contact is not None
    assert (known.call.line.contact.name, known.is_new, known.talking) == ("Павел", False, False)
    assert known.deal is not None
    assert (known.deal.stage.name, known.deal.may_open, len(known.last_calls)) == ("Назначение встречи", True, 1)
    assert (stranger.is_new, stranger.last_calls) == (True, ())


async def test_a_call_to_my_phone_from_a_colleagues_customer_shows_its_card_and_opens_nothing(office: Office) -> None:
    olga, igor = await office.person("Olga", "101"), await office.person("Igor", "102")
    contact = await office.contact("79161112233", "Павел", igor, company="Северный склад")
    await office.deal(contact, 2, igor)
    await office.take(inbound("79161112233", at=MORNING - 600).rings("102").answers("102").ends())
    await office.take(inbound("79161112233").rings("101"))
    async with office.database.read() as connection:
        (pop,) = await pop_queries.current_calls_for(connection, Actor(olga, Role.MANAGER, "Olga"), NOW)

    assert pop.call.line.contact is not None
    assert pop.deal is not None
    assert (pop.call.line.contact.name, pop.call.line.contact.may_open) == ("Павел", False)
    assert (pop.deal.stage.name, pop.deal.may_open) == ("Назначение встречи", False)
    assert (pop.last_calls, pop.call.line.may_listen) == ((), False)


async def test_the_figures_of_a_day_count_each_call_where_it_belongs(office: Office) -> None:
    olga, igor = await office.person("Olga", "101"), await office.person("Igor", "102")
    await office.take(inbound("79160000001").rings("101", "102").answers("101").ends(after=30))
    await office.take(inbound("79160000002").rings("101", "102").ends())
    await office.take(outbound("79160000003", by="102").answers("102").ends(after=10))
    await office.take(outbound("79160000004", by="102").ends())
    async with office.database.read() as connection:
        floor = await desk_queries.floor(connection, Actor(99, Role.HEAD, "Head"), *DAY, NOW)
    counted = {desk.user.id: desk.figures for desk in floor.desks}

    assert (counted[olga].taken, counted[olga].missed, counted[olga].talk_seconds) == (1, 1, 30.0)
    assert (counted[igor].made, counted[igor].reached, counted[igor].missed) == (2, 1, 1)
    assert (floor.house.inbound, floor.house.unanswered, floor.house.reached) == (2, 1, 1)


async def test_the_live_desk_tells_who_talks_rings_and_waits(office: Office) -> None:
    olga, igor = await office.person("Olga", "101"), await office.person("Igor", "102")
    await office.take(inbound("79160000001").rings("101").answers("101"))
    await office.take(inbound("79160000002").rings("102"))
    await office.take(inbound("79160000003").joins_queue())
    async with office.database.read() as connection:
        floor = await desk_queries.floor(connection, Actor(99, Role.HEAD, "Head"), *DAY, NOW)
    parties = {desk.user.id: desk.party for desk in floor.desks}

    assert parties[olga] is not None
    assert parties[olga].talking
    assert parties[igor] is not None
    assert not parties[igor].talking
    assert [call.line.number for call in floor.waiting] == ["79160000003"]


async def test_tries_of_one_number_are_one_line_and_tell_who_called_back_after_how_long(office: Office) -> None:
    await office.person("Olga", "101")
    for minute in (0, 2):
        await office.take(inbound("79160000001", at=MORNING + 60 * minute).rings("101").ends())
    await office.take(outbound("79160000001", by="101", at=MORNING + 300).answers("101", after=4).ends())
    await office.take(inbound("79160000001", at=MORNING + 900).rings("101").ends())
    await office.take(inbound(None, at=MORNING + 1000).rings("101").ends())
    async with office.database.read() as connection:
        asked = missed_queries.MissedFilters(*DAY, open_only=False)
        found = await missed_queries.list_missed(connection, Actor(99, Role.HEAD, "Head"), asked)
        withheld, again, before = found.items

    assert (withheld.number, len(withheld.tries), withheld.reached) == (None, 1, None)
    assert (len(again.tries), again.reached, again.task_id is not None) == (1, None, True)
    assert before.reached is not None
    assert before.reached.by is not None
    assert (len(before.tries), before.reached.by.name, before.reached.outbound) == (2, "Olga", True)
    assert before.after_seconds == pytest.approx(304)


async def test_a_call_stands_under_the_stage_of_its_moment_after_the_deal_moved_on(office: Office) -> None:
    olga = await office.person("Olga", "101")
    await office.take(inbound("79160000001").rings("101").answers("101").ends())
    call = await office.the(calls)
    third = (await office.rows(stages))[2]
    async with office.database.write() as tx:
        await moves.move(tx, call.deal_id, third.id, by=olga, now=NOW + timedelta(hours=1))
    async with office.database.read() as connection:
        card = await deal_cards.deal_card(connection, Actor(olga, Role.MANAGER, "Olga"), call.deal_id)

    assert [period.stage.name for period in card.periods] == ["Назначение встречи", "Входящая заявка"]
    assert [entry.line.id for entry in card.periods[1].entries if isinstance(entry, CallEntry)] == [call.id]
    assert [step.state for step in card.steps[:4]] == [
        StepState.PASSED, StepState.PASSED, StepState.CURRENT, StepState.AHEAD,
    ]  # fmt: skip

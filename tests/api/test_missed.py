"""The Missed page's figures: tries in a row, attempts to call back, who was reached and when; the same for few and for many."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from crm_core.access import Actor
from crm_core.calls.events import Outcome
from crm_core.calls.missed_queries import MissedFilters, MissedList, count_not_reached, list_missed
from crm_core.contacts.not_customer import mark_not_customer, unmark_not_customer
from crm_core.db import Database
from crm_core.errors import Invalid
from crm_core.users.tables import Role
from tests.builders import MORNING, inbound, outbound
from tests.database_fixtures import database, database_url, postgres, template
from tests.office import NOW, Office

__all__ = ["database", "database_url", "postgres", "template"]

DAY = (NOW - timedelta(hours=8), NOW + timedelta(hours=8))
HEAD = Actor(99, Role.HEAD, "Head")
HOUR = 3600.0


@pytest.fixture
async def office(database: Database) -> Office:
    return await Office.opened(database)


async def missed(office: Office, actor: Actor = HEAD, *, cursor: str | None = None, limit: int = 50, **asked: Any) -> MissedList:
    filters = MissedFilters(*DAY, **{"open_only": False, **asked})
    async with office.database.read() as connection:
        return await list_missed(connection, actor, filters, cursor=cursor, limit=limit)


async def count(office: Office, actor: Actor = HEAD) -> int:
    async with office.database.read() as connection:
        return await count_not_reached(connection, actor, MissedFilters(*DAY))


async def test_tries_by_several_numbers_and_queues_are_one_line(office: Office) -> None:
    olga = await office.person("Olga", "101")
    await office.take(inbound("79160000001", at=MORNING).rings("101", "110").ends())
    await office.take(inbound("79160000001", "78005553535", at=MORNING + 60).joins_queue("support").ends())
    await office.take(inbound("79160000001", at=MORNING + 120).ends(Outcome.BUSY))

    (one,) = (await missed(office)).items

    assert (one.dids, one.queues) == (("74951112245", "78005553535"), ("support",))
    assert one.outcomes == [(Outcome.MISSED, 1), (Outcome.ABANDONED, 1), (Outcome.BUSY, 1)]
    assert [(rang.extension, rang.user and rang.user.id) for rang in one.rang] == [("101", olga), ("110", None)]


async def test_a_call_back_in_vain_is_told_with_who_and_when(office: Office) -> None:
    await office.person("Olga", "101")
    await office.take(inbound("79160000001").rings("101").ends())
    for minute in (10, 20):
        await office.take(outbound("79160000001", by="101", at=MORNING + 60 * minute).ends())
    clicked = outbound("79160000001", by="101", at=MORNING + 1800, click_to_call=True)
    await office.take(clicked.ends(Outcome.AGENT_NO_ANSWER))

    (one,) = (await missed(office)).items

    assert [(attempt.by and attempt.by.name, attempt.going_on) for attempt in one.attempts] == [("Olga", False)] * 2
    assert (one.reached, one.overdue(NOW + timedelta(hours=4)), await count(office)) == (None, False, 1)


async def test_a_call_back_that_rings_now_is_told_as_going_on(office: Office) -> None:
    await office.take(inbound("79160000001").rings("101").ends())
    await office.take(outbound("79160000001", by="101", at=MORNING + 60))

    assert [attempt.going_on for attempt in (await missed(office)).items[0].attempts] == [True]


async def test_nobody_called_back_for_three_hours_is_overdue(office: Office) -> None:
    await office.take(inbound("79160000001").rings("101").ends())
    await office.take(inbound("79160000001", at=MORNING + 2 * HOUR).rings("101").ends())
    (one,) = (await missed(office)).items

    assert [one.overdue(NOW + timedelta(hours=hours)) for hours in (2.9, 3)] == [False, True]


async def test_the_summary_counts_who_was_reached_and_how_soon(office: Office) -> None:
    await office.person("Olga", "101")
    for number, minutes in (("79160000001", 10), ("79160000002", 20), ("79160000003", 60)):
        await office.take(inbound(number).rings("101").ends())
        await office.take(outbound(number, by="101", at=MORNING + 60 * minutes).answers("101", after=0).ends())
    await office.take(inbound("79160000004").rings("101").ends())
    await office.take(inbound("79160000004", at=MORNING + 60).rings("101").answers("101").ends())
    await office.take(inbound(None).rings("101").ends())

    found = await missed(office, open_only=True)

    assert [one.number for one in found.items] == [None]
    assert (found.summary.customers, found.summary.not_reached) == (5, 1)
    assert (found.summary.called_back, found.summary.called_again) == (3, 1)
    assert found.summary.median_seconds == pytest.approx(1200)


async def test_a_number_that_is_no_customer_is_left_out_until_it_is_one_again(office: Office) -> None:
    await office.take(inbound("79160000001").rings("101").ends())
    async with office.database.write() as tx:
        await mark_not_customer(tx, "79160000001", by=None, now=NOW)
    assert ((await missed(office)).items, await count(office)) == ((), 0)

    async with office.database.write() as tx:
        await unmark_not_customer(tx, "79160000001", by=None, now=NOW)
    assert (len((await missed(office)).items), await count(office)) == (1, 1)


async def test_mine_are_my_customers_and_who_rang_at_my_phone(office: Office) -> None:
    olga, igor = await office.person("Olga", "101"), await office.person("Igor", "102")
    await office.contact("79160000001", "Igor's", igor)
    await office.contact("79160000002", "Olga's", olga)
    await office.take(inbound("79160000001").rings("101").ends(), inbound("79160000002", at=MORNING + 1).rings("102").ends())
    await office.take(inbound("79160000003", at=MORNING + 2).rings("102").ends())

    assert [one.number for one in (await missed(office, own_of=olga)).items] == ["79160000002", "79160000001"]
    manager = Actor(olga, Role.MANAGER, "Olga")
    assert [one.number for one in (await missed(office, manager)).items] == ["79160000003", "79160000002", "79160000001"]


async def test_pages_hold_each_customer_once_also_at_the_same_moment(office: Office) -> None:
    for serial in range(7):
        await office.take(inbound(f"7916000000{serial}", at=MORNING + serial // 3).rings("101").ends())
    seen: list[str | None] = []
    cursor: str | None = None
    while True:
        page = await missed(office, cursor=cursor, limit=2)
        seen += [one.number for one in page.items]
        if (cursor := page.next_cursor) is None:
            break

    assert len(seen) == len({*seen}) == 7


@pytest.mark.parametrize("cursor", ["", "x", "1", "1.", ".1", "-1.1", "1.1.1", "١.١", "9" * 50 + ".1"])
async def test_a_cursor_that_is_not_ours_is_refused(office: Office, cursor: str) -> None:
    with pytest.raises(Invalid):
        await missed(office, cursor=cursor)


async def test_many_customers_cost_as_many_statements_as_few_and_none_is_cut(office: Office) -> None:
    await office.take(*[inbound(f"791600{serial:05}", at=MORNING + serial).rings("101").ends() for serial in range(3)])
    with statements(office.database) as few:
        await missed(office)
    many = [told for serial in range(3, 620) for told in inbound(f"791600{serial:05}", at=MORNING + serial).rings("101").ends()]
    await office.take(many)
    with statements(office.database) as more:
        page = await missed(office, limit=200)

    assert len(few) == len(more)
    assert (len(page.items), page.summary.not_reached, await count(office)) == (200, 620, 620)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    told: list[str] = []
    engine = database._reader.sync_engine

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        told.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield told
    event.remove(engine, "before_cursor_execute", note)

"""Somebody leaves: what he keeps goes to colleagues, what he did stays his, and all of it can come back (G5)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from crm_core.calls.tables import calls
from crm_core.contacts.tables import companies, contacts
from crm_core.deals.tables import deals, notes
from crm_core.errors import Invalid, NotFound
from crm_core.event_log import events
from crm_core.events import EventKind
from crm_core.fields.tables import field_changes
from crm_core.meetings.tables import meetings
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.users.accounts import deactivate
from crm_core.users.leaving import HandOver, hand_back, hand_over, holdings, last_hand_over
from crm_core.users.tables import Role
from tests.builders import inbound
from tests.office import LONG_AGO, NOW, Office

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


async def three(office: Office) -> tuple[int, int, int]:
    return await office.person("Olga", "101"), await office.person("Igor", "102"), await office.person("Maria", "103")


async def row(office: Office, table: Any, **values: Any) -> int:
    async with office.database.write() as tx:
        return int((await tx.execute(insert(table).values(values).returning(table.c.id))).scalar_one())


async def a_customer(office: Office, owner: int, number: int) -> dict[str, int]:
    """A company, a person of it, an open deal, a task on it and a coming meeting: all kept by him."""
    contact = await office.contact(f"7916{number:07}", f"Customer {number}", owner, company=f"Company {number}")
    company = (await office.the(contacts, id=contact)).company_id
    await office.set(companies, company, owner_id=owner)
    deal = await office.deal(contact, owner=owner)
    task = await row(office, tasks, kind=TaskKind.OTHER, title="t", deal_id=deal, owner_id=owner, due_at=NOW, created_at=LONG_AGO)
    meeting = await row(
        office, meetings, deal_id=deal, user_id=owner, state="planned", at=NOW + timedelta(days=1), created_at=NOW
    )
    return {"contacts": contact, "companies": company, "deals": deal, "tasks": task, "meetings": meeting}


async def keepers_of(office: Office, customer: dict[str, int]) -> set[int | None]:
    tables = {"contacts": contacts, "companies": companies, "deals": deals, "tasks": tasks}
    owners = {(await office.the(table, id=customer[name])).owner_id for name, table in tables.items()}
    return owners | {(await office.the(meetings, id=customer["meetings"])).user_id}


async def give(office: Office, user: int, shares: dict[int, int], **how: Any) -> int:
    async with office.database.write() as tx:
        return await hand_over(tx, user, shares, by=None, now=NOW, **how)


async def back(office: Office, user: int) -> int:
    async with office.database.write() as tx:
        return await hand_back(tx, user, by=None, now=NOW)


async def last(office: Office, user: int) -> HandOver | None:
    async with office.database.read() as connection:
        return await last_hand_over(connection, user)


async def held_by(office: Office, user: int) -> dict[str, int]:
    async with office.database.read() as connection:
        return await holdings(connection, user)


async def test_all_about_a_customer_goes_to_one_colleague_and_customers_in_turn(office: Office) -> None:
    olga, igor, maria = await three(office)
    several = [await a_customer(office, olga, number) for number in range(4)]

    went = await give(office, olga, {igor: 1, maria: 1})

    assert went == 20
    assert [await keepers_of(office, one) for one in several] == [{igor}, {maria}, {igor}, {maria}]
    assert set((await held_by(office, olga)).values()) == {0}


async def test_what_he_did_stays_under_his_name(office: Office) -> None:
    olga, igor, _ = await three(office)
    contact = await office.contact("79161112233", "Pavel", olga)
    deal, closed = await office.deal(contact, owner=olga), await office.deal(contact, owner=olga, closed=True)
    await office.take(inbound("79161112233").rings("101").answers("101").ends())
    await row(office, notes, deal_id=deal, user_id=olga, at=NOW, text="said")
    done = await row(
        office, tasks, kind=TaskKind.OTHER, title="t", owner_id=olga, due_at=NOW, created_at=NOW, done_at=NOW, done_by=olga
    )

    await give(office, olga, {igor: 1})
    async with office.database.write() as tx:
        await deactivate(tx, olga, now=NOW, by=None)

    assert (await office.the(calls)).user_id == olga
    assert (await office.the(notes)).user_id == olga
    assert (await office.the(tasks, id=done)).owner_id == olga
    assert (await office.the(deals, id=closed)).owner_id == olga
    assert (await office.the(deals, id=deal)).owner_id == igor
    changes = [(one.noun, one.field, one.old, one.new) for one in await office.rows(field_changes)]
    assert sorted(changes) == [("contact", "owner_id", olga, igor), ("deal", "owner_id", olga, igor)]


async def test_closed_deals_go_only_if_asked(office: Office) -> None:
    olga, igor, _ = await three(office)
    closed = await office.deal(await office.contact("79160000001"), owner=olga, closed=True)

    first = await give(office, olga, {igor: 1})
    second = await give(office, olga, {igor: 1}, closed=True)

    assert (first, second, (await office.the(deals, id=closed)).owner_id) == (0, 1, igor)


async def test_done_again_it_gives_only_what_came_since(office: Office) -> None:
    olga, igor, maria = await three(office)
    first = await a_customer(office, olga, 1)
    await give(office, olga, {igor: 1})

    nothing = await give(office, olga, {maria: 1})
    later = await a_customer(office, olga, 2)
    rest = await give(office, olga, {maria: 1})

    assert (nothing, rest) == (0, 5)
    assert [await keepers_of(office, one) for one in (first, later)] == [{igor}, {maria}]


async def test_it_is_taken_back_but_for_what_was_given_on_or_finished(office: Office) -> None:
    olga, igor, maria = await three(office)
    kept, given_on = await a_customer(office, olga, 1), await a_customer(office, olga, 2)
    await give(office, olga, {igor: 1})
    await office.set(deals, given_on["deals"], owner_id=maria)
    await office.set(tasks, given_on["tasks"], done_at=NOW, done_by=igor)

    came, again = await back(office, olga), await back(office, olga)

    assert (came, again) == (8, 0)
    assert await keepers_of(office, kept) == {olga}
    assert (await office.the(deals, id=given_on["deals"])).owner_id == maria
    assert (await office.the(tasks, id=given_on["tasks"])).owner_id == igor


async def test_it_is_told_to_whom_what_went_and_whether_it_came_back(office: Office) -> None:
    olga, igor, maria = await three(office)
    for number in range(3):
        await a_customer(office, olga, number)

    before = await last(office, olga)
    await give(office, olga, {igor: 2, maria: 1})
    made = await last(office, olga)
    await back(office, olga)
    taken = await last(office, olga)

    assert before is None
    assert made is not None
    assert [(heir.name, counts["deals"]) for heir, counts in made.heirs] == [("Igor", 2), ("Maria", 1)]
    assert (made.count, made.taken_back_at) == (15, None)
    assert taken is not None
    assert taken.taken_back_at == NOW


async def test_both_are_told_of_each_record(office: Office) -> None:
    olga, igor, _ = await three(office)
    customer = await a_customer(office, olga, 1)

    await give(office, olga, {igor: 1})

    told = [event for event in await office.rows(events, kind=EventKind.DEAL_CHANGED) if event.deal_id == customer["deals"]]
    assert [sorted(event.receivers) for event in told] == [sorted((olga, igor))]


async def test_nothing_goes_to_nobody_to_himself_or_to_who_keeps_no_customers(office: Office) -> None:
    olga, igor, _ = await three(office)
    quality, gone = await office.person("Q", role=Role.QA), await office.person("Gone", "109")
    customer = await a_customer(office, olga, 1)
    async with office.database.write() as tx:
        await deactivate(tx, gone, now=NOW, by=None)

    refused: list[tuple[dict[int, int], type[Exception]]] = [
        ({}, Invalid), ({olga: 1}, Invalid), ({igor: 0}, Invalid), ({igor: 101}, Invalid),
        ({quality: 1}, NotFound), ({gone: 1}, NotFound),
    ]  # fmt: skip
    for shares, error in refused:
        with pytest.raises(error):
            await give(office, olga, shares)

    assert await keepers_of(office, customer) == {olga}

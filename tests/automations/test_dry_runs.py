"""What an automation would have done over the last month, without doing anything."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from crm_core.access import Actor
from crm_core.calls.tables import calls
from crm_core.deals.automations import edits
from crm_core.deals.automations.dry_runs import DryRun, dry_run
from crm_core.deals.automations.edits import NewAutomation
from crm_core.deals.automations.words import MoveDeal, SetTask
from crm_core.event_log import events
from crm_core.events import EventKind
from crm_core.tags.tables import call_tags
from crm_core.tasks.deeds import NewTask, do_task, set_task
from crm_core.tasks.tables import tasks
from crm_core.users.tables import Role
from tests.automations.conftest import Company
from tests.builders import inbound
from tests.office import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
async def admin(company: Company) -> Actor:
    return Actor(await company.office.person("Админ", role=Role.ADMIN), Role.ADMIN, "Админ")


async def tried(
    company: Company, admin: Actor, action: str, trigger: str, at: int | None = None, *, most: int = 200, **more: Any
) -> DryRun:
    new = NewAutomation(action, trigger, stage_id=None if at is None else company.stages[at], active=False, **more)
    async with company.office.database.write() as tx:
        rule = await edits.rule(tx, await edits.add_automation(tx, new, by=None, now=NOW))
    before = [await company.office.count(table) for table in (tasks, events)]
    async with company.office.database.read() as connection:
        result = await dry_run(connection, admin, rule, NOW + timedelta(days=5), most)
    assert [await company.office.count(table) for table in (tasks, events)] == before
    return result


async def test_entry_exit_and_time_out_are_read_from_the_ways_of_deals(company: Company, admin: Actor) -> None:
    await company.move(2, NOW)
    await company.move(3, NOW + HOUR)
    await company.move(2, NOW + 2 * HOUR)

    came = await tried(company, admin, "set_task", "entry", 2, settings={"title": "Позвонить: {contact}", "within_minutes": 5})
    left = await tried(company, admin, "move_deal", "exit", 3, settings={"stage": company.stages[5]})
    stood = await tried(company, admin, "write_note", "timeout", 2, when={"hours": 24}, settings={"text": "Стоит"})

    assert [line.at for line in came.lines] == [NOW + 2 * HOUR, NOW]
    assert came.lines[0].deeds == (SetTask("Позвонить: Пётр", timedelta(minutes=5)),)
    assert (came.ran, came.deals, came.more) == (2, 1, False)
    assert [(line.at, line.deeds) for line in left.lines] == [(NOW + 2 * HOUR, (MoveDeal(company.stages[5]),))]
    assert [line.at for line in stood.lines] == [NOW + 26 * HOUR]


async def test_calls_and_tags_are_read_from_calls(company: Company, admin: Actor) -> None:
    await company.office.take(inbound("79161112233").rings("101").answers("101").ends())
    await company.office.take(inbound("79161112233", at=NOW.timestamp() + 600).rings("101").ends())
    answered, missed = await company.office.rows(calls)
    async with company.office.database.write() as tx:
        await tx.execute(insert(call_tags).values(call_id=answered.id, tag="greeting", quote="да", at=NOW + HOUR))

    heard = await tried(company, admin, "write_note", "tag", 1, when={"tag": "greeting"}, settings={"text": "x"})
    rang = await tried(company, admin, "write_note", "call", 1, when={"outcome": "missed"}, settings={"text": "x"})

    assert [line.at for line in heard.lines] == [NOW + HOUR]
    assert [line.at for line in rang.lines] == [missed.ended_at]


async def test_declines_are_told_with_their_reason(company: Company, admin: Actor) -> None:
    async with company.office.database.write() as tx:
        for title in ("First", "Second"):
            task = await set_task(tx, NewTask(title, NOW, company.deal, owner_id=company.olga), by=None, now=NOW)
            await do_task(tx, task, by=company.olga, now=NOW + (HOUR if title == "First" else 2 * HOUR))

    result = await tried(company, admin, "keep_next_task", "task", settings={"title": "Дальше"})

    assert [(line.at, line.why) for line in result.lines] == [(NOW + 2 * HOUR, None), (NOW + HOUR, "has_task")]


async def test_requests_payments_and_what_nobody_did_are_empty_or_told(company: Company, admin: Actor) -> None:
    async with company.office.database.write() as tx:
        row = {"kind": EventKind.PAYMENT_TAKEN, "at": NOW, "deal_id": company.deal, "facts": {}}
        await tx.execute(insert(events).values(row))

    paid = await tried(company, admin, "move_deal", "payment", 1, settings={"stage": company.stages[3]})
    asked = await tried(company, admin, "set_source", "request", settings={"source": "Сайт"})

    assert [line.deal_id for line in paid.lines] == [company.deal]
    assert asked.lines == ()


async def test_dry_run_is_bounded_and_says_so(company: Company, admin: Actor) -> None:
    for number in range(6):
        await company.move(2 + number % 2, NOW + number * HOUR)

    result = await tried(company, admin, "write_note", "entry", 2, most=2, settings={"text": "x"})

    assert (len(result.lines), result.more) == (2, True)


async def test_broken_automation_tells_why_instead(company: Company, admin: Actor) -> None:
    from crm_core.deals.automations.tables import automations

    rule_id = await company.rule("dance")
    async with company.office.database.write() as tx:
        await tx.execute(update(automations).values(active=False))
        rule = await edits.rule(tx, rule_id)
        assert (await dry_run(tx, admin, rule, NOW)).fault == "no_action"

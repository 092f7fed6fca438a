"""Automations on what happens outside a move: calls, tags, requests, payments, tasks; each occasion counts once."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.deals.automations import reactions
from crm_core.deals.automations.tables import automations
from crm_core.deals.tables import deals, stages
from crm_core.event_log import events
from crm_core.events import Event, EventKind
from crm_core.leads.reactions import enter_ruled
from crm_core.receivers import keepers
from crm_core.tasks.deeds import NewTask, do_task, set_task
from crm_core.tasks.tables import tasks
from tests.automations.conftest import Company
from tests.builders import inbound, outbound
from tests.lead_rules import lead_rule
from tests.office import NOW

Reaction = Callable[[AsyncConnection, Sequence[Event]], Awaitable[None]]
MONDAY = NOW + timedelta(days=1)


async def follow(company: Company, kind: EventKind, reaction: Reaction, times: int = 1) -> None:
    """React as the hub would, so many times: a reaction that is repeated after a kill finds its work done."""
    rows = await company.office.rows(events, kind=kind)
    for _ in range(times):
        async with company.office.database.write() as tx:
            await reaction(tx, [event_log.event_of(row) for row in rows])


async def happen(company: Company, kind: EventKind, **facts: object) -> None:
    async with company.office.database.write() as tx:
        told = Event(kind, MONDAY, keepers(company.olga), deal_id=company.deal, contact_id=company.contact, facts=dict(facts))
        await event_log.append(tx, [told])


async def test_call_sets_going_what_waits_for_calls_like_it_and_only_once(company: Company) -> None:
    missed = await company.rule("set_task", "call", when={"outcome": "missed"}, title="Missed")
    answered = await company.rule("set_task", "call", when={"outcome": "answered", "talk": 5}, title="Answered")
    await company.rule("set_task", "call", when={"outcome": "answered", "talk": 500}, title="Long")
    await company.rule("set_task", "call", when={"direction": "outbound"}, title="Ours")
    await company.rule("set_task", "call", 3, title="On another stage")
    await company.office.take(inbound("79161112233").rings("101").answers("101").ends(after=20))

    await follow(company, EventKind.CALL_ENDED, reactions.run_on_calls, times=2)

    assert await company.runs() == [(answered, "done", None)]
    await company.office.take(inbound("79161112233", at=NOW.timestamp() + 600).rings("101").ends())
    await follow(company, EventKind.CALL_ENDED, reactions.run_on_calls)
    assert await company.runs() == [(answered, "done", None), (missed, "done", None)]


async def test_outbound_call_is_told_from_an_inbound_one(company: Company) -> None:
    ours = await company.rule("set_task", "call", when={"direction": "outbound"}, title="Ours")
    await company.office.take(outbound("79161112233").rings().ends())

    await follow(company, EventKind.CALL_ENDED, reactions.run_on_calls)

    assert await company.runs() == [(ours, "done", None)]


async def test_tag_counts_once_however_often_the_call_is_tagged(company: Company) -> None:
    rule = await company.rule("set_task", "tag", 1, when={"tag": "meeting_agreed"}, title="Записать встречу")
    await company.rule("set_task", "tag", 1, when={"tag": "no_such_tag"}, title="Never")
    for tags in (["greeting"], ["greeting", "meeting_agreed"], ["meeting_agreed"]):
        await happen(company, EventKind.CALL_TAGGED, tags=tags)

    await follow(company, EventKind.CALL_TAGGED, reactions.run_on_tags, times=2)

    assert await company.runs() == [(rule, "done", None)]
    assert (await company.run_rows())[0].event_id is not None


async def test_request_and_payment_set_going_what_waits_for_them(company: Company) -> None:
    site = await company.rule("write_note", "request", when={"source": "site"}, text="С сайта")
    await company.rule("write_note", "request", when={"source": "fair"}, text="С выставки")
    paid = await company.rule("move_deal", "payment", 1, stage=company.stages[3])
    await happen(company, EventKind.REQUEST_TAKEN, source="site", request_id=1)
    await happen(company, EventKind.PAYMENT_TAKEN, payment_id=1)

    await follow(company, EventKind.REQUEST_TAKEN, reactions.run_on_requests, times=2)
    await follow(company, EventKind.PAYMENT_TAKEN, reactions.run_on_payments, times=2)

    assert [(run.rule_id, run.facts) for run in await company.run_rows()] == [
        (site, {"note": "С сайта"}), (paid, {"from": company.stages[1], "stage": company.stages[3]}),
    ]  # fmt: skip


async def test_done_task_calls_for_the_next_one_unless_there_is_one_or_the_deal_is_closed(company: Company) -> None:
    await company.rule("keep_next_task", "task", title="Что дальше?", within_minutes=60)
    async with company.office.database.write() as tx:
        due = NOW + timedelta(days=2)
        first = await set_task(tx, NewTask("First", due, company.deal), by=company.olga, now=NOW)
        second = await set_task(tx, NewTask("Second", due, company.deal), by=company.olga, now=NOW)
        await do_task(tx, first, by=company.olga, now=MONDAY)
    await follow(company, EventKind.TASK_DONE, reactions.run_on_tasks)
    async with company.office.database.write() as tx:
        await do_task(tx, second, by=company.olga, now=MONDAY)
    await follow(company, EventKind.TASK_DONE, reactions.run_on_tasks, times=2)

    assert [(state, why) for _, state, why in await company.runs()] == [("declined", "has_task"), ("done", None)]
    assert await company.titles() == ["First", "Second", "Что дальше?"]

    await company.office.set(deals, company.deal, closed_at=MONDAY)
    async with company.office.database.write() as tx:
        await do_task(tx, (await company.office.rows(tasks))[-1].id, by=company.olga, now=MONDAY)
    await follow(company, EventKind.TASK_DONE, reactions.run_on_tasks)
    assert len(await company.runs()) == 2


async def test_automations_that_chase_each_other_through_tasks_that_their_moves_close_are_stopped(company: Company) -> None:
    there = await company.rule("move_deal", "task", 1, stage=company.stages[2])
    back = await company.rule("move_deal", "task", 2, stage=company.stages[1])
    for at in (1, 2):
        await company.rule("set_task", at=at, title="Again", kind="classify")
    await company.move(2)
    await company.move(1)  # by a person: it closes the task of the stage left

    seen = 0
    while rows := [row for row in await company.office.rows(events, kind=EventKind.TASK_DONE) if row.id > seen]:
        seen = rows[-1].id
        async with company.office.database.write() as tx:
            await reactions.run_on_tasks(tx, [event_log.event_of(row) for row in rows])

    moves = [(rule, state) for rule, state, _ in await company.runs() if rule in (there, back)]
    assert moves == [(there, "done"), (back, "done"), (there, "looped")]


async def test_automation_is_not_for_what_happened_before_it_was_made(company: Company) -> None:
    rule = await company.rule("set_task", "tag", when={"tag": "greeting"}, title="Late")
    await company.office.set(automations, rule, created_at=MONDAY + timedelta(minutes=1))
    await happen(company, EventKind.CALL_TAGGED, tags=["greeting"])

    await follow(company, EventKind.CALL_TAGGED, reactions.run_on_tags)

    assert await company.runs() == []


async def test_lead_that_a_call_opened_enters_its_first_stage_once(company: Company) -> None:
    wanted = [{"kind": "other", "title": "Узнать", "within_minutes": 5, "unless": None},
              {"kind": "other", "title": "Позвонить", "within_minutes": 5, "unless": "first_contact_by_phone"}]  # fmt: skip
    await company.office.set(stages, company.stages[0], entry_tasks=wanted)
    rule = await company.rule("set_source", at=0, source="Реклама", only_empty=False)
    await company.office.take(inbound("79990001122").rings("101").answers("101").ends())

    await follow(company, EventKind.DEAL_OPENED, reactions.enter_opened, times=2)

    (lead,) = [row for row in await company.office.rows(deals) if row.id != company.deal]
    assert lead.source == "Реклама"
    assert await company.runs() == [(rule, "done", None)]
    assert sorted(row.title or row.kind for row in await company.office.rows(tasks, deal_id=lead.id)) == ["classify", "Узнать"]


async def test_lead_that_a_rule_put_elsewhere_at_once_has_come_to_its_first_stage_all_the_same(company: Company) -> None:
    """Both in one batch, as after a standstill: what the first stage asks for must not hang on how fast we look."""
    wanted = [{"kind": "other", "title": "Узнать", "within_minutes": 5, "unless": None}]
    await company.office.set(stages, company.stages[0], entry_tasks=wanted)
    source = await company.rule("set_source", at=0, source="Реклама", only_empty=False)
    away = await company.rule("move_deal", at=0, stage=company.stages[1])
    there = await company.rule("write_note", at=2, text="пропущен")
    await lead_rule(company.office, {"answered": False}, {"stage_id": company.stages[2]})
    await company.office.take(inbound("79990001122").rings("101").ends())

    await follow(company, EventKind.DEAL_OPENED, reactions.enter_opened, times=2)
    await follow(company, EventKind.DEAL_MOVED, enter_ruled)

    (lead,) = [row for row in await company.office.rows(deals) if row.id != company.deal]
    assert (lead.stage_id, lead.source) == (company.stages[2], "Реклама")
    assert await company.runs() == [(source, "done", None), (away, "declined", "moved_on"), (there, "done", None)]
    assert "Узнать" in await company.titles()


async def test_lead_that_somebody_moved_on_at_once_gets_nothing_of_the_stage_it_left(company: Company) -> None:
    await company.rule("set_source", at=0, source="Реклама", only_empty=False)
    await company.office.take(inbound("79990001122").rings("101").answers("101").ends())
    (lead,) = [row for row in await company.office.rows(deals) if row.id != company.deal]
    await company.move(1, deal=lead.id)

    await follow(company, EventKind.DEAL_OPENED, reactions.enter_opened)

    assert await company.runs() == []


@pytest.mark.parametrize("reaction", [reactions.run_on_calls, reactions.run_on_tags, reactions.enter_opened])
async def test_nothing_to_react_to_is_nothing(company: Company, reaction: Reaction) -> None:
    async with company.office.database.write() as tx:
        await reaction(tx, [Event(EventKind.CALL_ENDED, NOW, call_id=999, deal_id=None)])

    assert await company.runs() == []

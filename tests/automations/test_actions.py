"""Each action: what it does, and what it declines for."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm_core.contacts.tables import contacts
from crm_core.deals.entry_tasks import fitted_entry_tasks
from crm_core.deals.loss_reasons import archive_loss_reason
from crm_core.deals.tables import deals, loss_reasons, stage_history, stages
from crm_core.fields.definitions import FieldKind, NewField, add_field
from crm_core.fields.history import Noun
from crm_core.fields.tables import field_changes
from crm_core.meetings.tables import meetings
from crm_core.products.work_types import add_work_type
from crm_core.requests.tables import requests
from crm_core.tasks.tables import tasks
from crm_core.teams.tables import team_members, teams
from tests.automations.conftest import Company
from tests.builders import inbound
from tests.office import LONG_AGO, NOW

FRIDAY_EVENING = datetime(2026, 12, 4, 14, 30, tzinfo=UTC)  # 17:30 in Moscow; the house works from nine to six
MONDAY_TEN = datetime(2026, 12, 7, 7, tzinfo=UTC)


async def work_type(company: Company, **values: Any) -> int:
    async with company.office.database.write() as tx:
        return await add_work_type(tx, {"name": "Сайт", **values}, by=None, now=LONG_AGO)


async def told(company: Company) -> list[tuple[str, str | None]]:
    return [(state, why) for _, state, why in await company.runs()]


async def test_team_gets_deals_in_turn_and_only_those_that_are_nobodys(company: Company) -> None:
    igor, lead = await company.office.person("Игорь", "102"), await company.office.person("Лев", "103")
    async with company.office.database.write() as tx:
        team = (await tx.execute(teams.insert().values(name="А", created_at=LONG_AGO).returning(teams.c.id))).scalar_one()
        people = [(company.olga, False), (igor, False), (lead, True)]
        await tx.execute(team_members.insert(), [{"team_id": team, "user_id": one, "leads": leads} for one, leads in people])
    await company.rule("give_in_turn", at=2, team=team)
    new = [await company.office.deal(await company.office.contact(f"7900000000{number}")) for number in range(3)]

    for number, deal in enumerate([*new, company.deal]):
        await company.move(2, NOW + timedelta(hours=number), deal)

    owners = {row.id: row.owner_id for row in await company.office.rows(deals)}
    assert [owners[deal] for deal in new] == [company.olga, igor, company.olga]
    assert (await told(company))[-1] == ("declined", "has_owner")


async def test_deal_is_given_with_its_open_tasks(company: Company) -> None:
    igor = await company.office.person("Игорь", "102")
    await company.rule("set_task", at=2, title="Письмо", within_minutes=5)
    await company.rule("give_deal", at=2, owner=igor)
    await company.rule("set_task", at=2, title="Звонок", within_minutes=5)

    await company.move(2)

    assert (await company.office.the(deals)).owner_id == igor
    assert [row.owner_id for row in await company.office.rows(tasks)] == [igor, igor]
    await company.move(1, NOW + timedelta(hours=1))
    await company.move(2, NOW + timedelta(hours=2))
    assert ("declined", "there_already") in await told(company)


async def test_head_gets_a_task(company: Company) -> None:
    await company.rule("tell_head", at=2, title="Можно начинать: {contact}", within_minutes=60)

    await company.move(2)

    task = await company.office.the(tasks)
    assert (task.owner_id, task.title) == (company.head, "Можно начинать: Пётр")


async def test_work_type_brings_its_usual_amount_marked_as_such(company: Company) -> None:
    site = await work_type(company, usual_amount=13_000_000)
    await company.rule("choose_work_type", at=2, work_type=site)

    await company.move(2)
    await company.move(1, NOW + timedelta(hours=1))
    await company.move(2, NOW + timedelta(hours=2))

    deal = await company.office.the(deals)
    assert (deal.work_type_id, deal.amount, deal.amount_is_usual) == (site, 13_000_000, True)
    assert await told(company) == [("done", None), ("declined", "there_already")]


async def test_usual_amount_is_filled_in_where_nobody_said_another(company: Company) -> None:
    site, unknown = await work_type(company, usual_amount=13_000_000), await work_type(company, name="Другое")
    await company.rule("usual_amount", at=2)
    for number, chosen in enumerate([None, unknown, site, site]):
        await company.office.set(deals, company.deal, work_type_id=chosen)
        await company.move(2, NOW + timedelta(hours=2 * number))
        await company.move(1, NOW + timedelta(hours=2 * number + 1))

    deal = await company.office.the(deals)
    assert (deal.amount, deal.amount_is_usual) == (13_000_000, True)
    assert await told(company) == [
        ("declined", "no_work_type"), ("declined", "no_usual_amount"), ("done", None), ("declined", "filled"),
    ]  # fmt: skip


async def test_own_field_is_written_and_its_history_knows(company: Company) -> None:
    async with company.office.database.write() as tx:
        size = await add_field(tx, NewField(Noun.DEAL, "Размер", FieldKind.NUMBER), by=None, now=LONG_AGO)
    await company.rule("set_field", at=2, field=f"custom.{size}", value="40")
    bad = await company.rule("set_field", at=2, field=f"custom.{size}", value="много")
    await company.rule("set_field", at=2, field="title", value="Большой заказ")

    await company.move(2)

    deal = await company.office.the(deals)
    assert (deal.custom, deal.title) == ({str(size): 40}, "Большой заказ")
    changed = [row.field for row in await company.office.rows(field_changes)]
    assert changed == [f"custom.{size}", "title"]
    failed = [row for row in await company.run_rows() if row.rule_id == bad]
    assert [(row.state, row.facts["fault"]) for row in failed] == [("failed", f"field:custom.{size}")]


async def test_source_is_kept_where_it_is_known(company: Company) -> None:
    await company.rule("set_source", at=2, source="Сайт")
    await company.rule("set_source", at=2, source="Выставка")
    await company.rule("set_source", at=2, source="Реклама", only_empty=False)

    await company.move(2)

    assert (await company.office.the(deals)).source == "Реклама"
    assert await told(company) == [("done", None), ("declined", "filled"), ("done", None)]


@pytest.mark.parametrize(("rang", "asked", "expected"), [
    (None, None, "done"), (0, None, "declined"), (None, 0, "done"), (0, 1, "declined"), (1, 0, "done"),
])  # fmt: skip
async def test_task_to_ring_is_only_for_whoever_did_not_ring_first(
    company: Company, rang: int | None, asked: int | None, expected: str
) -> None:
    """F14."""
    await company.rule("set_task_unless_called", at=2, title="Связаться и назначить встречу")
    if rang is not None:
        await company.office.take(inbound("79161112233", at=NOW.timestamp() + rang * 3600).rings("101").answers("101").ends())
    if asked is not None:
        async with company.office.database.write() as tx:
            row = {"sender": "form:1", "body_hash": "x", "at": NOW + timedelta(hours=asked), "state": "taken", "utm": {}}
            await tx.execute(requests.insert().values(**row, deal_id=company.deal, contact_id=company.contact))

    await company.move(2, NOW + timedelta(hours=3))

    assert [state for state, _ in await told(company)] == [expected]
    assert len([title for title in await company.titles() if title]) == (expected == "done")


@pytest.mark.parametrize(("state", "days", "expected"), [
    (None, 1, "done"), ("planned", 1, "declined"), ("planned", -1, "done"), ("cancelled", 1, "done"),
])  # fmt: skip
async def test_who_wrote_the_meeting_down_need_not_be_told_to(
    company: Company, state: str | None, days: int, expected: str
) -> None:
    """F15."""
    await company.rule("set_task_unless_meeting", at=2, title="Записать встречу")
    if state is not None:
        async with company.office.database.write() as tx:
            at = NOW + timedelta(days=days)
            await tx.execute(meetings.insert().values(deal_id=company.deal, state=state, at=at, created_at=NOW))

    await company.move(2, NOW + timedelta(hours=3))

    assert [run for run, _ in await told(company)] == [expected]


async def test_words_name_the_deal_and_look_nothing_up_in_a_name(company: Company) -> None:
    await company.office.set(contacts, company.contact, name="{owner} <b>")
    await company.office.set(deals, company.deal, amount=123_456_700)
    await company.rule("write_note", at=2, text="{contact}, {company}, {stage}, {owner}, {amount}, {deal}")

    await company.move(2)

    (run,) = await company.run_rows()
    assert run.facts["note"] == "{owner} <b>, —, Назначение встречи, Ольга, 1\u00a0234\u00a0567, {owner} <b>"


async def reason(company: Company) -> int:
    """One that is on the list of every new house."""
    return next(row.id for row in await company.office.rows(loss_reasons) if row.name == "Перестали отвечать")


async def test_deal_is_given_up_for_a_reason_of_the_list_and_its_tasks_with_it(company: Company) -> None:
    silent = await reason(company)
    await company.rule("set_task", at=2, title="Позвонить ещё раз", within_minutes=60)
    rule = await company.rule("lose_deal", at=2, reason=silent, words="{contact} молчит месяц")
    await company.rule("write_note", at=2, text="дальше")

    await company.move(2)

    deal, way = await company.office.the(deals), (await company.office.rows(stage_history))[-1]
    assert (deal.closed_as, deal.loss_reason_id, deal.stage_id) == ("lost", silent, company.stages[2])
    assert (way.rule_id, way.user_id, way.reason) == (rule, None, "Перестали отвечать: Пётр молчит месяц")
    assert [row.done_at is None for row in await company.office.rows(tasks)] == [False]
    assert await told(company) == [("done", None), ("done", None), ("declined", "closed")]


async def test_deal_that_is_given_up_on_its_way_gets_no_tasks_of_the_stage_it_came_to(company: Company) -> None:
    await company.rule("lose_deal", "exit", at=1, reason=await reason(company))
    await company.rule("write_note", at=2, text="дальше")
    task = {"kind": "other", "title": "Письмо", "within_minutes": 60, "unless": None}
    await company.office.set(stages, company.stages[2], entry_tasks=[task])

    await company.move(2)

    assert (await company.office.the(deals)).closed_as == "lost"
    assert await company.titles() == []
    assert await told(company) == [("done", None), ("declined", "closed")]


async def test_reason_that_was_put_away_breaks_the_automation_and_the_deal_stays(company: Company) -> None:
    gone = await reason(company)
    async with company.office.database.write() as tx:
        await archive_loss_reason(tx, gone, by=None, now=LONG_AGO)
    await company.rule("lose_deal", at=2, reason=gone)

    await company.move(2)

    assert (await company.office.the(deals)).closed_as is None
    assert [(row.state, row.facts["fault"]) for row in await company.run_rows()] == [("failed", f"loss_reason:{gone}")]


async def test_won_deal_is_not_given_up(company: Company) -> None:
    await company.rule("lose_deal", at=2, reason=await reason(company))
    await company.office.set(stages, company.stages[2], kind="won")

    await company.move(2)

    assert (await company.office.the(deals)).closed_as == "won"
    assert await told(company) == [("declined", "closed")]


@pytest.mark.parametrize(
    "action", ["set_task", "keep_next_task", "set_task_unless_called", "set_task_unless_meeting", "tell_head"]
)
async def test_deadline_of_a_task_counts_working_hours_where_that_is_set(company: Company, action: str) -> None:
    """The house is in Moscow: Friday at half past five leaves half an hour, and Saturday and Sunday none."""
    await company.rule(action, at=2, title="Позвонить", within_minutes=90, in_hours=True)

    await company.move(2, FRIDAY_EVENING)

    assert (await company.office.the(tasks)).due_at == MONDAY_TEN


async def test_task_that_a_stage_sets_counts_working_hours_where_that_is_set(company: Company) -> None:
    both = [{"kind": "other", "title": name, "within_minutes": 90, "in_hours": hours, "unless": None} for name, hours in
            (("по часам", True), ("сразу", False))]  # fmt: skip
    await company.office.set(stages, company.stages[2], entry_tasks=fitted_entry_tasks(both))

    await company.move(2, FRIDAY_EVENING)

    due = {row.title: row.due_at for row in await company.office.rows(tasks)}
    assert due == {"по часам": MONDAY_TEN, "сразу": FRIDAY_EVENING + timedelta(minutes=90)}

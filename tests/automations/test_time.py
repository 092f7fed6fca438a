"""What comes with time: automations of deals that stand too long, and what the head is told of."""

from datetime import timedelta

from crm_core.deals.automations.timeouts import run_timeouts
from crm_core.deals.escalation import escalate_deals, escalate_tasks
from crm_core.deals.tables import deals, stages
from crm_core.event_log import events
from crm_core.tasks.deeds import NewTask, set_task
from crm_core.tasks.tables import tasks
from crm_core.teams.tables import team_members, teams
from crm_core.users.tables import Role
from tests.automations.conftest import Company
from tests.office import LONG_AGO, NOW

DAY = timedelta(days=1)


async def test_time_out_runs_once_for_each_stay(company: Company) -> None:
    rule = await company.rule("set_task", "timeout", 1, when={"hours": 24}, title="Застряла")
    await company.office.set(deals, company.deal, stage_since=NOW)

    counts = []
    for moment in (NOW + 23 * timedelta(hours=1), NOW + DAY, NOW + 2 * DAY):
        async with company.office.database.write() as tx:
            counts.append(await run_timeouts(tx, moment))

    assert counts == [0, 1, 0]
    assert await company.runs() == [(rule, "done", None)]
    await company.move(2, NOW + 3 * DAY)
    await company.move(1, NOW + 4 * DAY)
    async with company.office.database.write() as tx:
        assert await run_timeouts(tx, NOW + 6 * DAY) == 1


async def test_time_outs_that_send_a_deal_to_and_fro_stop_after_one_round(company: Company) -> None:
    there = await company.rule("move_deal", "timeout", 1, when={"hours": 1}, stage=company.stages[2])
    back = await company.rule("move_deal", "timeout", 2, when={"hours": 1}, stage=company.stages[1])
    await company.move(2, NOW)
    await company.move(1, NOW + timedelta(minutes=1))

    for day in range(1, 6):
        async with company.office.database.write() as tx:
            await run_timeouts(tx, NOW + day * DAY)

    assert [(rule, state) for rule, state, _ in await company.runs()] == [(there, "done"), (back, "done"), (there, "looped")]


async def test_time_outs_come_in_portions(company: Company) -> None:
    await company.rule("write_note", "timeout", when={"hours": 1}, text="Old")
    for number in range(4):
        await company.office.deal(await company.office.contact(f"7916000000{number}"), owner=company.olga)

    counts = []
    for _ in range(4):
        async with company.office.database.write() as tx:
            counts.append(await run_timeouts(tx, NOW, most=2))

    assert counts == [2, 2, 1, 0]


async def test_head_is_told_of_an_overdue_task_once(company: Company) -> None:
    async with company.office.database.write() as tx:
        task = await set_task(tx, NewTask("Late", NOW, company.deal, owner_id=company.olga), by=company.olga, now=LONG_AGO)

    counts = []
    for minutes in (29, 31, 90):
        async with company.office.database.write() as tx:
            counts.append(await escalate_tasks(tx, NOW + timedelta(minutes=minutes), timedelta(minutes=30)))

    assert counts == [0, 1, 0]
    told = await company.office.the(events, kind="task_overdue")
    assert (told.task_id, told.deal_id, sorted(told.receivers)) == (task, company.deal, [company.olga, company.head])
    assert (await company.office.the(tasks)).escalated_at == NOW + timedelta(minutes=31)


async def test_stuck_deal_is_told_once_for_each_stay_to_who_leads_its_owner(company: Company) -> None:
    leader = await company.office.person("Пётр", role=Role.MANAGER)
    async with company.office.database.write() as tx:
        team = (await tx.execute(teams.insert().values(name="А", created_at=LONG_AGO).returning(teams.c.id))).scalar_one()
        people = [{"team_id": team, "user_id": company.olga, "leads": False}, {"team_id": team, "user_id": leader, "leads": True}]
        await tx.execute(team_members.insert(), people)
    await company.office.set(stages, company.stages[1], limit_hours=2.5)
    await company.office.set(deals, company.deal, stage_since=NOW)

    counts = []
    for hours in (2, 3, 4):
        async with company.office.database.write() as tx:
            counts.append(await escalate_deals(tx, NOW + timedelta(hours=hours)))

    assert counts == [0, 1, 0]
    told = await company.office.the(events, kind="deal_stuck")
    assert (told.deal_id, sorted(told.receivers)) == (company.deal, [company.olga, leader])
    assert (told.facts["stage"], told.facts["limit_hours"]) == (company.stages[1], 2.5)
    await company.office.set(deals, company.deal, stage_since=NOW + timedelta(hours=5))
    async with company.office.database.write() as tx:
        assert await escalate_deals(tx, NOW + timedelta(hours=9)) == 1


async def test_what_is_nobodys_is_told_to_the_heads(company: Company) -> None:
    await company.office.set(deals, company.deal, owner_id=None)
    await company.office.set(stages, company.stages[1], limit_hours=1)

    async with company.office.database.write() as tx:
        await escalate_deals(tx, NOW)

    assert (await company.office.the(events, kind="deal_stuck")).receivers == [company.head]

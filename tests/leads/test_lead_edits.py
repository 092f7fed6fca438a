"""Lead rules are written, ordered, switched and deleted; and tried over the last month before they count."""

import pytest
from sqlalchemy import select

from crm_core.access import Actor
from crm_core.calls.ledger import IntakeRules
from crm_core.contacts.tables import contacts
from crm_core.deals.tables import deals, stages
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.leads.dry_run import DryRun, dry_run
from crm_core.leads.edits import (
    NewRule,
    add_rule,
    change_rule,
    delete_rule,
    order_rules,
    set_hours,
    switch_rule,
)
from crm_core.leads.rule_set import all_rules, read_calendar
from crm_core.leads.rules import Broken, RuleTask, Then, Way, When
from crm_core.leads.tables import lead_rules
from crm_core.requests.taking import Sender, Sent, take_request
from crm_core.requests.words import fitted
from crm_core.tasks.tables import TaskKind
from crm_core.users.tables import Role
from tests.builders import MORNING, inbound
from tests.lead_rules import pipeline, team
from tests.office import NOW, Office


async def add(office: Office, name: str = "Правило", when: When | None = None, then: Then | None = None) -> int:
    async with office.database.write() as tx:
        return await add_rule(tx, NewRule(name, when or When(), then or Then()), "RU", by=None, now=NOW)


async def names(office: Office) -> list[str]:
    async with office.database.read() as connection:
        return [rule.name for rule in await all_rules(connection)]


async def test_a_rule_is_kept_as_it_was_written_with_numbers_as_calls_have_them(office: Office) -> None:
    olga = await office.person("Ольга")
    task = RuleTask(TaskKind.OTHER, " Спросить \n об объёме", 30, in_hours=True)

    await add(office, "  Опт\x00 ", When(dids=("8 (495) 111-22-45", "+74951112245"), known=False), Then(owner_id=olga, task=task))

    async with office.database.read() as connection:
        (rule,) = await all_rules(connection)
    assert (rule.name, rule.when.dids, rule.when.known, rule.takers) == ("Опт", ("74951112245",), False, (olga,))
    assert rule.then.task == RuleTask(TaskKind.OTHER, "Спросить об объёме", 30, in_hours=True)


async def test_what_would_never_work_is_refused_by_the_fields_name(office: Office) -> None:
    stage = (await office.the(stages, position=0)).id
    other, _ = await pipeline(office, "Заявка")
    empty = await team(office)
    refused = {
        "owner_id": Then(owner_id=99),
        "team_id": Then(team_id=empty),
        "stage_id": Then(pipeline_id=other, stage_id=stage),
        "pipeline_id": Then(pipeline_id=99),
        "task.title": Then(task=RuleTask(TaskKind.OTHER)),
        "task.kind": Then(task=RuleTask(TaskKind.MEETING)),
        "task.within_minutes": Then(task=RuleTask(within_minutes=0)),
    }

    for field, then in refused.items():
        with pytest.raises(Invalid) as error:
            await add(office, then=then)
        assert error.value.facts["field"] == field
    with pytest.raises(Invalid, match="form 99"):
        await add(office, when=When(forms=(99,)))
    with pytest.raises(Invalid, match="name"):
        await add(office, " \n")


async def test_the_order_is_what_was_seen_or_nothing(office: Office) -> None:
    first, second, third = [await add(office, name) for name in "абв"]

    async with office.database.write() as tx:
        await order_rules(tx, [third, first, second], by=None, now=NOW)
    assert await names(office) == ["в", "а", "б"]

    with pytest.raises(Conflict):
        async with office.database.write() as tx:
            await order_rules(tx, [first, second], by=None, now=NOW)


async def test_a_rule_is_changed_switched_and_deleted(office: Office) -> None:
    olga, rule = await office.person("Ольга"), await add(office)

    async with office.database.write() as tx:
        await change_rule(tx, rule, NewRule("Другое", then=Then(owner_id=olga)), "RU", by=olga, now=NOW)
        await switch_rule(tx, rule, False, by=olga, now=NOW)
    row = await office.the(lead_rules)
    assert (row.name, row.then["owner_id"], row.active) == ("Другое", olga, False)

    async with office.database.write() as tx:
        await delete_rule(tx, rule, by=olga, now=NOW)
    assert await names(office) == []
    with pytest.raises(NotFound):
        async with office.database.write() as tx:
            await switch_rule(tx, rule, True, by=olga, now=NOW)


async def test_a_rule_whose_stage_was_deleted_is_told_as_broken(office: Office) -> None:
    _, stage = await pipeline(office, "Заявка")
    await add(office, then=Then(stage_id=stage))
    await office.set(stages, stage, archived_at=NOW)

    async with office.database.read() as connection:
        (rule,) = await all_rules(connection)
    assert (rule.broken, rule.works) == ((Broken.STAGE,), False)


async def test_working_hours_are_set_as_a_whole(office: Office) -> None:
    week = [("10:00", "19:00")] * 5 + [None, ("11:00", "15:00")]
    async with office.database.write() as tx:
        await set_hours(tx, week, {"2026-12-31": None}, by=None, now=NOW)
        calendar = await read_calendar(tx, NOW.tzinfo)  # type: ignore[arg-type]
    assert (calendar.week[0].begins, calendar.week[5], calendar.week[6].ends) == (600, None, 900)  # type: ignore[union-attr]

    for days in ({"31.12.2026": None}, {"2026-12-31": ("9:00", "8:00")}):
        with pytest.raises(Invalid):
            async with office.database.write() as tx:
                await set_hours(tx, week, days, by=None, now=NOW)  # type: ignore[arg-type]


class TestDryRun:
    @pytest.fixture
    async def month(self, office: Office) -> Office:
        """A known and an unknown caller, one of them missed; one older call; a request of somebody new."""
        await office.contact("79160000001")
        await office.take(inbound("79160000001", at=MORNING - 3600).rings("101").answers("101").ends())
        await office.take(inbound("79160000002", at=MORNING - 1800).joins_queue("sales").rings("101").ends())
        await office.take(inbound("79160000003", at=MORNING - 45 * 86400).rings("101").ends())
        asked = fitted({"phone": "89160000004", "name": "Пётр"}, {}, "RU")
        async with office.database.write() as tx:
            user = await office_user(office, tx)
            await take_request(tx, Sent(asked, Sender(user_id=user)), IntakeRules(), now=NOW)
        return office

    async def run(self, office: Office, **draft: object) -> DryRun:
        async with office.database.read() as connection:
            actor = Actor(1, Role.ADMIN, "A")
            return await dry_run(connection, actor, NOW.tzinfo, NOW, **draft)  # type: ignore[arg-type]

    async def test_each_call_and_request_is_told_by_the_rule_it_would_go_by(self, month: Office) -> None:
        missed = await add(month, "пропущенные", When(answered=False))
        await add(month, "в очереди", When(queues=("sales",)))

        told = await self.run(month)

        shares = {share.rule.name if share.rule else None: (share.calls, share.requests) for share in told.shares}
        assert shares == {"пропущенные": (1, 0), "в очереди": (0, 0), None: (1, 1)}
        (example,) = told.shares[0].examples
        assert (told.shares[0].rule.id, example.who, example.opened) == (missed, "79160000002", True)  # type: ignore[union-attr]
        assert (told.calls, told.requests, told.cut) == (2, 1, False)

    async def test_a_rule_that_is_not_kept_yet_is_tried_and_nothing_is_written(self, month: Office) -> None:
        anna, boris = await month.person("Анна"), await month.person("Борис")
        then = Then(team_id=await team(month, anna, boris))
        before = [await month.count(table) for table in (deals, contacts, lead_rules)]

        told = await self.run(month, draft=NewRule("черновик", When(known=False), then))

        draft = next(share for share in told.shares if share.rule and share.rule.id == 0)
        assert (draft.calls, draft.requests, draft.leads, draft.owners) == (1, 1, 2, ((anna, 1), (boris, 1)))
        assert [one.way for one in draft.examples] == [Way.REQUEST, Way.CALL]
        assert [await month.count(table) for table in (deals, contacts, lead_rules)] == before


async def office_user(office: Office, tx: object) -> int:
    users = deals.metadata.tables["users"]
    found = await tx.scalar(select(users.c.id))  # type: ignore[attr-defined]
    if found is None:
        added = await tx.execute(  # type: ignore[attr-defined]
            users.insert().values(email="a@b.test", name="A", role="admin", active=True, created_at=NOW).returning(users.c.id)
        )
        found = added.scalar_one()
    return int(found)

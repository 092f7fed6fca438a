"""Automations are set up by people: what they name must be there, and none may lead to itself."""

from datetime import timedelta
from typing import Any

import pytest

from crm_core.access import Actor
from crm_core.deals.automations import edits, queries
from crm_core.deals.automations.defaults import DEFAULTS, install_defaults
from crm_core.deals.automations.edits import NewAutomation
from crm_core.deals.automations.tables import automations
from crm_core.deals.tables import stages
from crm_core.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.users.accounts import deactivate
from crm_core.users.tables import Role
from tests.automations.conftest import Company
from tests.office import NOW


@pytest.fixture
async def admin(company: Company) -> Actor:
    return Actor(await company.office.person("Админ", role=Role.ADMIN), Role.ADMIN, "Админ")


async def add(company: Company, action: str, trigger: str, at: int | None = None, **more: Any) -> int:
    stage = None if at is None else company.stages[at]
    async with company.office.database.write() as tx:
        return await edits.add_automation(tx, NewAutomation(action, trigger, stage_id=stage, **more), by=company.head, now=NOW)


async def test_automation_is_kept_with_its_settings_in_their_types(company: Company, admin: Actor) -> None:
    made = await add(company, "set_task", "timeout", 1, name=" Напомнить ", when={"hours": "48"},
                     settings={"title": "Позвонить {contact}", "within_minutes": "30"})  # fmt: skip

    async with company.office.database.read() as connection:
        line = await queries.automation(connection, admin, made, NOW)
    assert (line.rule.name, line.rule.when, line.faults, line.loop) == ("Напомнить", {"hours": 48}, (), ())
    assert line.rule.settings == {
        "title": "Позвонить {contact}", "within_minutes": 30, "in_hours": False, "kind": "other", "owner": None,
    }  # fmt: skip
    assert (line.stage and line.stage.name, line.pipeline) == ("Классификация", "Продажи")


@pytest.mark.parametrize(
    ("more", "facts"),
    [
        ({"action": "dance", "trigger": "entry"}, {"fault": "action"}),
        ({"action": "set_task", "trigger": "full moon"}, {"fault": "trigger"}),
        ({"action": "keep_next_task", "trigger": "exit", "settings": {"title": "x"}}, {"why": "trigger"}),
        ({"action": "set_task", "trigger": "entry"}, {"option": "title", "why": "required"}),
        ({"action": "set_task", "trigger": "entry", "settings": {"title": "x", "hue": 1}}, {"option": "hue", "why": "unknown"}),
        ({"action": "set_task", "trigger": "tag", "settings": {"title": "x"}, "when": {"tag": "nonsense"}}, {"fault": "tag"}),
        ({"action": "set_task", "trigger": "entry", "settings": {"title": "{budget}"}}, {"fault": "template", "which": "budget"}),
        ({"action": "set_task", "trigger": "entry", "settings": {"title": "x", "owner": 999}}, {"fault": "user"}),
        ({"action": "set_task", "trigger": "entry", "settings": {"title": "x", "kind": "dream"}}, {"fault": "task_kind"}),
        ({"action": "give_in_turn", "trigger": "entry", "settings": {"team": 9}}, {"fault": "team"}),
        ({"action": "move_deal", "trigger": "entry", "settings": {"stage": 999}}, {"fault": "stage"}),
        ({"action": "set_field", "trigger": "entry", "settings": {"field": "owner_id", "value": "1"}}, {"fault": "field"}),
        ({"action": "set_task", "trigger": "timeout", "settings": {"title": "x"}, "when": {"hours": 0}}, {"option": "hours"}),
    ],
)  # fmt: skip
async def test_what_cannot_run_is_refused_and_named(company: Company, more: dict[str, Any], facts: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        await add(company, **more)

    assert {name: refused.value.facts.get(name) for name in facts} == facts
    assert await company.office.count(automations) == 0


async def test_round_of_automations_is_refused_and_both_are_named(company: Company, admin: Actor) -> None:
    there = await add(company, "move_deal", "entry", 1, name="There", settings={"stage": company.stages[2]})
    await add(company, "move_deal", "entry", 2, name="On", settings={"stage": company.stages[3]})

    with pytest.raises(Conflict) as refused:
        await add(company, "move_deal", "timeout", 3, name="Back", settings={"stage": company.stages[1]})
    loop = refused.value.facts["loop"]
    assert isinstance(loop, list)
    assert [one["name"] for one in loop] == ["Back", "There", "On"]

    back = await add(company, "move_deal", "timeout", 3, name="Back", settings={"stage": company.stages[1]}, active=False)
    async with company.office.database.write() as tx:
        with pytest.raises(Conflict):
            await edits.switch_automation(tx, back, active=True, by=None, now=NOW)
    async with company.office.database.write() as tx:
        await edits.switch_automation(tx, there, active=False, by=None, now=NOW)
        await edits.switch_automation(tx, back, active=True, by=None, now=NOW)

    await company.office.set(automations, there, active=True)  # as a restored backup might have it
    async with company.office.database.read() as connection:
        lines = await queries.list_automations(connection, admin, NOW)
    assert [len(line.loop) for line in lines] == [3, 3, 3]


async def test_automation_that_names_what_was_deleted_is_shown_as_broken(company: Company, admin: Actor) -> None:
    pavel = await company.office.person("Павел", "102")
    moves = await add(company, "move_deal", "entry", 1, settings={"stage": company.stages[4]})
    stands = await add(company, "write_note", "entry", 4, settings={"text": "x"})
    gives = await add(company, "give_deal", "entry", 1, settings={"owner": pavel})
    tagged = await add(company, "write_note", "tag", when={"tag": "greeting"}, settings={"text": "x"})
    async with company.office.database.write() as tx:
        await deactivate(tx, pavel, now=NOW, by=None)
    await company.office.set(stages, company.stages[4], archived_at=NOW)
    await company.office.set(automations, tagged, when={"tag": "gone"})

    async with company.office.database.read() as connection:
        lines = {line.rule.id: line.faults for line in await queries.list_automations(connection, admin, NOW)}

    told = {rule: [(fault.what, fault.which) for fault in faults] for rule, faults in lines.items()}
    gone = str(company.stages[4])
    assert told == {moves: [("stage", gone)], stands: [("stage", gone)], gives: [("user", str(pavel))], tagged: [("tag", "gone")]}


async def test_automations_are_put_in_order_changed_and_taken_away(company: Company, admin: Actor) -> None:
    first = await add(company, "write_note", "entry", 2, settings={"text": "1"})
    second = await add(company, "write_note", "entry", 2, settings={"text": "2"})
    async with company.office.database.write() as tx:
        await edits.shift_automation(tx, second, -1, by=None, now=NOW)
        changed = NewAutomation("write_note", "entry", stage_id=company.stages[2], settings={"text": "one"})
        await edits.change_automation(tx, first, changed, by=None, now=NOW)

    await company.move(2)
    assert [row.facts["note"] for row in await company.run_rows()] == ["2", "one"]

    async with company.office.database.write() as tx:
        await edits.remove_automation(tx, first, by=None, now=NOW)
    async with company.office.database.read() as connection:
        assert [line.rule.id for line in await queries.list_automations(connection, admin, NOW)] == [second]
        line = await queries.automation(connection, admin, second, NOW + timedelta(minutes=1))
        assert (line.counts, line.last_at) == ({"done": 1}, NOW)
        page = await queries.list_runs(connection, admin, first)
        assert [(run.facts["note"], run.deal and run.deal.id) for run in page.items] == [("one", company.deal)]
    async with company.office.database.write() as tx:
        with pytest.raises(NotFound):
            await edits.remove_automation(tx, first, by=None, now=NOW)


async def test_manager_sees_no_settings(company: Company) -> None:
    async with company.office.database.read() as connection:
        with pytest.raises(Forbidden):
            await queries.list_automations(connection, Actor(company.olga, Role.MANAGER, "Ольга"), NOW)


async def test_eleven_stages_come_with_automations_once(company: Company, admin: Actor) -> None:
    pipeline = (await company.office.rows(stages))[0].pipeline_id
    async with company.office.database.write() as tx:
        counts = [await install_defaults(tx, pipeline, language=language, now=NOW) for language in ("ru", "en")]

    async with company.office.database.read() as connection:
        lines = await queries.list_automations(connection, admin, NOW)
    assert counts == [len(DEFAULTS), 0]
    assert [line.faults for line in lines] == [()] * len(DEFAULTS)
    assert all(line.rule.built_in and line.rule.pipeline_id == pipeline for line in lines)

"""What follows when a deal comes to a stage or leaves it: each run is kept, and none harms the move."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from crm_core.deals.automations import registry
from crm_core.deals.automations.words import ANY, Deed, MoveDeal, Occasion, SetTask, automation
from crm_core.deals.edits import NewDeal, open_deal
from crm_core.deals.tables import deals, stage_history, stages
from crm_core.event_log import events
from crm_core.tasks.tables import tasks
from crm_core.users.accounts import deactivate
from tests.automations.conftest import Company
from tests.deadlocks import deadlock
from tests.office import NOW


async def test_entry_and_exit_run_in_the_move_and_stand_in_the_runs(company: Company) -> None:
    left = await company.rule("set_task", "exit", 1, title="Left", within_minutes=30)
    came = await company.rule("set_task", "entry", 2, title="Позвонить: {contact}", within_minutes=60)
    await company.rule("set_task", "entry", 3, title="Not yet")

    await company.move(2)

    assert await company.runs() == [(left, "done", None), (came, "done", None)]
    set_tasks = await company.office.rows(tasks)
    assert [(one.title, one.owner_id, one.due_at, one.rule_id) for one in set_tasks] == [
        ("Left", company.olga, NOW + timedelta(minutes=30), left),
        ("Позвонить: Пётр", company.olga, NOW + timedelta(minutes=60), came),
    ]
    assert [row.facts for row in await company.run_rows()] == [{"tasks": [set_tasks[0].id]}, {"tasks": [set_tasks[1].id]}]
    told = [row.kind for row in await company.office.rows(events, deal_id=company.deal)]
    assert told == ["deal_moved", "task_opened", "automation_ran", "task_opened", "automation_ran"]


async def test_failing_rule_harms_neither_the_move_nor_the_others_and_is_named(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    @automation(on=ANY, label="Falls")
    async def falls(tx: Any, _occasion: Occasion, _settings: Any) -> list[Deed]:
        await tx.execute(update(deals).values(title="spoilt"))
        raise RuntimeError("it fell")

    known = {**registry.actions(), "falls": falls}
    monkeypatch.setattr("crm_core.deals.automations.rules.actions", lambda: known)
    first = await company.rule("set_task", at=2, title="First")
    bad = await company.rule("falls", at=2)
    last = await company.rule("set_task", at=2, title="Last")

    await company.move(2)

    assert await company.runs() == [(first, "done", None), (bad, "failed", "error"), (last, "done", None)]
    assert (await company.run_rows())[1].facts == {"error": "RuntimeError: it fell"}
    assert await company.titles() == ["First", "Last"]
    deal = await company.office.the(deals)
    assert (deal.stage_id, deal.title) == (company.stages[2], None)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_rule_that_meets_a_deadlock_is_not_failed_and_the_move_is_for_the_next_try(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    meets = iter([True])

    @automation(on=ANY, label="Meets")
    async def meeting(tx: Any, _occasion: Occasion, _settings: Any) -> list[Deed]:
        if next(meets, False):
            await deadlock(tx, company.office.database)
        return [SetTask("Met", timedelta(minutes=30))]

    known = {**registry.actions(), "meeting": meeting}
    monkeypatch.setattr("crm_core.deals.automations.rules.actions", lambda: known)
    rule = await company.rule("meeting", at=2)

    with pytest.raises(DBAPIError, match="deadlock detected"):
        await company.move(2)
    assert await company.runs() == []
    await company.move(2)

    assert await company.runs() == [(rule, "done", None)]


async def test_move_by_a_rule_is_kept_with_the_rule_and_what_stood_after_it_is_passed_over(company: Company) -> None:
    mover = await company.rule("move_deal", at=2, stage=company.stages[3])
    late = await company.rule("set_task", at=2, title="Too late")
    there = await company.rule("set_task", at=3, title="There")

    await company.move(2)

    assert sorted(await company.runs()) == [(mover, "done", None), (late, "declined", "moved_on"), (there, "done", None)]
    way = await company.office.rows(stage_history)
    assert [(step.stage_id, step.user_id, step.rule_id) for step in way] == [
        (company.stages[2], company.olga, None),
        (company.stages[3], None, mover),
    ]


async def test_refused_move_is_a_declined_run_that_says_what_is_missing(company: Company) -> None:
    await company.office.set(stages, company.stages[3], gates=[{"gate": "in_order", "settings": {}}])
    mover = await company.rule("move_deal", at=2, stage=company.stages[4])

    await company.move(2)

    (run,) = await company.run_rows()
    assert (run.rule_id, run.state, run.why) == (mover, "declined", "refused")
    assert {lack["what"] for lack in run.facts["missing"]} == {f"stage.{company.stages[3]}"}
    assert (await company.office.the(deals)).stage_id == company.stages[2]


async def test_two_rules_that_chase_each_other_are_stopped_and_both_are_named(company: Company) -> None:
    there = await company.rule("move_deal", at=2, stage=company.stages[3])
    back = await company.rule("move_deal", at=3, stage=company.stages[2])

    await company.move(2)

    runs = await company.run_rows()
    assert sorted((run.rule_id, run.state) for run in runs) == [(there, "done"), (there, "looped"), (back, "done")]
    (looped,) = [run for run in runs if run.state == "looped"]
    assert looped.facts == {"rules": [there, back, there]}
    assert (await company.office.the(deals)).stage_id == company.stages[2]


async def test_rule_that_names_what_is_gone_fails_by_name(company: Company) -> None:
    await company.office.set(stages, company.stages[5], archived_at=NOW)
    pavel = await company.office.person("Павел", "102")
    async with company.office.database.write() as tx:
        await deactivate(tx, pavel, now=NOW, by=None)
    moves = await company.rule("move_deal", at=2, stage=company.stages[5])
    gives = await company.rule("give_deal", at=2, owner=pavel)
    team = await company.rule("give_in_turn", at=2, team=77, only_nobodys=False)
    unknown = await company.rule("dance", at=2)
    unset = await company.rule("set_task", at=2)
    for_him = await company.rule("set_task", at=2, title="His", owner=pavel)

    await company.move(2)

    told = {row.rule_id: (row.state, row.facts.get("fault")) for row in await company.run_rows()}
    assert told == {
        moves: ("failed", f"stage:{company.stages[5]}"), gives: ("failed", f"user:{pavel}"), team: ("failed", "team:77"),
        unknown: ("failed", "no_action"), unset: ("failed", "option:title"), for_him: ("done", None),
    }  # fmt: skip
    assert (await company.office.the(tasks)).owner_id == company.olga  # whoever left gets no tasks


async def test_entry_tasks_of_the_stage_are_set_and_the_one_for_strangers_only_for_them(company: Company) -> None:
    wanted = [
        {"kind": "other", "title": "Связаться", "within_minutes": 30, "unless": "first_contact_by_phone"},
        {"kind": "meeting", "title": None, "within_minutes": 60, "unless": None},
    ]
    await company.office.set(stages, company.stages[2], entry_tasks=wanted)

    await company.move(2)
    await company.move(1, NOW + timedelta(hours=1))
    await company.move(2, NOW + timedelta(hours=2))

    rows = await company.office.rows(tasks)
    assert [(row.kind, row.title, row.stage_id) for row in rows] == [
        ("other", "Связаться", company.stages[2]), ("meeting", None, company.stages[2]),
    ] * 2  # fmt: skip


async def test_deal_that_is_opened_enters_its_stage_once(company: Company) -> None:
    await company.office.set(stages, company.stages[0], entry_tasks=[
        {"kind": "other", "title": "Look", "within_minutes": 5, "unless": None}])  # fmt: skip
    rule = await company.rule("set_source", at=0, source="Опер")

    async with company.office.database.write() as tx:
        opened = await open_deal(tx, NewDeal(company.contact, owner_id=company.olga), by=company.olga, now=NOW)

    assert (await company.office.the(deals, id=opened)).source == "Опер"
    assert await company.runs() == [(rule, "done", None)]
    assert await company.titles() == ["Look"]


async def test_deed_of_several_parts_does_nothing_where_its_move_is_refused(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    @automation(on=ANY, label="Both")
    async def both(_tx: Any, _occasion: Occasion, _settings: Any) -> list[Deed]:
        return [SetTask("With it", timedelta()), MoveDeal(company.stages[4])]

    known = {**registry.actions(), "both": both}
    monkeypatch.setattr("crm_core.deals.automations.rules.actions", lambda: known)
    await company.office.set(stages, company.stages[3], gates=[{"gate": "in_order", "settings": {}}])
    await company.rule("both", at=2)

    await company.move(2)

    assert [(state, why) for _, state, why in await company.runs()] == [("declined", "refused")]
    assert await company.titles() == []

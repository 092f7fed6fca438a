"""Stages are added, changed, ordered and taken away, and nobody changes one under somebody else's hands (F1, T3)."""

from typing import Any

import pytest
from sqlalchemy import insert

from crm_core.deals.automations.tables import automations
from crm_core.deals.edits import lose_deal, reopen_deal
from crm_core.deals.stage_edits import add_stage, change_stage, order_stages, put_back, remove_stage
from crm_core.deals.stage_queries import taken_away, whole_pipeline, whole_stage
from crm_core.deals.stage_settings import StageChanges
from crm_core.deals.tables import deals, stage_history, stages
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.event_log import events
from crm_core.leads.tables import lead_rules
from crm_core.users.tables import Role, audit
from tests.office import NOW, Office

WORDS: StageChanges = {
    "name": " Первый   разговор ", "short_name": "Разговор", "goal": "узнать, что нужно", "criteria": "названо, что и зачем",
    "tools": "сценарий звонка", "algorithm": "1. Поздороваться\r\n2. Спросить", "limit_hours": 4, "chance": 15,
}  # fmt: skip
REACHED = {"gate": "call_answered", "settings": {"seconds": 20}}


async def strip(office: Office) -> list[str]:
    async with office.database.read() as connection:
        return [stage.name for stage in (await whole_pipeline(connection, 1)).stages]


async def ids(office: Office) -> list[int]:
    async with office.database.read() as connection:
        return [stage.id for stage in (await whole_pipeline(connection, 1)).stages]


async def changed(office: Office, stage: int, given: StageChanges, **more: Any) -> None:
    async with office.database.write() as tx:
        await change_stage(tx, stage, given, by=more.pop("by", None), now=NOW, **more)


async def test_new_stage_stands_before_the_one_that_wins_with_all_that_a_manager_is_told(office: Office) -> None:
    async with office.database.write() as tx:
        added = await add_stage(tx, 1, {**WORDS, "gates": [REACHED]}, by=None, now=NOW)

    async with office.database.read() as connection:
        stage = await whole_stage(connection, added)
    assert (await strip(office))[-2:] == ["Первый разговор", "Полная оплата"]
    assert (stage.position, stage.algorithm, stage.limit_hours, stage.chance) == (10, "1. Поздороваться\n2. Спросить", 4.0, 15)
    assert stage.gates == ({"gate": "call_answered", "settings": {"seconds": 20, "since": "stage"}},)
    assert [event.kind for event in await office.rows(events)][-1] == "pipeline_changed"


@pytest.mark.parametrize(
    ("given", "field"),
    [({"name": " "}, "name"), ({"name": "x" * 81}, "name"), ({"goal": "x" * 4001}, "goal"), ({"kind": "lost"}, "kind"),
     ({"limit_hours": 0.0}, "limit_hours"), ({"limit_hours": float("nan")}, "limit_hours"), ({"chance": 101}, "chance"),
     ({"gates": [{"gate": "horoscope"}]}, "gates"), ({"gates": [{"gate": "said", "settings": {}}]}, "gates"),
     ({"gates": [{"gate": "required_fields", "settings": {"fields": ["amount", "shoe_size"]}}]}, "gates"),
     ({"gates": [{"gate": "required_fields", "settings": {"fields": ["custom.77"]}}]}, "gates"),
     ({"entry_tasks": [{"kind": "other", "title": ""}]}, "entry_tasks")],
)  # fmt: skip
async def test_what_cannot_be_set_is_refused_and_named(office: Office, given: StageChanges, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await changed(office, 1, given)

    assert refused.value.facts["field"] == field


async def test_field_and_gate_that_are_not_there_are_named_in_the_refusal(office: Office) -> None:
    with pytest.raises(Invalid, match="no field named 'shoe_size'"):
        await changed(office, 1, {"gates": [{"gate": "required_fields", "settings": {"fields": ["shoe_size"]}}]})
    with pytest.raises(Invalid, match="no gate named 'horoscope'"):
        await changed(office, 1, {"gates": [{"gate": "horoscope"}]})


async def test_second_of_two_who_change_a_stage_at_once_is_told_who_was_first(office: Office) -> None:
    admin = await office.person("Пётр", role=Role.ADMIN)
    async with office.database.read() as connection:
        seen = (await whole_stage(connection, 2)).version
    await changed(office, 2, {"goal": "новая цель"}, by=admin, seen=seen)

    with pytest.raises(Conflict) as refused:
        await changed(office, 2, {"goal": "другая цель"}, seen=seen)

    assert (refused.value.facts["changed_by"], refused.value.facts["changed_at"]) == ("Пётр", NOW)
    assert (await office.the(stages, id=2)).goal == "новая цель"


async def test_change_to_what_it_is_already_leaves_no_trace(office: Office) -> None:
    await changed(office, 2, {"name": "Классификация"})

    assert await office.rows(audit, noun="stage") == []


async def test_order_is_changed_as_a_whole_and_only_over_the_stages_there_are(office: Office) -> None:
    before = await ids(office)
    async with office.database.write() as tx:
        await order_stages(tx, 1, [before[1], before[0], *before[2:]], by=None, now=NOW)
        with pytest.raises(Conflict):
            await order_stages(tx, 1, before[1:], by=None, now=NOW)

    assert (await strip(office))[:2] == ["Классификация", "Входящая заявка"]


class TestTakenAway:
    async def test_open_deals_go_where_it_is_said_and_closed_ones_stay(self, office: Office) -> None:
        contact = await office.contact("79161112233")
        going, lost = await office.deal(contact, stage=4), await office.deal(contact, stage=4)
        order = await ids(office)
        async with office.database.write() as tx:
            await lose_deal(tx, lost, 1, by=None, now=NOW)
            assert await remove_stage(tx, order[4], deals_to=order[3], by=None, now=NOW) == 1

        moved, stayed = await office.the(deals, id=going), await office.the(deals, id=lost)
        step = (await office.rows(stage_history, deal_id=going))[-1]
        assert (moved.stage_id, stayed.stage_id, moved.stage_since) == (order[3], order[4], NOW)
        assert (step.from_stage_id, step.stage_id) == (order[4], order[3])
        assert len(await strip(office)) == 10
        async with office.database.write() as tx:
            with pytest.raises(Invalid):
                await reopen_deal(tx, lost, by=None, now=NOW)

    @pytest.mark.parametrize("to", [None, 11, 5, 99])
    async def test_open_deals_must_be_told_an_open_stage_that_stands(self, office: Office, to: int | None) -> None:
        await office.deal(await office.contact("79161112233"), stage=4)
        with pytest.raises(Conflict) as refused:
            async with office.database.write() as tx:
                await remove_stage(tx, 5, deals_to=to, by=None, now=NOW)

        assert refused.value.facts["deals"] == 1
        assert len(await strip(office)) == 11

    async def test_stage_that_an_automation_or_lead_rule_names_is_not_taken_away(self, office: Office) -> None:
        async with office.database.write() as tx:
            rule: dict[str, Any] = {"action": "move_deal", "trigger": "tag", "position": 0, "created_at": NOW}
            await tx.execute(insert(automations).values(**rule, name="Дальше", settings={"stage": 3}))
            await tx.execute(insert(automations).values(**rule, name="Старое", stage_id=3, archived_at=NOW))
            await tx.execute(insert(lead_rules).values(name="Ночные", position=0, then={"stage_id": 3}, created_at=NOW))
            with pytest.raises(Conflict) as refused:
                await remove_stage(tx, 3, by=None, now=NOW)

        assert [one.name for one in refused.value.facts["named_by"]] == ["Дальше", "Ночные"]  # type: ignore[attr-defined]

    async def test_last_open_stage_stays(self, office: Office) -> None:
        order = await ids(office)
        async with office.database.write() as tx:
            for stage in order[:9]:
                await remove_stage(tx, stage, by=None, now=NOW)
        async with office.database.write() as tx:
            with pytest.raises(Invalid):
                await remove_stage(tx, order[9], by=None, now=NOW)
            await tx.rollback()

        assert await strip(office) == ["Приём", "Полная оплата"]

    async def test_it_can_be_put_back(self, office: Office) -> None:
        async with office.database.write() as tx:
            await remove_stage(tx, 5, by=None, now=NOW)
            gone = await taken_away(tx, 1)
            await put_back(tx, 5, by=None, now=NOW)
            with pytest.raises(NotFound):
                await put_back(tx, 99, by=None, now=NOW)

        assert [stage.name for stage in gone] == ["Отправка КП"]
        assert (await strip(office))[-2:] == ["Отправка КП", "Полная оплата"]


async def test_kind_stays_while_deals_stand_on_the_stage(office: Office) -> None:
    await office.deal(await office.contact("79161112233"), stage=4)
    with pytest.raises(Conflict):
        await changed(office, 5, {"kind": "won"})
    await changed(office, 6, {"kind": "won"})

    assert (await office.the(stages, id=6)).kind == "won"

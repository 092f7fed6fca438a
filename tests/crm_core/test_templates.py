"""Templates become pipelines whose stages prove themselves; what a template cannot ask for is refused clearly (F1, F13–F16)."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from crm_core.db import Database
from crm_core.deals.first_pipeline import seed_pipelines
from crm_core.deals.planting import plant, plant_stages, take_over, to_take_over
from crm_core.deals.stage_queries import PipelineWhole, whole_pipeline
from crm_core.deals.tables import deals, pipelines, stages
from crm_core.deals.template import PipelineTemplate, all_templates, gate, template_named
from crm_core.errors import Invalid, NotFound
from crm_core.fields.tables import fields
from tests.office import NOW, Office

ELEVEN = template_named("eleven")


async def planted(office: Office, name: str, language: str = "ru") -> PipelineWhole:
    async with office.database.write() as tx:
        added = await plant(tx, template_named(name), language, name=f"{name} {language}", by=None, now=NOW)
        return await whole_pipeline(tx, added)


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("name", ["eleven", "short", "repeat"])
async def test_every_stage_of_every_template_tells_the_manager_its_aim_signs_tools_and_steps(
    office: Office, name: str, language: str
) -> None:
    pipeline = await planted(office, name, language)

    assert len(pipeline.stages) == {"eleven": 11, "short": 4, "repeat": 5}[name]
    for stage in pipeline.stages:
        assert all((stage.goal, stage.criteria, stage.tools, stage.algorithm, stage.short_name)), stage.name
        assert (stage.kind == "won") == (stage is pipeline.stages[-1])
    cyrillic = any(
        "а" <= sign <= "я" for stage in pipeline.stages for sign in f"{stage.goal}{stage.algorithm}{stage.entry_tasks}"
    )
    assert cyrillic == (language == "ru")


async def test_stages_up_to_the_meeting_ask_for_what_the_funnel_says(office: Office) -> None:
    request, classification, arranging, meeting = (await planted(office, "eleven")).stages[:4]
    wish = f"custom.{(await office.the(fields, name='Чего хочет клиент')).id}"

    assert request.gates == ()
    assert [(one["gate"], one["settings"]) for one in classification.gates] == [
        ("required_fields", {"fields": ["amount", "work_type_id"]})
    ]
    assert [task["unless"] for task in classification.entry_tasks] == ["first_contact_by_phone"]
    assert [one["gate"] for one in arranging.gates] == ["call_answered", "said", "meeting_set"]
    assert arranging.gates[1]["settings"]["tag"] == "meeting_agreed"
    assert arranging.gates[2]["settings"]["parts"] == ["user_id", "contact_id", "place", "at", "notes"]
    assert [one["gate"] for one in meeting.gates] == ["meeting_held", "entities", "required_fields"]
    assert meeting.gates[2]["settings"]["fields"] == ["title", wish, "contact.name", "contact.position", "company.name"]


async def test_field_of_a_template_is_added_once_for_all_pipelines(office: Office) -> None:
    await planted(office, "eleven")
    async with office.database.write() as tx:
        await plant(tx, ELEVEN, "ru", name="Ещё одна", by=None, now=NOW)

    assert await office.count(fields) == 1


def with_gate(**wrong: Any) -> PipelineTemplate:
    first, *others = ELEVEN.stages
    return replace(ELEVEN, stages=(replace(first, gates=(gate(**wrong),)), *others))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            with_gate(name="required_fields", fields=["amount", "shoe_size"]),
            "Входящая заявка: There is no field named 'shoe_size'",
        ),
        (with_gate(name="required_fields", fields=["custom.404"]), "Входящая заявка: There is no field named 'custom.404'"),
        (with_gate(name="horoscope"), "Входящая заявка: There is no gate named 'horoscope'"),
        (with_gate(name="call_answered", seconds=-3), "Входящая заявка: Gate call_answered: seconds: is too small"),
        (
            with_gate(name="call_answered", minutes=3),
            "Входящая заявка: Gate call_answered: There is nothing named 'minutes' to set",
        ),
    ],
)
async def test_template_that_asks_for_what_is_not_there_is_refused_and_nothing_is_left_of_it(
    office: Office, wrong: PipelineTemplate, says: str
) -> None:
    with pytest.raises(Invalid, match=says):
        async with office.database.write() as tx:
            await plant(tx, wrong, "ru", name="Новая", by=None, now=NOW)

    assert (await office.count(pipelines), await office.count(fields)) == (1, 0)


@pytest.mark.parametrize("given", [[], [{"name": "Конец", "kind": "won"}], [{"name": "x"}] * 41])
async def test_pipeline_of_no_open_stage_or_of_too_many_is_refused(office: Office, given: list[Any]) -> None:
    async with office.database.write() as tx:
        with pytest.raises(Invalid):
            await plant_stages(tx, "Новая", given, by=None, now=NOW)


async def test_templates_are_offered_in_their_order_and_an_unknown_one_is_not_found() -> None:
    assert list(all_templates()) == ["eleven", "short", "repeat"]
    with pytest.raises(NotFound):
        template_named("twelve")


async def test_new_installation_begins_with_the_conveyor_that_hands_over_to_repeat_sales(database: Database) -> None:
    async with database.write() as tx:
        first = await seed_pipelines(tx, "ru", now=NOW)
        again = await seed_pipelines(tx, "ru", now=NOW)
        conveyor = await whole_pipeline(tx, first)
        assert conveyor.hands_over_to is not None
        repeat = await whole_pipeline(tx, conveyor.hands_over_to)

    assert (first, conveyor.name, len(conveyor.stages), repeat.name) == (again, "Продажи", 11, "Повторные продажи")
    assert any(stage.gates for stage in conveyor.stages)


class TestTakenOver:
    async def test_upgraded_pipeline_asks_for_nothing_until_its_gates_are_taken_over(self, office: Office) -> None:
        deal = await office.deal(await office.contact("79161112233"), stage=2)
        async with office.database.write() as tx:
            await seed_pipelines(tx, now=NOW)
            before = await whole_pipeline(tx, 1)
            changed = await take_over(tx, 1, ELEVEN, "ru", by=None, now=NOW)
            after = await whole_pipeline(tx, 1)

        assert not any(stage.gates or stage.entry_tasks for stage in before.stages)
        assert (changed, [len(stage.gates) for stage in after.stages[:4]]) == (11, [0, 1, 3, 3])
        assert [stage.id for stage in after.stages] == [stage.id for stage in before.stages]
        assert (await office.the(deals, id=deal)).stage_id == before.stages[2].id

    async def test_what_a_stage_has_already_is_not_touched_and_renamed_stages_are_known_by_their_place(
        self, office: Office
    ) -> None:
        kept = [{"gate": "tasks_done", "settings": {"which": "all"}}]
        async with office.database.write() as tx:
            await tx.execute(update(stages).where(stages.c.id == 3).values(name="Договориться", gates=kept, goal="своя цель"))
            await take_over(tx, 1, ELEVEN, "ru", by=None, now=NOW)
            stage = (await whole_pipeline(tx, 1)).stages[2]

        assert (list(stage.gates), stage.goal, stage.name) == (kept, "своя цель", "Договориться")
        assert stage.algorithm is not None
        assert stage.algorithm.startswith("1. Позвоните клиенту.")

    async def test_looking_at_what_would_be_taken_over_changes_nothing_and_a_second_time_there_is_nothing(
        self, office: Office
    ) -> None:
        async with office.database.read() as connection:
            offered = to_take_over(await whole_pipeline(connection, 1), ELEVEN, "ru")
        assert (len(offered), await office.count(fields)) == (11, 0)
        async with office.database.write() as tx:
            await take_over(tx, 1, ELEVEN, "ru", by=None, now=NOW)
            assert await take_over(tx, 1, ELEVEN, "ru", by=None, now=NOW) == 0

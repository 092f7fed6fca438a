"""Pipelines, stages and loss reasons, edited in the browser."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert, update

from crm_core.deals.automations.tables import automations
from crm_core.deals.stage_edits import change_stage
from crm_core.deals.stage_queries import whole_pipeline, whole_pipelines, whole_stage
from crm_core.deals.tables import stages
from crm_core.users.tables import Role
from tests.office import NOW
from tests.web.automation_stage import staged
from tests.web.conftest import Visitor
from tests.web.site import Site

Visiting = Callable[[Role | None], Visitor]


@pytest.fixture
def admin(visitor: Visiting) -> Visitor:
    return visitor(Role.ADMIN)


def read(site: Site, query: Any, *args: Any) -> Any:
    async def reading() -> Any:
        async with site.database.read() as connection:
            return await query(connection, *args)

    return site.do(reading())


def done(site: Site, deed: Callable[..., Any]) -> Any:
    async def doing() -> Any:
        async with site.database.write() as tx:
            return await deed(tx)

    return site.do(doing())


def stage_form(site: Site, stage_id: int, **more: str) -> dict[str, Any]:
    stage = read(site, whole_stage, stage_id)
    return {"seen": stage.version, "name": stage.name, "kind": stage.kind, "goal": stage.goal or "", "do": "save", **more}


def test_head_looks_and_only_the_admin_changes(site: Site, visitor: Visiting) -> None:
    head = visitor(Role.HEAD)

    assert "Воронки" in head.get("/settings").text
    assert "Добавить воронку" not in head.get("/pipelines").text
    assert "disabled" in head.get("/stages/2").text
    assert head.post("/pipelines", data={"name": "Моя", "template": "short"}).status_code == 403
    assert visitor(Role.MANAGER).get("/pipelines").status_code == 403


def test_pipeline_is_planted_from_a_template_copied_and_put_away(site: Site, admin: Visitor) -> None:
    planted = admin.post("/pipelines", data={"name": "Быстрая", "template": "short"}).headers["location"]
    copied = admin.post("/pipelines", data={"name": "Вторая <b>", "template": f"copy:{planted.rsplit('/', 1)[1]}"}).headers[
        "location"
    ]

    assert "Разговор" in admin.get(planted).text
    page = admin.get(copied).text
    assert "Вторая &lt;b&gt;" in page
    assert "чтобы идти дальше" in page
    assert admin.post(f"{copied}/archive").headers["location"] == "/pipelines"
    assert "Убрать" in admin.get("/pipelines").text
    assert [one.name for one in read(site, whole_pipelines)] == ["Продажи", "Быстрая"]


def test_name_that_is_taken_is_refused_and_what_was_typed_stays(admin: Visitor) -> None:
    answer = admin.post("/pipelines", data={"name": "продажи", "template": "short"})

    assert answer.status_code == 422
    assert "такого больше нигде нет" in answer.text
    assert 'value="продажи"' in answer.text


def test_stages_are_moved_by_their_buttons_and_as_a_whole(site: Site, admin: Visitor) -> None:
    ids = [stage.id for stage in read(site, whole_pipeline, 1).stages]
    admin.post("/pipelines/1/order", data={"ids": ids, "step": f"down:{ids[0]}"})
    assert [stage.id for stage in read(site, whole_pipeline, 1).stages][:2] == [ids[1], ids[0]]

    admin.post("/pipelines/1/order", data={"ids": ids})
    assert [stage.id for stage in read(site, whole_pipeline, 1).stages] == ids
    assert admin.post("/pipelines/1/order", data={"ids": ids[1:]}).status_code == 409


def test_gates_and_tasks_are_added_in_the_form_and_kept_only_when_it_is_saved(site: Site, admin: Visitor) -> None:
    form = stage_form(site, 2)
    drawn = admin.post("/stages/2", data={**form, "do": "add_gate", "new_gate": "call_answered"}).text
    assert 'name="g0-seconds"' in drawn
    assert read(site, whole_stage, 2).gates == ()

    told = {"gate": "call_answered", "g0-seconds": "25", "g0-since": "deal", "task": "0", "t0-kind": "other",
            "t0-title": "Позвонить",
            "t0-within_minutes": "2", "t0-within_minutes-unit": "1440", "chance": "20", "limit_hours": "4,5"}  # fmt: skip
    answer = admin.post("/stages/2", data={**form, **told})

    stage = read(site, whole_stage, 2)
    assert answer.headers["location"] == "/pipelines/1#stage-2"
    assert stage.gates == ({"gate": "call_answered", "settings": {"seconds": 25, "since": "deal"}},)
    assert (stage.entry_tasks[0]["within_minutes"], stage.chance, stage.limit_hours) == (2880, 20, 4.5)
    assert 'value="1440" selected' in admin.get("/stages/2").text
    again = admin.post("/stages/2", data={**stage_form(site, 2), **told, "do": "drop_gate:0"}).text
    assert 'name="g0-seconds"' not in again


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"name": " "}, "не больше 80 знаков"), ({"limit_hours": "долго"}, "Предельный срок"), ({"chance": "12.5"}, "целое число"),
     ({"gate": "call_answered", "g0-seconds": "0"}, "слишком мало"), ({"gate": "horoscope"}, "Условия «horoscope» нет"),
     ({"gate": "required_fields", "g0-fields": "custom.7"}, "поля «custom.7» нет"),
     ({"task": "0", "t0-kind": "other", "t0-title": "", "t0-within_minutes": "5"}, "Задача при входе № 1")],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words_and_the_form_keeps_what_was_typed(
    site: Site, admin: Visitor, wrong: dict[str, str], says: str
) -> None:
    answer = admin.post("/stages/3", data={**stage_form(site, 3), "goal": "моя цель", **wrong})

    assert answer.status_code == 422
    assert says in answer.text
    assert "моя цель" in answer.text
    assert read(site, whole_stage, 3).goal != "моя цель"


def test_second_of_two_admins_is_told_who_was_first_and_may_save_knowingly(site: Site, admin: Visitor) -> None:
    stale = stage_form(site, 2, goal="моя цель")
    done(site, lambda tx: change_stage(tx, 2, {"goal": "чужая цель"}, by=site.people[Role.ADMIN], now=NOW))

    answer = admin.post("/stages/2", data=stale)

    assert answer.status_code == 409
    assert "этап изменён" in answer.text
    assert "моя цель" in answer.text
    assert read(site, whole_stage, 2).goal == "чужая цель"
    admin.post("/stages/2", data=stage_form(site, 2, goal="моя цель"))
    assert read(site, whole_stage, 2).goal == "моя цель"


def test_stage_asks_where_its_deals_go_and_is_kept_while_an_automation_names_it(site: Site, admin: Visitor) -> None:
    contact = site.do(site.office.contact("79161112299"))
    site.do(site.office.deal(contact, stage=5))
    page = admin.get("/stages/6").text
    assert "На нём стоит" in page
    assert admin.post("/stages/6/remove").status_code == 409
    assert admin.post("/stages/6/remove", data={"deals_to": "5"}).headers["location"] == "/pipelines/1"
    assert 'action="/stages/6/restore"' in admin.get("/pipelines/1").text

    rule = {
        "action": "move_deal",
        "trigger": "tag",
        "position": 0,
        "created_at": NOW,
        "name": "Вперёд <b>",
        "settings": {"stage": 7},
    }
    done(site, lambda tx: tx.execute(insert(automations).values(**rule)))
    assert "автоматизация «Вперёд &lt;b&gt;»" in admin.get("/stages/7").text
    assert "Вперёд &lt;b&gt;" in admin.post("/stages/7/remove").text


def test_upgraded_pipeline_is_offered_the_gates_of_a_template_and_takes_them_over(site: Site, admin: Visitor) -> None:
    assert "/pipelines/1/template" in admin.get("/pipelines/1").text
    assert "Что будет перенято" in admin.get("/pipelines/1/template").text
    admin.post("/pipelines/1/template", data={"name": "eleven"})

    assert [len(stage.gates) for stage in read(site, whole_pipeline, 1).stages[:4]] == [0, 1, 3, 3]
    assert "Перенимать нечего" in admin.get("/pipelines/1/template").text
    assert admin.get("/pipelines/1/template?name=twelve").status_code == 404


def test_gate_whose_file_is_gone_is_shown_and_can_be_removed(site: Site, admin: Visitor) -> None:
    gone = [{"gate": "horoscope", "settings": {}}]
    done(site, lambda tx: tx.execute(update(stages).where(stages.c.id == 4).values(gates=gone)))

    assert "неизвестное условие «horoscope»" in admin.get("/pipelines/1").text
    admin.post("/stages/4", data=stage_form(site, 4))
    assert read(site, whole_stage, 4).gates == ()


def test_loss_reasons_are_added_renamed_and_put_away(admin: Visitor, visitor: Visiting) -> None:
    admin.post("/loss-reasons", data={"name": "Уехали", "reasoned": "1"})
    admin.post("/loss-reasons/1", data={"name": "Слишком дорого"})
    admin.post("/loss-reasons/2/archive")
    page = visitor(Role.HEAD).get("/loss-reasons").text

    assert "Уехали" in page
    assert "Слишком дорого" in page
    assert admin.post("/loss-reasons", data={"name": "уехали"}).status_code == 422


def test_what_still_names_a_stage_is_called_as_its_own_page_calls_it(site: Site, admin: Visitor) -> None:
    made = staged(site)
    stage = site.do(site.office.the(automations, id=made["moves"])).stage_id

    page = admin.get(f"/stages/{stage}").text

    assert "move_deal" not in page
    assert f'<a href="/automations/{made["moves"]}"><bdi>автоматизация «Переместить сделку»</bdi></a>' in page
    assert "<bdi>автоматизация «Позвонить каждому" in page
    assert "move_deal" not in admin.post(f"/stages/{stage}/remove").text

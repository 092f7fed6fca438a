"""The pages of automations: set up, broken ones named with what to do, rounds refused, the dry run and the deal's timeline."""

from collections.abc import Callable

import pytest

from crm_core.deals.automations.tables import automations
from crm_core.users.tables import Role
from tests.web.automation_stage import LONG_NAME, staged
from tests.web.conftest import Visitor
from tests.web.site import Site

Visiting = Callable[[Role | None], Visitor]


def test_first_automation_is_set_up_from_its_drawn_form(site: Site, visitor: Visiting) -> None:
    admin = visitor(Role.ADMIN)
    assert "Пока ничего не делается само" in admin.get("/automations").text
    form = admin.get("/automations/new?action=set_task&trigger=timeout").text
    for words in ("Часов на этапе", "Что сделать", "Срок", "{contact}", "Входящая заявка"):
        assert words in form

    place = f"stage-{site.do(site.office.rows(automations.metadata.tables['stages']))[1].id}"
    made = admin.post("/automations", data={
        "action": "set_task", "trigger": "timeout", "place": place, "when-hours": "48", "title": "Позвонить {contact}",
        "kind": "other", "within_minutes": "30", "owner": "", "active": "1",
    })  # fmt: skip

    (row,) = site.do(site.office.rows(automations))
    assert (made.status_code, made.headers["location"]) == (303, f"/automations/{row.id}")
    assert (row.when, row.settings["title"], row.active) == ({"hours": 48}, "Позвонить {contact}", True)
    page = admin.get(f"/automations/{row.id}").text
    assert "Она ещё не срабатывала" in page
    assert "48 ч" in page


@pytest.mark.parametrize(("changed", "say"), [
    ({"title": ""}, "«Что сделать»"),
    ({"title": "Позвонить {budget}"}, "{budget}"),
    ({"owner": "999"}, "№ 999"),
    ({"when-hours": "вечность"}, "«Часов на этапе»"),
    ({"place": "stage-999"}, "№ 999"),
])  # fmt: skip
def test_what_is_refused_is_said_and_what_was_typed_stays(
    site: Site, visitor: Visiting, changed: dict[str, str], say: str
) -> None:
    form = {"action": "set_task", "trigger": "timeout", "place": "", "when-hours": "48", "title": "<b>Жирно</b>",
            "within_minutes": "30"}  # fmt: skip
    answer = visitor(Role.ADMIN).post("/automations", data={**form, **changed})

    assert answer.status_code == 422
    assert say in answer.text
    if "title" not in changed:
        assert "&lt;b&gt;Жирно&lt;/b&gt;" in answer.text
    assert site.do(site.office.rows(automations)) == []


def test_broken_ones_and_rounds_are_named_with_what_to_do(site: Site, visitor: Visiting) -> None:
    made = staged(site)
    admin = visitor(Role.ADMIN)

    page = admin.get("/automations").text
    for words in ("сотрудник (№ 999) больше не работает", "Выберите в настройках другое", "Гоняет сделки по кругу", "Туда",
                  "Обратно", "выключена", LONG_NAME):  # fmt: skip
        assert words in page, words
    one = admin.get(f"/automations/{made['there']}").text
    assert "Вместе они гоняют сделки по кругу" in one

    assert admin.post(f"/automations/{made['back']}/active", data={"active": ""}).status_code == 303
    refused = admin.post(f"/automations/{made['back']}/active", data={"active": "1"})
    assert (refused.status_code, "гоняли бы сделку по кругу: Обратно → Туда" in refused.text) == (409, True)


def test_runs_and_dry_run_are_told_in_words(site: Site, visitor: Visiting) -> None:
    made = staged(site)
    admin = visitor(Role.ADMIN)

    done = admin.get(f"/automations/{made['task']}").text
    assert "поставлена 1 задача" in done
    broken = admin.get(f"/automations/{made['broken']}?state=failed").text
    assert "№ 999" in broken
    tried = admin.get(f"/automations/{made['task']}/dry-run").text
    assert "Она сработала бы" in tried
    assert "Позвонить: Пётр Иванов" in tried
    nothing = admin.get(f"/automations/{made['moves']}/dry-run").text
    assert "Ничто не запустило бы её" in nothing


def test_each_run_stands_in_the_deals_timeline_also_one_that_was_stopped(site: Site, visitor: Visiting) -> None:
    made = staged(site)

    for role in (Role.MANAGER, Role.ADMIN):
        card = visitor(role).get(f"/deals/{made['deal']}").text
        for words in (
            LONG_NAME,
            "поставлена 1 задача",
            "остановлено: круг",
            "Туда → Обратно → Туда",
            "когда сделка пришла на этап",
        ):
            assert words in card, words


def test_they_are_put_in_order_and_taken_away(site: Site, visitor: Visiting) -> None:
    made = staged(site)
    admin = visitor(Role.ADMIN)

    assert admin.post(f"/automations/{made['back']}/shift", data={"by": "-1"}).status_code == 303
    assert admin.post(f"/automations/{made['off']}/remove").status_code == 303

    page = admin.get("/automations").text
    assert page.index("Обратно") < page.index("Туда")
    assert "Стоит сутки" not in page
    assert admin.get(f"/automations/{made['off']}").status_code == 404


def test_they_are_for_the_administrator(visitor: Visiting) -> None:
    for role in (Role.MANAGER, Role.QA):
        assert visitor(role).get("/automations").status_code == 403

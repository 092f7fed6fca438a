"""Teams and access in the browser: set by the administrator, looked at by the head, shut for everybody else."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, expect

from crm_core.access import Noun, Right, Scope
from crm_core.fields import reading
from crm_core.teams import deeds, policies
from crm_core.teams.tables import role_rights, role_scopes, team_members
from crm_core.users.actors import actor_by_id
from crm_core.users.tables import Role, audit
from tests.web.conftest import Visitor
from tests.web.seats import seat
from tests.web.site import Site

Visiting = Callable[[Role | None], Visitor]
PAGES = ("/teams", "/access", "/access?role=admin", "/access/sight", "/access/readings")
LONG = "Отдел повторных продаж и сопровождения самых ключевых из всех клиентов компании"


def made(site: Site, name: str, *people: int, heads: tuple[int, ...] = ()) -> int:
    async def make() -> int:
        now = datetime.now(UTC)
        async with site.database.write() as tx:
            team = await deeds.make_team(tx, name, now=now, by=None)
            for user in (*people, *heads):
                await deeds.put_into_team(tx, team, user, leads=user in heads, now=now, by=None)
            return team

    return site.do(make())


def test_an_administrator_makes_a_team_fills_it_and_puts_it_away(site: Site, visitor: Visiting) -> None:
    admin, manager, head = visitor(Role.ADMIN), site.people[Role.MANAGER], site.people[Role.HEAD]
    assert "Команд пока нет" in admin.get("/teams").text

    assert admin.post("/teams", data={"name": " Север "}).status_code == 303
    assert admin.post("/teams", data={"name": "Север"}).status_code == 409
    assert admin.post("/teams", data={"name": "  "}).status_code == 422
    admin.post("/teams/1/people", data={"user_id": manager})
    admin.post("/teams/1/people", data={"user_id": head, "leads": "1"})
    admin.post("/teams/1", data={"name": "Юг", "own_figures": "1"})

    page = admin.get("/teams").text
    assert "Юг" in page
    assert "руководит" in page
    assert "только свои показатели" in page
    admin.post(f"/teams/1/people/{manager}/out")
    assert len(site.do(site.office.rows(team_members))) == 1
    admin.post("/teams/1/archive")
    assert "Команд пока нет" in admin.get("/teams").text
    assert admin.post("/teams/1/people", data={"user_id": manager}).status_code == 404


def test_a_role_is_set_by_its_form_and_what_is_fixed_stays(site: Site, visitor: Visiting) -> None:
    admin = visitor(Role.ADMIN)
    form = {noun.value: "own" for noun in Noun} | {"deals": "team", "work": "1", "settings": "1"}

    assert admin.post("/access/manager", data=form).headers["location"] == "/access?role=manager&saved=1"

    assert [(row.noun, row.scope) for row in site.do(site.office.rows(role_scopes))] == [("deals", "team")]
    assert [(row.right, row.granted) for row in site.do(site.office.rows(role_rights))] == [("listen", False)]
    page = admin.get("/access?role=manager&saved=1").text
    assert "Сохранено" in page
    assert "обычно: свои" in page
    assert "обычно: да" in page
    assert admin.post("/access/admin", data={}).status_code == 303
    assert admin.get("/access?role=admin").status_code == 200
    assert admin.post("/access/manager", data={"deals": "galaxy"}).status_code == 422
    assert admin.post("/access/wizard", data={}).status_code == 422


def test_what_is_set_holds_with_the_next_click(site: Site, visitor: Visiting) -> None:
    admin, manager = visitor(Role.ADMIN), visitor(Role.MANAGER)
    contact = site.do(site.office.contact("79160000009", "Заказчик Анны", site.people[Role.HEAD]))
    deal = site.do(site.office.deal(contact, owner=site.people[Role.HEAD]))
    everything = {noun.value: "own" for noun in Noun} | {"work": "1", "listen": "1"}
    assert manager.get(f"/deals/{deal}").status_code == 404

    admin.post("/access/manager", data={**everything, "deals": "everybody"})
    assert manager.get(f"/deals/{deal}").status_code == 200

    admin.post("/access/manager", data=everything)
    assert manager.get(f"/deals/{deal}").status_code == 404


def test_what_a_person_would_see_is_shown_kept_and_changes_nobody(site: Site, visitor: Visiting) -> None:
    admin, manager = visitor(Role.ADMIN), site.people[Role.MANAGER]
    mine = site.do(site.office.contact("79160000001", "Мой Заказчик", manager))
    site.do(site.office.contact("79160000002", "Чужой Заказчик", site.people[Role.HEAD]))
    site.do(site.office.deal(mine, owner=manager))

    page = admin.get(f"/access/sight/{manager}").text

    assert "Мой Заказчик" in page
    assert "Чужой Заказчик" not in page
    assert "1 из 2" in page
    assert "Ada Admin" in page
    (row,) = site.do(site.office.rows(audit, deed="access_looked_at"))
    assert (row.user_id, row.noun_id) == (site.people[Role.ADMIN], manager)
    assert admin.get("/access/sight/999999").status_code == 404


def test_readings_are_shown_to_administrator_and_head_and_to_nobody_else(site: Site, visitor: Visiting) -> None:
    manager = site.people[Role.MANAGER]
    contact = site.do(site.office.contact("79160000001", "Личный Заказчик", manager))
    assert "Личного пока никто не читал" in visitor(Role.HEAD).get("/access/readings").text

    async def read() -> None:
        async with site.database.write() as tx:
            reader = await actor_by_id(tx, manager)
            assert reader is not None
            assert await reading.personal(tx, reader, "contact", contact, now=datetime.now(UTC))

    site.do(read())
    for role in (Role.HEAD, Role.ADMIN):
        assert "Личный Заказчик" in visitor(role).get("/access/readings").text
    assert visitor(Role.MANAGER).get("/access/readings").status_code == 403
    assert visitor(Role.QA).get("/access/readings").status_code == 403


def test_a_head_of_a_team_sees_its_desks_alone(site: Site, visitor: Visiting) -> None:
    other = site.do(site.office.person("Посторонний", "177"))
    made(site, "Север", site.people[Role.MANAGER], heads=(site.people[Role.HEAD],))
    made(site, "Юг", other)
    head = visitor(Role.HEAD)
    assert "Посторонний" in head.get("/live/floor").text

    async def narrow() -> None:
        async with site.database.write() as tx:
            await policies.set_policy(tx, Role.HEAD, scopes={Noun.FIGURES: Scope.TEAM}, now=datetime.now(UTC), by=None)

    site.do(narrow())
    floor = head.get("/live/floor").text
    assert "Посторонний" not in floor
    assert "Olga Kotova" in floor


def test_own_figures_hide_every_other_desk_from_the_people_of_a_team(site: Site, visitor: Visiting) -> None:
    other = site.do(site.office.person("Посторонний", "177"))
    team = made(site, "Север", site.people[Role.MANAGER], other)

    async def let_look(*, own_figures: bool) -> None:
        async with site.database.write() as tx:
            now = datetime.now(UTC)
            scopes, rights = {Noun.FIGURES: Scope.TEAM}, {Right.SEE_FIGURES: True}
            await policies.set_policy(tx, Role.MANAGER, scopes=scopes, rights=rights, now=now, by=None)
            await deeds.edit_team(tx, team, own_figures=own_figures, now=now, by=None)

    manager = visitor(Role.MANAGER)
    site.do(let_look(own_figures=False))
    assert "Посторонний" in manager.get("/live/floor").text
    site.do(let_look(own_figures=True))
    assert "Посторонний" not in manager.get("/live/floor").text


@pytest.mark.parametrize("size", ["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_stay_within_the_screen_and_say_no_error(site: Site, browser: Browser, size: str, scheme: str) -> None:
    person = site.do(site.office.person("Константинопольский-Преображенский Александр Вениаминович", "178"))
    made(site, LONG, person, heads=(site.people[Role.HEAD],))
    with seat(browser, site, Role.ADMIN, size, color_scheme=scheme) as taken:
        for path in (*PAGES, f"/access/sight/{person}"):
            page = taken.open(path)
            expect(page.locator("h1")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            page.close()


def test_scopes_are_chosen_and_saved_by_the_keyboard(site: Site, browser: Browser) -> None:
    with seat(browser, site, Role.ADMIN) as taken:
        page = taken.open("/access?role=manager")
        page.locator("input[name=deals][value=own]").focus()
        page.keyboard.press("ArrowRight")
        page.locator("button", has_text="Сохранить").press("Enter")
        expect(page.get_by_text("Сохранено")).to_be_visible()

    assert [(row.noun, row.scope) for row in site.do(site.office.rows(role_scopes))] == [("deals", "team")]

"""A deal is opened by hand, in plain requests: for whom, with what, and what is refused."""

from collections.abc import Callable

import pytest
from httpx import Response

from crm_core.contacts.tables import companies, contacts
from crm_core.deals.planting import plant
from crm_core.deals.tables import deals, pipelines, stages
from crm_core.deals.template import template_named
from crm_core.products.work_types import add_work_type
from crm_core.tasks.tables import tasks
from crm_core.users.tables import Role
from tests.builders import MORNING
from tests.office import at
from tests.web.conftest import Visitor
from tests.web.site import Site

Visiting = Callable[[Role | None], Visitor]
KNOWN = "79161112233"


@pytest.fixture
def manager(visitor: Visiting) -> Visitor:
    return visitor(Role.MANAGER)


def opened(site: Site, answer: Response) -> int:
    """The id of the deal the answer leads to."""
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].removeprefix("/deals/"))


def test_somebody_new_gets_a_contact_a_deal_and_a_next_task(site: Site, manager: Visitor) -> None:
    sent = {
        "number": "8 (916) 555-00-11", "name": "Пётр Иванов", "company": "ООО «Новое»", "title": "Каталог", "amount": "240 000",
        "source": "выставка", "task": "Позвонить", "due": "2026-12-01T10:00",
    }  # fmt: skip
    deal = site.do(site.office.the(deals, id=opened(site, manager.post("/deals", data=sent))))

    assert (deal.title, deal.amount, deal.source, deal.owner_id) == ("Каталог", 24_000_000, "выставка", site.people[Role.MANAGER])
    person = site.do(site.office.the(contacts, id=deal.contact_id))
    assert (person.name, person.company_id) == ("Пётр Иванов", deal.company_id)
    assert site.do(site.office.the(companies, id=deal.company_id)).name == "ООО «Новое»"
    task = site.do(site.office.the(tasks, deal_id=deal.id))
    assert (task.title, task.owner_id) == ("Позвонить", site.people[Role.MANAGER])


def test_a_known_number_brings_its_contact(site: Site, manager: Visitor) -> None:
    known = site.do(site.office.contact(KNOWN, "Павел", site.people[Role.MANAGER]))

    deal = opened(site, manager.post("/deals", data={"number": "+7 916 111-22-33", "name": "Кто-то"}))

    assert site.do(site.office.the(deals, id=deal)).contact_id == known
    assert len(site.do(site.office.rows(contacts))) == 1


def test_a_colleagues_customer_is_refused_without_a_name(site: Site, manager: Visitor) -> None:
    igor = site.do(site.office.person("Igor Savin", "102"))
    theirs = site.do(site.office.contact(KNOWN, "Тайный клиент", igor))

    by_number = manager.post("/deals", data={"number": KNOWN, "title": "Моё"})
    assert by_number.status_code == 409
    assert "клиент" in by_number.text
    assert "Тайный" not in by_number.text
    assert 'value="Моё"' in by_number.text
    assert manager.post("/deals", data={"contact_id": str(theirs)}).status_code == 404
    assert manager.get(f"/deals/new?contact_id={theirs}").status_code == 404
    assert site.do(site.office.rows(deals)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""}, {"number": "не номер"}, {"amount": "много"}, {"work_type_id": "999"}, {"pipeline_id": "999"},
        {"task": "Позвонить", "due": "завтра"}, {"amount": "9" * 18},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_nothing_of_it_is_kept(site: Site, manager: Visitor, wrong: dict[str, str]) -> None:
    sent = {"name": "Пётр", "title": "<b>Каталог</b>", **wrong}

    answer = manager.post("/deals", data=sent)

    assert answer.status_code in (404, 422)
    assert "<b>Каталог" not in answer.text
    assert site.do(site.office.rows(deals)) == []
    assert site.do(site.office.rows(contacts)) == []


@pytest.mark.parametrize("whose", [{"name": "Пётр"}, {"number": KNOWN}])
def test_a_double_click_opens_one_deal(site: Site, manager: Visitor, whose: dict[str, str]) -> None:
    both = [opened(site, manager.post("/deals", data={**whose, "title": "Каталог"})) for _ in range(2)]

    assert len(set(both)) == 1
    assert len(site.do(site.office.rows(contacts))) == 1


def test_a_work_type_brings_its_usual_amount_unless_one_was_said(site: Site, manager: Visitor) -> None:
    async def add() -> int:
        async with site.database.write() as tx:
            return await add_work_type(tx, {"name": "Сайт", "usual_amount": 13_000_000}, by=None, now=at(MORNING))

    kind = str(site.do(add()))
    usual = opened(site, manager.post("/deals", data={"name": "Пётр", "work_type_id": kind}))
    said = opened(site, manager.post("/deals", data={"name": "Анна", "work_type_id": kind, "amount": "5"}))

    amounts = [site.do(site.office.the(deals, id=one)) for one in (usual, said)]
    assert [(one.amount, one.amount_is_usual) for one in amounts] == [(13_000_000, True), (500, False)]


def test_a_deal_begins_on_the_first_stage_of_the_chosen_pipeline(site: Site, manager: Visitor) -> None:
    async def add() -> int:
        async with site.database.write() as tx:
            return await plant(tx, template_named("repeat"), "ru", by=None, now=at(MORNING))

    other = site.do(add())
    deal = site.do(site.office.the(deals, id=opened(site, manager.post("/deals", data={"name": "П", "pipeline_id": str(other)}))))

    first = min((one for one in site.do(site.office.rows(stages)) if one.pipeline_id == other), key=lambda one: one.position)
    assert (deal.pipeline_id, deal.stage_id) == (other, first.id)
    assert len(site.do(site.office.rows(pipelines))) == 2


def test_from_a_companys_card_its_people_are_offered_and_a_new_one_belongs_to_it(site: Site, manager: Visitor) -> None:
    known = site.do(site.office.contact(KNOWN, "Павел", site.people[Role.MANAGER], "Склад"))
    company = site.do(site.office.the(contacts, id=known)).company_id

    assert "Павел" in manager.get(f"/deals/new?company_id={company}").text
    his = opened(site, manager.post("/deals", data={"company_id": str(company), "contact_id": str(known)}))
    sent = {"company_id": str(company), "contact_id": str(known), "name": "Марина"}
    hers = site.do(site.office.the(deals, id=opened(site, manager.post("/deals", data=sent))))

    assert site.do(site.office.the(deals, id=his)).contact_id == known
    assert site.do(site.office.the(contacts, id=hers.contact_id)).name == "Марина"
    assert hers.company_id == company


def test_a_head_gives_it_to_somebody_a_manager_does_not(site: Site, visitor: Visiting) -> None:
    igor = str(site.do(site.office.person("Igor Savin", "102")))
    sent = {"name": "Пётр", "owner_id": igor}

    deal = opened(site, visitor(Role.HEAD).post("/deals", data=sent))
    assert site.do(site.office.the(deals, id=deal)).owner_id == int(igor)
    assert visitor(Role.MANAGER).post("/deals", data=sent).status_code == 403

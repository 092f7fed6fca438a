"""Companies, and the settings of fields, work types and the price list, in plain requests."""

from collections.abc import Callable
from typing import Any

import pytest

from crm_core.contacts.tables import companies
from crm_core.fields.tables import field_changes, fields
from crm_core.products.tables import product_groups, products, work_types
from crm_core.users.tables import Role, users
from tests.web.conftest import Visitor
from tests.web.site import Site

Visiting = Callable[[Role | None], Visitor]
EVIL = "<script>alert(1)</script>"
LONG = "Очень длинное название " * 12


def test_a_company_is_written_down_and_shown_with_its_people_and_deals(site: Site, visitor: Visiting) -> None:
    olga = site.people[Role.MANAGER]
    manager = visitor(Role.MANAGER)
    form = {"name": f"{EVIL} {LONG}", "inn": "7707 083 893", "phone": "8 916 111-22-33"}
    path = manager.post("/companies", data=form).headers["location"]
    company = site.do(site.office.the(companies))
    contact = site.do(site.office.contact("79161112244", f"{EVIL}Павел", olga))
    manager.post(f"/contacts/{contact}/edit", data={"company": company.name, "was.company": ""})
    site.do(site.office.deal(contact, owner=olga))

    page = manager.get(path).text

    assert (company.inn, company.phone, company.owner_id) == ("7707083893", "79161112233", olga)
    assert "<script>alert" not in page
    assert f"/contacts/{contact}" in page
    assert "+7\N{NO-BREAK SPACE}916" in manager.get("/companies?search=7707").text
    assert "Ничего не нашлось" in manager.get("/companies?search=нет такой").text


def test_a_manager_who_was_chosen_meanwhile_is_told_by_his_name(site: Site, visitor: Visiting) -> None:
    people = {role: str(site.people[role]) for role in (Role.MANAGER, Role.HEAD)}
    head = visitor(Role.HEAD)
    path = head.post("/companies", data={"name": "Works"}).headers["location"]
    head.post(f"{path}/edit", data={"was.owner_id": people[Role.HEAD], "owner_id": people[Role.MANAGER]})

    told = head.post(f"{path}/edit", data={"was.owner_id": "", "owner_id": people[Role.HEAD]})

    names = {role: site.do(site.office.the(users, id=int(number))).name for role, number in people.items()}
    assert told.status_code == 409
    assert f"теперь «{names[Role.MANAGER]}»; ваше «{names[Role.HEAD]}» не сохранено" in told.text


@pytest.mark.parametrize(("form", "say"), [
    ({"name": " "}, "есть название"), ({"name": "x", "inn": "7707083894"}, "контрольные цифры"),
    ({"name": "x", "site": "javascript:alert(1)"}, "Сайт"), ({"name": "x", "email": "a b"}, "Адрес почты"),
])  # fmt: skip
def test_a_company_that_cannot_be_is_refused_in_words(site: Site, visitor: Visiting, form: dict[str, str], say: str) -> None:
    answer = visitor(Role.MANAGER).post("/companies", data=form)

    assert (answer.status_code, say in answer.text, site.do(site.office.count(companies))) == (422, True, 0)


def test_a_companys_number_stands_in_its_form_as_people_write_it_and_saving_it_changes_nothing(
    site: Site, visitor: Visiting
) -> None:
    manager = visitor(Role.MANAGER)
    path = manager.post("/companies", data={"name": "Works", "phone": "8 916 111-22-33"}).headers["location"]
    before = site.do(site.office.count(field_changes))

    assert 'value="+7 916 111-22-33"' in manager.get(path).text
    saved = manager.post(f"{path}/edit", data={"was.phone": "79161112233", "phone": "+7 916 111-22-33"})

    assert saved.status_code == 303
    assert site.do(site.office.the(companies)).phone == "79161112233"
    assert site.do(site.office.count(field_changes)) == before


def test_two_editors_of_one_company_keep_each_others_fields(site: Site, visitor: Visiting) -> None:
    first, second = visitor(Role.MANAGER), visitor(Role.HEAD)
    path = first.post("/companies", data={"name": "Works"}).headers["location"]
    seen = {"was.name": "Works", "was.site": "", "was.note": "", "name": "Works"}

    first.post(f"{path}/edit", data={**seen, "site": "works.ru", "note": ""})
    second.post(f"{path}/edit", data={**seen, "site": "", "note": "звонить после обеда"})
    told = second.post(f"{path}/edit", data={**seen, "site": "other.ru", "note": "звонить после обеда"})

    row = site.do(site.office.the(companies))
    assert (row.site, row.note, told.status_code) == ("https://works.ru", "звонить после обеда", 409)
    assert "https://works.ru" in told.text


def test_a_field_is_added_changed_moved_and_put_away(site: Site, visitor: Visiting) -> None:
    admin = visitor(Role.ADMIN)
    new = {
        "noun": "company",
        "kind": "choice",
        "name": f"Отрасль {EVIL}",
        "choices": f"Услуги\n{EVIL}\n\n",
        "block": "О компании",
    }
    for form in (new, {"noun": "company", "kind": "number", "name": "Доля", "personal": "yes"}):
        assert admin.post("/fields", data=form).status_code == 303
    first, second = site.do(site.office.rows(fields))

    admin.post(f"/fields/{second.id}/shift", data={"places": "-1"})
    admin.post(f"/fields/{first.id}", data={"name": "Сфера", "choices": "Услуги\nЗаводы"})
    admin.post(f"/fields/{second.id}/archived", data={"archived": "yes"})

    page = admin.get("/fields").text
    first, second = site.do(site.office.rows(fields))
    assert (first.name, first.choices, first.block, second.personal) == ("Сфера", ["Услуги", "Заводы"], None, True)
    assert (second.position, second.archived_at is not None, "<script>alert" in page) == (0, True, False)
    assert admin.post("/fields", data={"name": "сфера", "noun": "company"}).status_code == 409
    assert "каждый в своей строке" in admin.post("/fields", data={"name": "x", "kind": "choices"}).text


def test_work_types_and_the_price_list_are_set_and_put_away(site: Site, visitor: Visiting) -> None:
    admin = visitor(Role.ADMIN)
    steps: tuple[tuple[str, dict[str, Any], int], ...] = (
        ("/work-types", {"name": EVIL, "least_amount": "50 000", "most_amount": "300 000"}, 303),
        ("/work-types", {"name": EVIL}, 409),
        ("/work-types", {"name": "x", "least_amount": "5", "most_amount": "4"}, 422),
        ("/work-types", {"name": "x", "usual_amount": "много"}, 422),
        ("/work-types/1", {"name": "Сайт", "usual_amount": "130 000", "archived": "yes"}, 303),
        ("/products/groups", {"name": EVIL}, 303), ("/products/groups", {"name": EVIL.upper()}, 409),
        ("/products", {"name": LONG, "group_id": "1", "price": "3 200", "cost": "1500,50", "unit": "ч"}, 303),
        ("/products", {"name": "x", "group_id": "77"}, 422), ("/products", {"name": "x", "price": "-1"}, 422),
        ("/products", {"name": "  "}, 422), ("/products/1", {"name": EVIL, "archived": "yes"}, 303),
        ("/products/groups/1", {"archived": "yes"}, 303),
    )  # fmt: skip

    answered = [(path, form, admin.post(path, data=form).status_code) for path, form, _ in steps]

    assert answered == list(steps)
    kind, product, group = (site.do(site.office.the(table)) for table in (work_types, products, product_groups))
    assert (kind.name, kind.usual_amount, kind.least_amount) == ("Сайт", 13_000_000, 5_000_000)
    assert (product.price, product.cost, product.unit) == (320_000, 150_050, "ч")
    assert all(row.archived_at for row in (kind, product, group))
    for path in ("/work-types", "/products", "/products?search=script"):
        assert "<script>alert" not in admin.get(path).text

"""The deal's card in plain requests: people, meetings, products, added fields; what is hostile as text; two editors at once."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from crm_core.contacts.tables import companies
from crm_core.deals.edits import lose_deal, reopen_deal
from crm_core.deals.tables import deal_contacts, deals, loss_reasons
from crm_core.fields.definitions import FieldKind, NewField, add_field
from crm_core.fields.history import Noun
from crm_core.meetings.tables import meetings
from crm_core.products.tables import deal_products
from crm_core.products.work_types import add_work_type
from crm_core.users.tables import Role, audit
from tests.builders import MORNING
from tests.office import at
from tests.web.conftest import Visitor
from tests.web.site import Site

Visiting = Callable[[Role | None], Visitor]
EVIL = "<script>alert(1)</script>\u202e{{7*7}}"


@pytest.fixture
def deal(site: Site) -> int:
    contact = site.do(site.office.contact("79161112233", "Павел Ремизов", site.people[Role.MANAGER], "ООО «Северный склад»"))
    return site.do(site.office.deal(contact, owner=site.people[Role.MANAGER]))


def new_field(site: Site, kind: FieldKind, *choices: str, personal: bool = False) -> int:
    async def add() -> int:
        async with site.database.write() as tx:
            new = NewField(Noun.DEAL, f"Field {kind}", kind, choices, personal=personal)
            return await add_field(tx, new, by=None, now=at(MORNING))

    return site.do(add())


def custom(site: Site, deal: int) -> dict[str, Any]:
    return dict(site.do(site.office.the(deals, id=deal)).custom)


def test_what_people_type_on_the_card_is_shown_as_text(site: Site, visitor: Visiting, deal: int) -> None:
    manager = visitor(Role.MANAGER)
    forms = {
        "people": {"number": "+7 921 400-18-77", "name": EVIL, "role": EVIL, "influence": "uses"},
        "products": {"name": EVIL, "quantity": "2,5", "price": "1 000"},
        "meetings": {"at": "2026-12-01T10:00", "place": EVIL, "notes": EVIL, "with_whom": EVIL},
    }
    for path, form in forms.items():
        assert manager.post(f"/deals/{deal}/{path}", data=form).status_code == 303, path
    meeting = site.do(site.office.the(meetings))
    manager.post(f"/deals/{deal}/meetings/{meeting.id}/held", data={"agreements": EVIL})

    page = manager.get(f"/deals/{deal}").text

    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)") >= 6
    assert "49" not in page.split("&lt;script&gt;alert(1)&lt;/script&gt;")[1][:20]
    assert site.do(site.office.the(deal_products)).price == 100_000


def test_a_form_has_what_there_is_to_choose_and_is_of_this_deal_alone(site: Site, visitor: Visiting, deal: int) -> None:
    manager, head = visitor(Role.MANAGER), visitor(Role.HEAD)
    manager.post(f"/deals/{deal}/products", data={"name": "Сайт", "price": "1 000"})
    manager.post(f"/deals/{deal}/meetings", data={"at": "2026-12-01T10:00", "place": "Лесная, 5"})
    line, meeting = site.do(site.office.the(deal_products)).id, site.do(site.office.the(meetings)).id
    other = site.do(site.office.deal(site.do(site.office.contact("79160000001", "Ольга")), owner=site.people[Role.MANAGER]))

    assert f'value="{site.people[Role.MANAGER]}" selected' in head.get(f"/deals/{deal}/forms/give").text
    assert "Павел Ремизов" in manager.get(f"/deals/{deal}/forms/meeting").text
    assert "Лесная, 5" in manager.get(f"/deals/{deal}/meetings/{meeting}").text
    assert 'value="1000"' in manager.get(f"/deals/{deal}/products/{line}").text
    for path in (f"meetings/{meeting}", f"products/{line}"):
        assert manager.get(f"/deals/{other}/{path}").status_code == 404, path
    assert manager.get(f"/deals/{deal}/forms/other").status_code == 422
    assert 'id="give-deal"' in head.get(f"/deals/{deal}").text
    assert 'id="give-deal"' not in manager.get(f"/deals/{deal}").text


@pytest.mark.parametrize(
    ("path", "form", "say"),
    [
        ("people", {}, "Укажите, кто это"), ("people", {"number": "12"}, "не номер телефона"),
        ("products", {"name": "", "price": "5"}, "что продаётся"), ("products", {"name": "x", "price": ""}, "Нужна цена"),
        ("products", {"name": "x", "price": "5", "quantity": "0"}, "больше нуля"),
        ("products", {"product_id": "999", "price": "5"}, "нет в прайс-листе"),
        ("products", {"product_id": "1; DROP", "name": "x", "price": "5"}, ""),
        ("meetings", {"at": "tomorrow"}, "день и время"), ("meetings", {"at": "0001-01-01T00:00"}, "день и время"),
        ("products/sum", {}, "нет товаров"), ("edit", {"work_type_id": "77"}, "вида работ больше нет"),
        ("edit", {"amount": "много"}, "Сумма"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words_and_changes_nothing(
    site: Site, visitor: Visiting, deal: int, path: str, form: dict[str, str], say: str
) -> None:
    answer = visitor(Role.MANAGER).post(f"/deals/{deal}/{path}", data=form)

    assert (answer.status_code, say in answer.text) == (422, True)
    for table in (deal_products, deal_contacts, meetings):
        assert site.do(site.office.count(table)) == 0


def test_a_known_number_brings_its_contact_and_a_colleagues_is_not_told(site: Site, visitor: Visiting, deal: int) -> None:
    site.hire("Igor Savin", "102")
    mine = site.do(site.office.contact("79210000001", "Мой", site.people[Role.MANAGER]))
    site.do(site.office.contact("79210000002", "Чужой", site.people[Role.MANAGER] + 4))
    manager = visitor(Role.MANAGER)

    assert manager.post(f"/deals/{deal}/people", data={"number": "8 921 000-00-01"}).status_code == 303
    refused = manager.post(f"/deals/{deal}/people", data={"number": "8 921 000-00-02"})

    assert [row.contact_id for row in site.do(site.office.rows(deal_contacts))] == [mine]
    assert (refused.status_code, "Чужой" in refused.text) == (409, False)


def test_the_company_of_a_deal_is_chosen_written_down_and_taken_away_and_a_colleagues_choice_stands(
    site: Site, visitor: Visiting, deal: int
) -> None:
    manager, head = visitor(Role.MANAGER), visitor(Role.HEAD)
    before = site.do(site.office.the(companies)).id  # its contact's
    manager.post("/companies", data={"name": EVIL})

    offered = manager.get(f"/deals/{deal}/company").text
    manager.post(f"/deals/{deal}/company", data={"name": " северный  склад ", "was.company_id": before})
    made = site.do(site.office.the(deals, id=deal)).company_id
    told = head.post(f"/deals/{deal}/company", data={"name": "Юг", "was.company_id": before})
    stands = site.do(site.office.the(deals, id=deal)).company_id
    manager.post(f"/deals/{deal}/company", data={"name": "", "was.company_id": made})

    assert "&lt;script&gt;alert(1)" in offered
    assert "<script>alert" not in offered
    assert site.do(site.office.the(companies, id=made)).name == "северный склад"
    assert (told.status_code, stands) == (409, made)
    assert "Коллега тем временем выбрал компанию" in told.text
    assert site.do(site.office.the(deals, id=deal)).company_id is None


def test_two_editors_keep_each_others_fields_and_the_second_of_one_field_is_told(
    site: Site, visitor: Visiting, deal: int
) -> None:
    first, second = visitor(Role.MANAGER), visitor(Role.HEAD)
    seen = {"was.title": "", "was.amount": "", "was.work_type_id": ""}

    first.post(f"/deals/{deal}/edit", data={**seen, "title": "Магазин", "amount": ""})
    kept = second.post(f"/deals/{deal}/edit", data={**seen, "title": "", "amount": "240 000"})
    told = second.post(f"/deals/{deal}/edit", data={**seen, "title": "Лендинг", "amount": ""})

    row = site.do(site.office.the(deals, id=deal))
    assert (kept.status_code, row.title, row.amount) == (303, "Магазин", 24_000_000)
    assert told.status_code == 409
    assert "теперь «Магазин»; ваше «Лендинг» не сохранено" in told.text


def test_what_somebody_chose_meanwhile_is_told_by_its_name(site: Site, visitor: Visiting, deal: int) -> None:
    async def add(name: str) -> int:
        async with site.database.write() as tx:
            return await add_work_type(tx, {"name": name}, by=None, now=at(MORNING))

    first, second = visitor(Role.MANAGER), visitor(Role.HEAD)
    shop, landing = site.do(add("Магазин")), site.do(add("Лендинг"))
    seen = {"was.work_type_id": ""}

    first.post(f"/deals/{deal}/edit", data={**seen, "work_type_id": str(shop)})
    told = second.post(f"/deals/{deal}/edit", data={**seen, "work_type_id": str(landing)})

    assert (told.status_code, site.do(site.office.the(deals, id=deal)).work_type_id) == (409, shop)
    assert "теперь «Магазин»; ваше «Лендинг» не сохранено" in told.text


def test_choosing_a_work_type_shows_what_it_usually_brings_until_somebody_agrees(
    site: Site, visitor: Visiting, deal: int
) -> None:
    async def add() -> int:
        async with site.database.write() as tx:
            return await add_work_type(tx, {"name": "Сайт", "usual_amount": 13_000_000}, by=None, now=at(MORNING))

    site_work, manager = site.do(add()), visitor(Role.MANAGER)
    form = {"title": "", "amount": "", "work_type_id": str(site_work), "was.title": "", "was.amount": "", "was.work_type_id": ""}
    manager.post(f"/deals/{deal}/edit", data=form)
    row = site.do(site.office.the(deals, id=deal))
    assert (row.amount, row.amount_is_usual) == (13_000_000, True)
    assert "≈" in manager.get(f"/deals/{deal}").text

    agreed = {**form, "amount": "130000", "was.amount": "130000", "was.work_type_id": str(site_work), "agreed": "yes"}
    manager.post(f"/deals/{deal}/edit", data=agreed)
    row = site.do(site.office.the(deals, id=deal))
    assert (row.amount, row.amount_is_usual) == (13_000_000, False)


def test_added_fields_of_each_kind_are_filled_in(site: Site, visitor: Visiting, deal: int) -> None:
    typed = {FieldKind.TEXT: "слова", FieldKind.NUMBER: "1 200,5", FieldKind.MONEY: "240 000,50", FieldKind.DATE: "2026-12-31",
             FieldKind.CHOICE: "б", FieldKind.CHOICES: ["а", "б"], FieldKind.YES_NO: "no"}  # fmt: skip
    ids = {kind: new_field(site, kind, *(("а", "б") if "choice" in kind else ())) for kind in typed}
    manager = visitor(Role.MANAGER)

    answer = manager.post(f"/deals/{deal}/fields", data={f"custom.{ids[kind]}": value for kind, value in typed.items()})

    assert answer.status_code == 303
    kept = ("слова", 1200.5, 24_000_050, "2026-12-31", "б", ["а", "б"], False)
    assert custom(site, deal) == {str(ids[kind]): value for kind, value in zip(typed, kept, strict=True)}
    page = manager.get(f"/deals/{deal}").text
    assert "31\N{NO-BREAK SPACE}декабря\N{NO-BREAK SPACE}2026" in page
    wrong = manager.post(f"/deals/{deal}/fields", data={f"custom.{ids[FieldKind.NUMBER]}": "сто"})
    assert (wrong.status_code, "нужно число" in wrong.text) == (422, True)


def test_a_field_somebody_changed_meanwhile_is_not_overwritten(site: Site, visitor: Visiting, deal: int) -> None:
    field = new_field(site, FieldKind.TEXT)
    first, second = visitor(Role.MANAGER), visitor(Role.HEAD)

    first.post(f"/deals/{deal}/fields", data={f"custom.{field}": "его", f"was.custom.{field}": "null"})
    told = second.post(f"/deals/{deal}/fields", data={f"custom.{field}": "её", f"was.custom.{field}": "null"})

    assert (told.status_code, custom(site, deal)) == (409, {str(field): "его"})
    assert "теперь «его»; ваше «её» не сохранено" in told.text


def test_personal_fields_are_shown_to_whom_they_are_for_and_the_look_is_written_down(
    site: Site, visitor: Visiting, deal: int
) -> None:
    field = new_field(site, FieldKind.TEXT, personal=True)
    manager, quality = visitor(Role.MANAGER), visitor(Role.QA)
    manager.post(f"/deals/{deal}/fields", data={f"custom.{field}": "зимняя рыбалка"})

    assert "рыбалка" not in manager.get(f"/deals/{deal}").text
    assert "рыбалка" in manager.get(f"/deals/{deal}/personal").text
    assert quality.get(f"/deals/{deal}/personal").status_code == 403
    assert len(site.do(site.office.rows(audit, deed="personal_read"))) == 1


def test_an_open_deal_without_a_task_is_flagged(site: Site, visitor: Visiting, deal: int) -> None:
    manager = visitor(Role.MANAGER)
    assert "нет задачи" in manager.get(f"/deals/{deal}").text

    manager.post(f"/deals/{deal}/tasks", data={"title": "позвонить", "due": "2026-12-01T10:00"})

    assert "нет задачи" not in manager.get(f"/deals/{deal}").text


def test_a_deal_that_was_given_up_and_taken_up_again_says_so(site: Site, visitor: Visiting, deal: int) -> None:
    async def lose_and_reopen() -> None:
        async with site.database.write() as tx:
            reason = await tx.scalar(select(loss_reasons.c.id).limit(1))
            await lose_deal(tx, deal, reason or 0, "Передумали", by=None, now=at(MORNING))
            await reopen_deal(tx, deal, by=None, now=at(MORNING))

    site.do(lose_and_reopen())

    page = visitor(Role.MANAGER).get(f"/deals/{deal}").text

    assert "Сделка закрыта без успеха" in page
    assert "Передумали" in page
    assert "Сделка снова в работе" in page
    assert "Входящая заявка → Входящая заявка" not in page

"""What a deal is made of: people and their influence, work type and its usual amount, products; two editors at once."""

import pytest

from crm_core.access import Actor
from crm_core.contacts import company_edits
from crm_core.contacts.edits import edit_contact
from crm_core.contacts.tables import companies
from crm_core.deals import edits, people
from crm_core.deals.people import Influence, people_of
from crm_core.deals.tables import deals
from crm_core.deals.work_type import choose_work_type
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.fields.tables import field_changes
from crm_core.products import deal_lines, price_list, work_types
from crm_core.products.deal_lines import NewLine
from crm_core.products.work_types import WorkTypeChanges
from crm_core.users.tables import Role
from tests.office import LONG_AGO, NOW, Office

HEAD = Actor(1, Role.HEAD, "Head")


async def a_deal(office: Office, number: str = "79160000001") -> int:
    return await office.deal(await office.contact(number, "Anna"))


async def a_work_type(office: Office, **amounts: int) -> int:
    async with office.database.write() as tx:
        return await work_types.add_work_type(tx, WorkTypeChanges(name="Site", **amounts), by=None, now=NOW)  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("amounts", "won", "expected"),
    [
        ({"least_amount": 50_00, "most_amount": 300_00, "usual_amount": 130_00}, (100_00, 200_00), 150_00),
        ({"least_amount": 50_00, "most_amount": 300_00, "usual_amount": 130_00}, (), 130_00),
        ({"least_amount": 50_00, "most_amount": 300_00}, (), 175_00),
        ({"least_amount": 50_00}, (), 50_00),
        ({}, (), None),
    ],
)
async def test_a_deals_amount_is_what_such_work_usually_brings(
    office: Office, amounts: dict[str, int], won: tuple[int, ...], expected: int | None
) -> None:
    site, deal = await a_work_type(office, **amounts), await a_deal(office)
    for number, amount in enumerate(won):
        other = await a_deal(office, f"7916000001{number}")
        await office.set(deals, other, work_type_id=site, amount=amount, closed_at=NOW, closed_as="won")
    estimated = await a_deal(office, "79160000020")  # an estimate nobody confirmed is no experience
    await office.set(deals, estimated, work_type_id=site, amount=9, amount_is_usual=True, closed_at=NOW, closed_as="won")

    async with office.database.write() as tx:
        await choose_work_type(tx, deal, site, by=None, now=NOW)

    row = await office.the(deals, id=deal)
    assert (row.work_type_id, row.amount, row.amount_is_usual) == (site, expected, expected is not None)


async def test_an_amount_somebody_typed_is_never_taken_for_an_estimate(office: Office) -> None:
    site, deal = await a_work_type(office, usual_amount=130_00), await a_deal(office)
    async with office.database.write() as tx:
        await choose_work_type(tx, deal, site, by=None, now=NOW)
        await edits.edit_deal(tx, deal, {"title": "T"}, by=None, now=NOW)
    assert (await office.the(deals, id=deal)).amount_is_usual
    async with office.database.write() as tx:
        await edits.edit_deal(tx, deal, {"amount": 130_00}, by=None, now=NOW)  # the very same, but now somebody says so
        await choose_work_type(tx, deal, None, by=None, now=NOW)

    row = await office.the(deals, id=deal)
    assert (row.work_type_id, row.amount, row.amount_is_usual) == (None, 130_00, False)


async def test_two_editors_of_one_card_keep_each_others_fields_and_are_told_of_the_same_one(office: Office) -> None:
    deal = await a_deal(office)
    seen = {"title": None, "amount": None}
    async with office.database.write() as tx:
        await edits.edit_deal(tx, deal, {"title": "His", "amount": None}, by=None, now=NOW, seen=seen)
        await edits.edit_deal(tx, deal, {"title": None, "amount": 5_00}, by=None, now=NOW, seen=seen)
        with pytest.raises(Conflict) as told:
            await edits.edit_deal(tx, deal, {"title": "Hers", "amount": None}, by=None, now=NOW, seen=seen)
        await edits.edit_deal(tx, deal, {"title": "His"}, by=None, now=NOW, seen=seen)  # both wrote the same: nobody loses

    row = await office.the(deals, id=deal)
    assert (row.title, row.amount) == ("His", 5_00)
    assert told.value.facts == {"changed": {"title": "His"}, "wanted": {"title": "Hers"}}


async def test_people_of_a_deal_have_roles_and_influence_of_their_own_in_it(office: Office) -> None:
    deal = await a_deal(office)
    main = (await office.the(deals, id=deal)).contact_id
    other = await office.contact("79160000002", "Boris")
    async with office.database.write() as tx:
        await people.place_person(tx, deal, other, role="<b>chief</b> accountant", influence=Influence.USES, by=None, now=NOW)
        await people.place_person(tx, deal, main, role=None, influence=Influence.DECIDES, by=None, now=NOW)
        found = await people_of(tx, HEAD, deal)
        with pytest.raises(Invalid):
            await people.remove_person(tx, deal, main, by=None, now=NOW)
        with pytest.raises(NotFound):
            await people.place_person(tx, deal, 999, role=None, influence=None, by=None, now=NOW)

    assert [(one.contact.name, one.main, one.role, one.influence, len(one.numbers)) for one in found] == [
        ("Anna", True, None, "decides", 1), ("Boris", False, "<b>chief</b> accountant", "uses", 1),
    ]  # fmt: skip


async def test_who_becomes_the_main_contact_does_not_put_the_other_out(office: Office) -> None:
    deal = await a_deal(office)
    boris = await office.contact("79160000002", "Boris", company="Works")
    async with office.database.write() as tx:
        await people.make_main(tx, deal, boris, by=None, now=NOW)
        found = await people_of(tx, HEAD, deal)
        await people.remove_person(tx, deal, found[1].contact.id, by=None, now=NOW)
        left = await people_of(tx, HEAD, deal)

    assert [(one.contact.name, one.main) for one in found] == [("Boris", True), ("Anna", False)]
    assert [one.contact.name for one in left] == ["Boris"]
    assert (await office.the(deals, id=deal)).company_id == (await office.the(companies)).id


async def test_lines_of_a_deal_keep_their_price_of_the_day_and_sum_up(office: Office) -> None:
    deal = await a_deal(office)
    async with office.database.write() as tx:
        hour = await price_list.add_product(
            tx, {"name": "Hour", "unit": "h", "price": 3_000_33, "cost": 1_200_00}, by=None, now=NOW
        )
        line = await deal_lines.add_line(tx, deal, NewLine(hour, quantity=2.5), by=None, now=NOW)
        free = await deal_lines.add_line(tx, deal, NewLine(name="<i>Trip</i>", price=500_00), by=None, now=NOW)
        await price_list.edit_product(tx, hour, {"price": 9_000_00, "name": "Dear hour"}, by=None, now=NOW)
        found = await deal_lines.products_of(tx, deal)
        await deal_lines.take_sum(tx, deal, by=None, now=NOW)

    assert [(one.id, one.name, one.unit, one.total, one.margin) for one in found.lines] == [
        (line, "Hour", "h", 7_500_83, 4_500_83), (free, "<i>Trip</i>", None, 500_00, None),
    ]  # fmt: skip
    assert (found.total, found.margin) == (8_000_83, None)
    row = await office.the(deals, id=deal)
    assert (row.amount, row.amount_is_usual) == (8_000_83, False)


@pytest.mark.parametrize(
    "line", [NewLine(name="  "), NewLine(name="x"), NewLine(name="x", price=-1), NewLine(name="x", price=1, quantity=0),
             NewLine(name="x", price=1, quantity=float("nan")), NewLine(name="x", price=1, quantity=1e9)],
)  # fmt: skip
async def test_a_line_that_says_nothing_or_is_beyond_measure_is_refused(office: Office, line: NewLine) -> None:
    deal = await a_deal(office)
    async with office.database.write() as tx:
        with pytest.raises(Invalid):
            await deal_lines.add_line(tx, deal, line, by=None, now=NOW)


async def test_a_company_is_written_down_changed_and_its_history_kept(office: Office) -> None:
    async with office.database.write() as tx:
        new = company_edits.CompanyChanges(name="  Works \t Ltd ", inn="7707083893", phone="8 916 111-22-33", site="works.ru")
        company = await company_edits.add_company(tx, new, "RU", by=None, now=LONG_AGO)
        await company_edits.edit_company(tx, company, {"address": "Lesnaya 5"}, "RU", by=None, now=NOW)

    row = await office.the(companies)
    assert (row.name, row.inn, row.phone, row.site) == ("Works Ltd", "7707083893", "79161112233", "https://works.ru")
    assert [(one.noun, one.field, one.new) for one in await office.rows(field_changes)] == [("company", "address", "Lesnaya 5")]


@pytest.mark.parametrize(
    ("name", "value"),
    [("name", " "), ("inn", "7707083894"), ("email", "not a mail"), ("email", "a@b@c.ru"), ("site", "javascript:alert(1)"),
     ("site", "ftp://works.ru"), ("site", 'works.ru/"onclick=x'), ("site", "http://[")],
)  # fmt: skip
async def test_what_a_company_cannot_have_is_refused_by_its_field(office: Office, name: str, value: str) -> None:
    async with office.database.write() as tx:
        with pytest.raises(Invalid) as refused:
            await company_edits.add_company(tx, {"name": "W", name: value}, "RU", by=None, now=NOW)  # type: ignore[misc]

    assert refused.value.facts["field"] == name


async def test_a_contacts_company_is_given_by_id_or_by_name(office: Office) -> None:
    contact = await office.contact("79160000001", "Anna")
    async with office.database.write() as tx:
        company = await company_edits.add_company(tx, {"name": "Works"}, "RU", by=None, now=NOW)
        await edit_contact(tx, contact, {"company_id": company}, by=None, now=NOW)
        with pytest.raises(NotFound):
            await edit_contact(tx, contact, {"company_id": 999}, by=None, now=NOW)

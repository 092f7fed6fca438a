"""What was missing is put in by the deeds it belongs to; and the shortest lawful way from a ringing phone to the meeting."""

from datetime import timedelta
from typing import Any

import pytest

from crm_core.calls.tables import calls
from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.deals.filling import Filling, fill
from crm_core.deals.gate import Refused
from crm_core.deals.judging import judge_leaving
from crm_core.deals.moves import move
from crm_core.deals.planting import take_over
from crm_core.deals.tables import deals, pipelines, stages
from crm_core.deals.template import template_named
from crm_core.errors import Invalid, NotFound
from crm_core.fields.definitions import FieldKind, NewField, add_field
from crm_core.fields.history import Noun
from crm_core.fields.tables import field_changes
from crm_core.meetings.tables import meetings
from crm_core.products.work_types import add_work_type
from crm_core.tasks.tables import tasks
from tests.builders import inbound
from tests.funnel import Funnel
from tests.office import NOW, Office

TOMORROW = NOW + timedelta(days=1)


@pytest.fixture
async def funnel(office: Office) -> Funnel:
    return await Funnel.begun(office)


async def put_in(funnel: Funnel, **given: Any) -> None:
    """Names with two underscores for the dot."""
    async with funnel.office.database.write() as tx:
        named = {name.replace("__", "."): value for name, value in given.items()}
        await fill(tx, funnel.deal, named, Filling(funnel.olga, NOW, "RU"))


async def test_fields_of_deal_contact_and_company_are_written_and_their_history_kept(funnel: Funnel) -> None:
    async with funnel.office.database.write() as tx:
        goal = await add_field(tx, NewField(Noun.DEAL, "Цель", FieldKind.TEXT), by=None, now=NOW)
        passport = await add_field(tx, NewField(Noun.CONTACT, "Паспорт", FieldKind.TEXT, personal=True), by=None, now=NOW)
    await put_in(
        funnel, amount=24_000_000, title="Магазин", contact__position="директор", contact__number="8 (926) 111-22-33",
        company__inn="7707083893", **{f"custom__{goal}": "Продавать", f"contact__custom__{passport}": "45 00 111222"},
    )  # fmt: skip

    deal, contact = await funnel.office.the(deals), await funnel.office.the(contacts)
    assert (deal.amount, deal.title, deal.custom) == (24_000_000, "Магазин", {str(goal): "Продавать"})
    assert (contact.position, contact.custom) == ("директор", {str(passport): "45 00 111222"})
    assert (await funnel.office.the(companies)).inn == "7707083893"
    assert [row.number for row in await funnel.office.rows(contact_numbers)] == ["79161112233", "79261112233"]
    assert {row.field for row in await funnel.office.rows(field_changes)} >= {"amount", "title", "position", "inn"}


async def test_company_that_is_named_becomes_that_of_deal_and_contact(funnel: Funnel) -> None:
    await funnel.office.set(contacts, funnel.contact, company_id=None)
    await put_in(funnel, company__name="ООО «Уют»", company__inn="7707083893")

    uyut = await funnel.office.the(companies, name="ООО «Уют»")
    assert (uyut.inn, (await funnel.office.the(deals)).company_id) == ("7707083893", uyut.id)
    assert (await funnel.office.the(contacts)).company_id == uyut.id


async def test_meeting_is_set_then_completed_then_held(funnel: Funnel) -> None:
    await put_in(funnel, meeting__place="Лесная, 5")
    await put_in(funnel, meeting__user_id=funnel.olga, meeting__contact_id=funnel.contact, meeting__at=TOMORROW)
    planned = await funnel.office.the(meetings)
    assert (planned.place, planned.user_id, planned.at, planned.state) == ("Лесная, 5", funnel.olga, TOMORROW, "planned")
    assert (await funnel.office.the(tasks)).due_at == TOMORROW

    await put_in(funnel, meeting__agreements="Магазин за 240 тысяч к июню")
    held = await funnel.office.the(meetings)
    assert (held.id, held.state, held.agreements) == (planned.id, "held", "Магазин за 240 тысяч к июню")


async def test_meeting_nobody_had_set_is_told_when_it_is_over(funnel: Funnel) -> None:
    await put_in(funnel, meeting__agreements="Зашёл сам, договорились")

    held = await funnel.office.the(meetings)
    assert (held.state, held.user_id, held.contact_id, held.at) == ("held", funnel.olga, funnel.contact, NOW)


async def test_task_of_another_deal_is_not_done_by_it(funnel: Funnel) -> None:
    other = await funnel.office.deal(await funnel.office.contact("79160001122"), owner=funnel.olga)
    async with funnel.office.database.write() as tx:
        row = {"kind": "other", "title": "Чужая", "deal_id": other, "due_at": NOW, "created_at": NOW}
        task = (await tx.execute(tasks.insert().values(row).returning(tasks.c.id))).scalar_one()
        with pytest.raises(NotFound):
            await fill(tx, funnel.deal, {f"task.{task}": True}, Filling(funnel.olga, NOW, "RU"))

    assert (await funnel.office.the(tasks)).done_at is None


@pytest.mark.parametrize(
    "given", [{"amount": -5}, {"company.inn": "123"}, {"contact.number": "нет"}, {"meeting.user_id": 987_654}, {"custom.99": "x"}]
)
async def test_what_cannot_be_is_refused_by_its_own_deed(funnel: Funnel, given: dict[str, Any]) -> None:
    async with funnel.office.database.write() as tx:
        with pytest.raises((Invalid, NotFound)):
            await fill(tx, funnel.deal, given, Filling(funnel.olga, NOW, "RU"))


async def test_from_a_ringing_phone_to_the_meeting_in_one_go(office: Office) -> None:
    """The eleven stages' own gates, one call that said it, and what the manager types into one form."""
    olga = await office.person("Ольга", "101")
    async with office.database.write() as tx:
        await take_over(tx, (await office.the(pipelines)).id, template_named("eleven"), "ru", by=None, now=NOW)
        site = await add_work_type(tx, {"name": "Интернет-магазин", "usual_amount": 13_000_000}, by=None, now=NOW)
    await office.take(inbound("79165550001").rings("101").answers("101").ends(after=90))
    deal = await office.the(deals)
    ids = [row.id for row in sorted(await office.rows(stages), key=lambda row: row.position)]
    assert deal.stage_id == ids[0]

    wanting = Funnel(office, olga, deal.contact_id, deal.id, ids)
    call = (await office.rows(calls))[0].id
    transcript = await wanting.transcript(call, customer=20.0, manager=25.0)
    assert await _missing(wanting) == [
        f"stage.{ids[1]}",
        "amount",
        "work_type_id",
        f"stage.{ids[2]}",
        "said.meeting_agreed",
        "meeting",
    ]
    await wanting.tag(call, transcript)
    async with office.database.write() as tx:
        given = {
            "work_type_id": site, "meeting.user_id": olga, "meeting.contact_id": deal.contact_id, "meeting.place": "Лесная, 5",
            "meeting.at": TOMORROW, "meeting.notes": "Взять договор",
        }  # fmt: skip
        await fill(tx, deal.id, given, Filling(olga, NOW, "RU"))
        await move(tx, deal.id, ids[3], by=olga, now=NOW + timedelta(minutes=5))

    moved = await office.the(deals)
    assert (moved.stage_id, moved.amount, moved.amount_is_usual) == (ids[3], 13_000_000, True)
    async with office.database.write() as tx:
        with pytest.raises(Refused):
            await move(tx, deal.id, ids[4], by=olga, now=NOW + timedelta(minutes=6))


async def _missing(funnel: Funnel) -> list[str]:
    async with funnel.office.database.read() as connection:
        return [lack.what for lack in (await judge_leaving(connection, funnel.deal, funnel.stage_ids[3])).lacks]

"""The history of a card's fields is read as far as one may, and a change is taken back by a change."""

from datetime import timedelta

import pytest

from crm_core.access import Actor
from crm_core.contacts.edits import edit_contact
from crm_core.contacts.tables import contacts
from crm_core.deals.edits import assign_deal, edit_deal
from crm_core.deals.tables import deals
from crm_core.deals.work_type import choose_work_type
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.fields import restoring
from crm_core.fields.definitions import FieldKind, NewField, add_field, edit_field
from crm_core.fields.history import Noun
from crm_core.fields.history_queries import Change, change, list_changes
from crm_core.fields.tables import field_changes
from crm_core.fields.values import set_values
from crm_core.products.work_types import add_work_type, edit_work_type
from crm_core.users.tables import Role, users
from tests.office import NOW, Office

LATER, LATER_STILL = NOW + timedelta(hours=1), NOW + timedelta(hours=2)


@pytest.fixture
async def head(office: Office) -> Actor:
    return Actor(await office.person("Нина", None, Role.HEAD), Role.HEAD, "Нина")


@pytest.fixture
async def deal(office: Office, head: Actor) -> int:
    return await office.deal(await office.contact("79161112233", "Иван"))


async def changes(office: Office, actor: Actor, noun: Noun, noun_id: int) -> tuple[Change, ...]:
    async with office.database.read() as connection:
        return (await list_changes(connection, actor, noun, noun_id)).items


async def restored(office: Office, actor: Actor, change_id: int) -> None:
    async with office.database.write() as tx:
        await restoring.restore(tx, actor, change_id, "RU", now=LATER_STILL)


async def test_one_change_is_taken_back_and_that_is_a_change_too(office: Office, head: Actor) -> None:
    contact = await office.contact("79161112233", "Иван")
    async with office.database.write() as tx:
        await edit_contact(tx, contact, {"name": "Пётр", "position": "Директор"}, by=head.user_id, now=LATER)
    first = next(one for one in await changes(office, head, Noun.CONTACT, contact) if one.field == "name")

    await restored(office, head, first.id)

    row = await office.the(contacts, id=contact)
    newest = (await changes(office, head, Noun.CONTACT, contact))[0]
    assert (row.name, row.position) == ("Иван", "Директор")
    assert (newest.field, newest.old, newest.new, newest.restores_id) == ("name", "Пётр", "Иван", first.id)
    assert (newest.by and newest.by.id, newest.at) == (head.user_id, LATER_STILL)
    with pytest.raises(Conflict):
        await restored(office, head, first.id)


async def test_amount_work_type_and_owner_of_a_deal_come_back_by_their_own_deeds(office: Office, head: Actor, deal: int) -> None:
    olga = await office.person("Ольга", "101")
    async with office.database.write() as tx:
        kind = await add_work_type(tx, {"name": "Сайт", "usual_amount": 5}, by=None, now=NOW)
        await edit_deal(tx, deal, {"amount": 100}, by=head.user_id, now=NOW)
        await edit_deal(tx, deal, {"amount": 200}, by=head.user_id, now=LATER)
        await choose_work_type(tx, deal, kind, by=head.user_id, now=LATER)
        await assign_deal(tx, deal, olga, by=head.user_id, now=LATER)
    told = {(one.field, one.new): one for one in await changes(office, head, Noun.DEAL, deal)}
    assert told["owner_id", olga].new_name == "Ольга"
    assert told["work_type_id", kind].new_name == "Сайт"

    for taken in (told["amount", 200], told["work_type_id", kind], told["owner_id", olga]):
        await restored(office, head, taken.id)

    row = await office.the(deals, id=deal)
    assert (row.amount, row.work_type_id, row.owner_id) == (100, None, None)


@pytest.mark.parametrize("gone", ["work type", "owner", "field"])
async def test_what_can_no_longer_be_is_refused_in_clear_words(office: Office, head: Actor, deal: int, gone: str) -> None:
    olga = await office.person("Ольга", "101")
    async with office.database.write() as tx:
        kind = await add_work_type(tx, {"name": "Сайт"}, by=None, now=NOW)
        field = await add_field(tx, NewField(Noun.DEAL, "Срок", FieldKind.TEXT), by=None, now=NOW)
        await choose_work_type(tx, deal, kind, by=None, now=NOW)
        await assign_deal(tx, deal, olga, by=None, now=NOW)
        await set_values(tx, Noun.DEAL, deal, {str(field): "Май"}, by=None, now=NOW)
        await choose_work_type(tx, deal, None, by=None, now=LATER)
        await assign_deal(tx, deal, None, by=None, now=LATER)
        await set_values(tx, Noun.DEAL, deal, {str(field): "Июнь"}, by=None, now=LATER)
        await edit_work_type(tx, kind, {"archived": True}, by=None, now=LATER)
        await edit_field(tx, field, {"archived": True}, by=None, now=LATER)
    await office.set(users, olga, active=False)
    name, say = {
        "work type": ("work_type_id", restoring.GONE["work_type_id"]), "owner": ("owner_id", restoring.GONE["owner_id"]),
        "field": (f"custom.{field}", restoring.NO_FIELD),
    }[gone]  # fmt: skip
    taken = next(one for one in await changes(office, head, Noun.DEAL, deal) if one.field == name)

    with pytest.raises(Invalid) as refused:
        await restored(office, head, taken.id)

    assert refused.value.say == say
    assert restoring.restorable(taken) is (gone != "field")
    assert await office.rows(field_changes, restores_id=taken.id) == []


async def test_personal_fields_and_colleagues_cards_have_no_history_for_others(office: Office, head: Actor) -> None:
    olga, oleg = await office.person("Ольга", "101"), await office.person("Олег", "102")
    contact = await office.contact("79161112233", "Иван", owner=oleg)
    await office.deal(contact, owner=olga)
    async with office.database.write() as tx:
        field = await add_field(tx, NewField(Noun.CONTACT, "Болезни", FieldKind.TEXT, personal=True), by=None, now=NOW)
        await set_values(tx, Noun.CONTACT, contact, {str(field): "тайна"}, by=oleg, now=LATER, may_personal=True)
    secret = (await changes(office, head, Noun.CONTACT, contact))[0]
    hers = Actor(olga, Role.MANAGER, "Ольга")
    stranger = Actor(await office.person("Вера", "103"), Role.MANAGER, "Вера")

    assert (secret.new, secret.personal) == ("тайна", True)
    assert [one.new for one in await changes(office, Actor(oleg, Role.MANAGER, "Олег"), Noun.CONTACT, contact)] == ["тайна"]
    assert await changes(office, hers, Noun.CONTACT, contact) == ()
    async with office.database.read() as connection:
        with pytest.raises(NotFound):
            await change(connection, hers, secret.id)
        with pytest.raises(NotFound):
            await list_changes(connection, stranger, Noun.CONTACT, contact)

"""Every edit of a deal or contact keeps what the field was, who changed it and when."""

from datetime import UTC, datetime, timedelta

from crm_core.contacts.edits import edit_contact
from crm_core.deals.edits import assign_deal, edit_deal
from crm_core.fields.history import custom_changes, note_changes
from crm_core.fields.tables import field_changes
from tests.office import NOW, Office

LATER = NOW + timedelta(hours=1)


async def test_an_edit_of_a_contact_keeps_each_field_that_changed(office: Office) -> None:
    olga = await office.person("Ольга", "101")
    contact = await office.contact("79161112233", "Иван", owner=olga)

    async with office.database.write() as tx:
        await edit_contact(tx, contact, {"name": "Иван Петров", "position": "Директор", "note": None}, by=olga, now=LATER)

    kept = [(row.field, row.old, row.new, row.user_id, row.at) for row in await office.rows(field_changes, noun="contact")]
    assert kept == [("name", "Иван", "Иван Петров", olga, LATER), ("position", None, "Директор", olga, LATER)]


async def test_an_edit_and_a_new_owner_of_a_deal_are_kept(office: Office) -> None:
    olga, oleg = await office.person("Ольга", "101"), await office.person("Олег", "102")
    deal = await office.deal(await office.contact("79161112233"), owner=olga)

    async with office.database.write() as tx:
        await edit_deal(tx, deal, {"amount": 5_000_000}, by=olga, now=LATER)
        await edit_deal(tx, deal, {"amount": 5_000_000}, by=olga, now=LATER)
        await assign_deal(tx, deal, oleg, by=None, now=LATER)

    kept = [(row.field, row.old, row.new, row.user_id) for row in await office.rows(field_changes, noun="deal", noun_id=deal)]
    assert kept == [("amount", None, 5_000_000, olga), ("owner_id", olga, oleg, None)]


async def test_what_stays_is_no_change_and_moments_are_kept_as_text(office: Office) -> None:
    async with office.database.write() as tx:
        changes = {"name": ("a", "a"), "consent_at": (None, datetime(2026, 11, 22, tzinfo=UTC))}
        await note_changes(tx, "contact", 1, changes, by=None, now=NOW)

    row = await office.the(field_changes)
    assert (row.field, row.old, row.new) == ("consent_at", None, "2026-11-22T00:00:00+00:00")


def test_only_the_fields_of_ones_own_that_differ_are_changes() -> None:
    assert custom_changes({"1": "a", "2": 5}, {"2": 6, "10": True}) == {
        "custom.1": ("a", None), "custom.2": (5, 6), "custom.10": (None, True)
    }  # fmt: skip

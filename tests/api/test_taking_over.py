"""Who may say whose a record is: nobody makes a colleague's customer his own to hear and read what is not his."""

from typing import Any

import pytest
from sqlalchemy import insert, update

from crm_core.contacts.tables import companies, contacts
from crm_core.deals.tables import deals
from crm_core.fields.tables import field_changes, fields
from tests.api.world import NOW, House


async def shared(house: House, **contact: Any) -> None:
    """Igor's customer has a deal with Olga, too: she sees his card, and not what was said to Igor."""
    ids = house.world.foreign
    async with house.database.write() as tx:
        row = {"contact_id": ids["contact_id"], "pipeline_id": 1, "stage_id": house.world.stages[0], "stage_since": NOW,
               "owner_id": house.world.people["olga"], "created_at": NOW}  # fmt: skip
        await tx.execute(insert(deals).values(row))
        if contact:
            await tx.execute(update(contacts).where(contacts.c.id == ids["contact_id"]).values(contact))


@pytest.mark.parametrize("unowned", [False, True])
async def test_a_colleagues_customer_is_not_made_ones_own(house: House, unowned: bool) -> None:
    await shared(house, **({"owner_id": None} if unowned else {}))
    ids, olga = house.world.foreign, house.world.people["olga"]
    async with house.client("olga") as client:
        card = (await client.get(f"/api/v1/contacts/{ids['contact_id']}")).status_code
        taken = await client.patch(f"/api/v1/contacts/{ids['contact_id']}", json={"owner_id": olga, "position": "Boss"})
        call = (await client.get(f"/api/v1/calls/{ids['call_id']}")).status_code
        heard = (await client.get(f"/api/v1/calls/{ids['call_id']}/transcript")).status_code
        renamed = await client.patch(f"/api/v1/contacts/{ids['contact_id']}", json={"position": "Boss"})

    assert (card, taken.status_code, call, heard, renamed.status_code) == (200, 403, 404, 404, 200)


async def test_a_colleagues_company_is_not_made_ones_own(house: House) -> None:
    await shared(house)
    ids, olga = house.world.foreign, house.world.people["olga"]
    async with house.client("olga") as client:
        card = (await client.get(f"/api/v1/companies/{ids['company_id']}")).status_code
        taken = (await client.patch(f"/api/v1/companies/{ids['company_id']}", json={"owner_id": olga})).status_code
        by_form = (await client.post(f"/companies/{ids['company_id']}/edit", data={"owner_id": str(olga)})).status_code
        told_as_seen = {"owner_id": str(olga), "was.owner_id": str(olga)}
        by_a_lie = (await client.post(f"/companies/{ids['company_id']}/edit", data=told_as_seen)).status_code

    assert (card, taken, by_form) == (200, 403, 403)
    assert by_a_lie in (303, 403)
    async with house.database.read() as connection:
        row = (await connection.execute(companies.select().where(companies.c.id == ids["company_id"]))).one()
    assert row.owner_id == house.world.people["igor"]


async def test_a_contact_is_given_by_whom_gives_to_others(house: House) -> None:
    ids, igor = house.world.own, house.world.people["igor"]
    url = f"/api/v1/contacts/{ids['contact_id']}"
    async with house.client("olga") as client:
        refused = [
            (await client.patch(url, json={"owner_id": igor})).status_code,
            (await client.patch(url, json={"owner_id": None})).status_code,
            (await client.post("/api/v1/contacts", json={"name": "New", "owner_id": igor})).status_code,
        ]
        own = (await client.post("/api/v1/contacts", json={"name": "New", "owner_id": house.world.people["olga"]})).status_code
    async with house.client("head") as client:
        given = (await client.patch(url, json={"owner_id": igor})).status_code

    assert (refused, own, given) == ([403, 403, 403], 201, 200)


@pytest.mark.parametrize(("noun", "key"), [("contact", "contact_id"), ("company", "company_id")])
async def test_history_gives_nobody_what_he_may_not_take(house: House, noun: str, key: str) -> None:
    await shared(house)
    ids, people = house.world.foreign, house.world.people
    change = await _changed(house, noun, ids[key], "owner_id", old=people["olga"], new=people["igor"])
    async with house.client("olga") as client:
        assert (await client.post(f"/api/v1/history/{change}/restore")).status_code == 403
    async with house.client("head") as client:
        assert (await client.post(f"/api/v1/history/{change}/restore")).status_code == 200


@pytest.mark.parametrize(
    ("noun", "field"), [("deal", "contact_id"), ("deal", "company_id"), ("contact", "company_id")]
)  # fmt: skip
async def test_history_opens_no_card_of_a_colleague(house: House, noun: str, field: str) -> None:
    """What stood there once may be another's by now: it comes back only for whom may see it."""
    ids, foreign = house.world.own, house.world.foreign
    change = await _changed(house, noun, ids[f"{noun}_id"], field, old=foreign[field], new=ids[field])
    place = "companies" if field == "company_id" else "contacts"
    async with house.client("olga") as client:
        refused = await client.post(f"/api/v1/history/{change}/restore")
        card = (await client.get(f"/api/v1/{place}/{foreign[field]}")).status_code
    async with house.client("head") as client:
        restored = (await client.post(f"/api/v1/history/{change}/restore")).status_code

    assert (refused.status_code, card, restored) == (422, 404, 200)


async def test_a_personal_field_is_not_read_by_taking_the_record(house: House) -> None:
    await shared(house)
    ids = house.world.foreign
    async with house.database.write() as tx:
        row = {"noun": "contact", "name": "Passport", "kind": "text", "choices": [], "position": 1, "personal": True}
        field = (await tx.execute(insert(fields).values(row).returning(fields.c.id))).scalar_one()
        mine = update(contacts).where(contacts.c.id == ids["contact_id"])
        await tx.execute(mine.values(custom={str(field): "4510 123456"}))
    async with house.client("olga") as client:
        await client.patch(f"/api/v1/contacts/{ids['contact_id']}", json={"owner_id": house.world.people["olga"]})
        told = await client.get(f"/api/v1/contacts/{ids['contact_id']}/fields")

    assert told.status_code == 200
    assert "4510" not in told.text


async def test_whose_number_it_is_is_told_to_whom_sees_the_contact(house: House) -> None:
    url = f"/api/v1/contacts/{house.world.own['contact_id']}/numbers"
    new = {"number": "+7 916 000-00-02"}
    async with house.client("olga") as client:
        hidden = [await client.post(url, json=new), await client.post("/api/v1/contacts", json={"numbers": [new["number"]]})]
    async with house.client("head") as client:
        told = await client.post(url, json=new)

    assert [(answer.status_code, answer.json().get("contact_id")) for answer in hidden] == [(409, None), (409, None)]
    assert (told.status_code, told.json().get("contact_id")) == (409, house.world.foreign["contact_id"])


async def _changed(house: House, noun: str, noun_id: int, field: str, *, old: Any, new: Any) -> int:
    async with house.database.write() as tx:
        row = {"noun": noun, "noun_id": noun_id, "field": field, "old": old, "new": new, "at": NOW}
        return int((await tx.execute(insert(field_changes).values(row).returning(field_changes.c.id))).scalar_one())

"""People, meetings, products, fields and companies over REST, in the shapes of the contract."""

from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select, update

from crm_core.contacts.tables import companies, contacts
from crm_core.fields.tables import fields
from crm_core.users.tables import audit
from tests.api.world import House


async def told(client: httpx.AsyncClient, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    answer = await client.request(method, f"/api/v1/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def test_a_meeting_is_set_put_off_held_and_stands_in_the_timeline(house: House) -> None:
    deal, contact = house.world.own["deal_id"], house.world.own["contact_id"]
    async with house.client("olga") as olga:
        new = {"deal_id": deal, "at": "2026-11-25T10:00Z", "contact_id": contact, "place": "Lesnaya 5"}
        meeting = await told(olga, "POST", "meetings", new, 201)
        path = f"meetings/{meeting['id']}"
        assert meeting["lacks"] == ["user", "notes"]
        stale = {"place": "elsewhere", "seen": {"place": "an older place"}}
        refused = await told(olga, "PATCH", path, stale, 409)
        moved = await told(olga, "PATCH", path, {"at": "2026-11-26T10:00Z", "user_id": house.world.people["olga"]})
        task = await told(olga, "GET", f"tasks/{meeting['task_id']}")
        held = await told(olga, "POST", f"{path}/hold", {"agreements": "<b>yes</b>"})
        over = await told(olga, "PATCH", path, {"place": "x"}, 409)
        listed = await told(olga, "GET", f"meetings?deal_id={deal}&state=held")
        entries = (await told(olga, "GET", f"deals/{deal}/timeline"))["items"]

    assert (refused["changed"], refused["wanted"]) == ({"place": "Lesnaya 5"}, {"place": "elsewhere"})
    assert (moved["at"], task["kind"], task["due_at"]) == ("2026-11-26T10:00:00.000Z", "meeting", "2026-11-26T10:00:00.000Z")
    assert (held["state"], held["agreements"], over["state"]) == ("held", "<b>yes</b>", "held")
    assert [one["id"] for one in listed["items"]] == [meeting["id"]]
    deeds = [one["facts"]["deed"] for one in entries if one["kind"] == "meeting"]
    assert deeds == ["meeting_held", "meeting_put_off", "meeting_set"]


async def test_a_time_somebody_changed_meanwhile_is_told_in_json(house: House) -> None:
    meeting = house.world.own["meeting_id"]
    async with house.client("olga") as olga:
        change = {"at": "2026-12-01T10:00Z", "seen": {"at": "2026-12-24T10:00Z"}}
        refused = await told(olga, "PATCH", f"meetings/{meeting}", change, 409)

    assert refused["changed"]["at"].startswith("2026-11-21T12:00")


async def test_the_timeline_is_read_page_by_page(house: House) -> None:
    deal = house.world.own["deal_id"]
    async with house.client("olga") as olga:
        for number in range(5):
            await olga.post(f"/deals/{deal}/notes", data={"text": f"note {number}"})
        seen, cursor = [], ""
        while cursor is not None:
            page = await told(olga, "GET", f"deals/{deal}/timeline?limit=2{cursor and '&cursor=' + cursor}")
            seen += [(one["kind"], one["id"]) for one in page["items"]]
            cursor = page["next_cursor"]
        await told(olga, "GET", f"deals/{deal}/timeline?cursor=W10", status=422)

    assert len(seen) == len(set(seen)) >= 6


async def test_people_and_products_of_a_deal(house: House) -> None:
    deal = house.world.own["deal_id"]
    async with house.client("olga") as olga, house.client("head") as head:
        added = await told(olga, "POST", "contacts", {"name": "Boris", "numbers": ["+7 921 000-00-01"]}, 201)
        people = await told(olga, "PUT", f"deals/{deal}/people/{added['id']}", {"role": "accountant", "influence": "uses"})
        await told(olga, "PUT", f"deals/{deal}/people/{house.world.foreign['contact_id']}", {}, 404)
        await told(olga, "PUT", f"deals/{deal}/people/{added['id']}", {"influence": "king"}, 422)
        await told(olga, "DELETE", f"deals/{deal}/people/{added['id']}", status=204)
        product = house.world.own["product_id"]
        await told(head, "GET", f"products/{product}")
        sold = await told(olga, "POST", f"deals/{deal}/products", {"product_id": product, "quantity": 2.5}, 201)
        for wrong in ({"name": "x", "price": -1}, {"name": "x", "price": 1, "quantity": 0}, {"name": "x"}):
            await told(olga, "POST", f"deals/{deal}/products", wrong, 422)

    assert [(one["name"], one["role"], one["influence"], one["main"]) for one in people["items"]][1] == (
        "Boris", "accountant", "uses", False,
    )  # fmt: skip
    assert [(line["name"], line["total"], line["margin"]) for line in sold["items"]] == [("Site", 100, None), ("Page", 250, None)]


async def test_a_deal_is_classified_and_its_amount_follows_until_somebody_types_one(house: House) -> None:
    deal, kind = house.world.own["deal_id"], house.world.own["work_type_id"]
    async with house.client("admin") as admin, house.client("olga") as olga:
        await told(admin, "PATCH", f"work-types/{kind}", {"usual_amount": 13_000_000})
        usual = await told(olga, "PATCH", f"deals/{deal}", {"work_type_id": kind})
        typed = await told(olga, "PATCH", f"deals/{deal}", {"amount": 13_000_000})
        stale = await told(olga, "PATCH", f"deals/{deal}", {"amount": 5, "seen": {"amount": 1}}, 409)

    assert (usual["amount"], usual["amount_is_usual"], usual["work_type"]["id"]) == (13_000_000, True, kind)
    assert (typed["amount"], typed["amount_is_usual"]) == (13_000_000, False)
    assert stale["changed"] == {"amount": 13_000_000}


async def test_what_is_personal_is_hidden_or_its_reading_written_down(house: House) -> None:
    contact = house.world.own["contact_id"]
    async with house.database.write() as tx:
        row = {"noun": "contact", "name": "Age", "kind": "number", "choices": [], "position": 0, "personal": True}
        field = (await tx.execute(insert(fields).values(row).returning(fields.c.id))).scalar_one()
        await tx.execute(update(contacts).where(contacts.c.id == contact).values(custom={str(field): 41}))
    async with house.client("olga") as olga, house.client("qa") as quality:
        own = await told(olga, "GET", f"contacts/{contact}/fields")
        hidden = await told(quality, "GET", f"contacts/{contact}/fields")
        await told(olga, "PATCH", f"contacts/{contact}/fields", {"values": {str(field): "old"}}, 422)
        await told(olga, "PATCH", f"contacts/{contact}/fields", {"values": {"999": 1}}, 422)
        filled = await told(olga, "PATCH", f"contacts/{contact}/fields", {"values": {str(field): 42}, "seen": {str(field): 41}})
    async with house.database.read() as connection:
        reads = (await connection.execute(select(audit).where(audit.c.deed == "personal_read"))).all()

    assert [(one["value"], one["hidden"]) for one in own["items"]] == [(41, False)]
    assert [(one["value"], one["hidden"]) for one in hidden["items"]] == [(None, True)]
    assert filled["items"][0]["value"] == 42
    assert [row.user_id for row in reads] == [house.world.people["olga"]]


@pytest.mark.parametrize(("body", "status"), [({"inn": "7707083893"}, 200), ({"inn": "7707083894"}, 422),
                                              ({"site": "javascript:x"}, 422), ({"name": ""}, 422),
                                              ({"note": "n", "seen": {"note": "other"}}, 409)])  # fmt: skip
async def test_a_company_is_changed_or_refused_by_its_field(house: House, body: dict[str, Any], status: int) -> None:
    company = house.world.own["company_id"]
    async with house.client("olga") as olga:
        answer = await told(olga, "PATCH", f"companies/{company}", body, status)
    async with house.database.read() as connection:
        row = (await connection.execute(select(companies).where(companies.c.id == company))).one()

    assert (row.inn, row.site, row.note) == (body.get("inn") if status == 200 else None, None, None)
    if status == 200:
        assert answer["inn"] == "7707083893"


async def test_a_contact_is_changed_by_whoever_saw_what_stands_there_and_its_company_is_told_by_name(house: House) -> None:
    path = f"contacts/{house.world.own['contact_id']}"
    async with house.client("olga") as olga:
        before = await told(olga, "GET", path)
        await told(olga, "PATCH", path, {"name": "Pavel", "company": "North", "seen": {"name": before["name"]}})
        stale = await told(olga, "PATCH", path, {"name": "Peter", "seen": {"name": before["name"]}}, 409)
        elsewhere = await told(olga, "PATCH", path, {"company": "South", "seen": {"company": "Works"}}, 409)
        left = await told(olga, "PATCH", path, {"company": "Works", "note": "n", "seen": {"company": "Works", "note": None}})
        moved = await told(olga, "PATCH", path, {"company": "South", "seen": {"company": "north "}})

    assert (stale["changed"], stale["wanted"]) == ({"name": "Pavel"}, {"name": "Peter"})
    assert (elsewhere["changed"], elsewhere["wanted"]) == ({"company": "North"}, {"company": "South"})
    assert (left["company"]["name"], left["note"], moved["company"]["name"]) == ("North", "n", "South")


async def test_a_manager_gives_his_contacts_to_nobody_over_his_head(house: House) -> None:
    """As his deals and companies: handing over is a right of its own."""
    igor = house.world.people["igor"]
    path = f"contacts/{house.world.own['contact_id']}"
    async with house.client("olga") as olga, house.client("head") as head:
        await told(olga, "PATCH", path, {"owner_id": igor}, 403)
        await told(olga, "PATCH", path, {"owner_id": None}, 403)
        await told(olga, "POST", "contacts", {"name": "Boris", "owner_id": igor}, 403)
        given = await told(head, "PATCH", path, {"owner_id": igor})

    assert given["owner"]["id"] == igor

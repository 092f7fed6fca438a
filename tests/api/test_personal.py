"""What is personal is read on the card, by few, and noted; it stands in no list, no export without the right, no webhook."""

import pytest
from sqlalchemy import insert, update

from crm_core.access import Right
from crm_core.calls.whole_queries import whole_call
from crm_core.contacts.tables import companies, contacts
from crm_core.deals.tables import deals
from crm_core.fields.reading import READ
from crm_core.fields.tables import fields
from crm_core.teams.policies import set_policy
from crm_core.users.actors import actor_by_id
from crm_core.users.tables import Role, audit
from tests.api.test_walk import LISTS
from tests.api.world import House

SECRET = "ZIMNYAYA-RYBALKA"
TABLES = {"deal": deals, "contact": contacts, "company": companies}
PLACES = {"deal": "deals", "contact": "contacts", "company": "companies"}


@pytest.fixture
async def personal(house: House) -> House:
    """Each of Olga's records has a personal field filled in."""
    async with house.database.write() as tx:
        for noun, table in TABLES.items():
            row = {"noun": noun, "name": f"Hobby of a {noun}", "kind": "text", "choices": [], "personal": True, "position": 90}
            field = (await tx.execute(insert(fields).values(row).returning(fields.c.id))).scalar_one()
            mine = table.c.id == house.world.own[f"{noun}_id"]
            await tx.execute(update(table).where(mine).values(custom={str(field): SECRET}, owner_id=house.world.people["olga"]))
    return house


async def noted(house: House) -> list[tuple[int, str, int]]:
    async with house.database.read() as connection:
        rows = await connection.execute(audit.select().where(audit.c.deed == READ).order_by(audit.c.id))
        return [(row.user_id, row.noun, row.noun_id) for row in rows]


@pytest.mark.parametrize("who", ["olga", "igor", "head", "qa", "admin"])
async def test_no_list_tells_what_is_personal_and_asking_it_notes_nothing(personal: House, who: str) -> None:
    async with personal.client(who) as client:
        told = [route for route in LISTS if "exports" not in route and SECRET in (await client.get(route.split()[1])).text]

    assert told == []
    assert await noted(personal) == []


@pytest.mark.parametrize("noun", TABLES)
async def test_it_is_read_by_right_or_by_its_owner_and_noted(personal: House, noun: str) -> None:
    world, path = personal.world, f"/{PLACES[noun]}/{personal.world.own[f'{noun}_id']}/personal"
    seen = {}
    for who in ("olga", "igor", "head", "qa", "admin"):
        async with personal.client(who) as client:
            seen[who] = SECRET in (await client.get(path)).text
            await client.get(path)

    assert seen == {"olga": True, "igor": False, "head": True, "qa": False, "admin": False}
    assert await noted(personal) == [(world.people[who], noun, world.own[f"{noun}_id"]) for who in ("olga", "head")]


@pytest.mark.parametrize("noun", TABLES)
async def test_neither_card_nor_rest_tells_it_to_who_may_not(personal: House, noun: str) -> None:
    row_id = personal.world.own[f"{noun}_id"]
    for who in ("qa", "admin"):
        async with personal.client(who) as client:
            for path in (
                f"/{PLACES[noun]}/{row_id}",
                f"/api/v1/{PLACES[noun]}/{row_id}",
                f"/api/v1/{PLACES[noun]}/{row_id}/fields",
            ):
                assert SECRET not in (await client.get(path)).text, path

    assert await noted(personal) == []


async def test_an_export_has_it_for_who_may_read_it_alone(personal: House) -> None:
    async with personal.client("head") as client:
        assert SECRET in (await client.get("/exports/contacts.csv")).text
        async with personal.database.write() as tx:
            rights = {Right.SEE_PERSONAL: False}
            await set_policy(tx, Role.HEAD, rights=rights, now=personal.time, by=None)
        assert SECRET not in (await client.get("/exports/contacts.csv")).text


async def test_no_webhook_is_told_it(personal: House) -> None:
    async with personal.database.read() as connection:
        admin = await actor_by_id(connection, personal.world.people["admin"])
        assert admin is not None
        assert SECRET not in repr(await whole_call(connection, admin, personal.world.own["call_id"]))

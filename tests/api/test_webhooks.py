"""Webhooks by REST: what is told of them, and what never is."""

from typing import Any

import pytest
from sqlalchemy import select

from crm_core.users.tables import audit, users
from crm_core.webhooks.tables import deliveries, webhooks
from tests.api.world import House

URL = "https://crm.example.com/hooks/firstring"


async def _made(house: House, **body: Any) -> Any:
    async with house.client("admin") as admin:
        return await admin.post("/api/v1/webhooks", json={"url": URL, **body})


async def test_the_secret_is_told_once_and_kept_sealed(house: House) -> None:
    made = (await _made(house, kinds=["call_ended", "call_started"])).json()
    async with house.client("admin") as admin:
        seen = (await admin.get(f"/api/v1/webhooks/{made['id']}")).text
        listed = (await admin.get("/api/v1/webhooks")).text
    async with house.database.read() as connection:
        stored = (await connection.execute(select(webhooks).where(webhooks.c.id == made["id"]))).one()

    assert made["secret"].startswith("whsec_")
    assert made["kinds"] == ["call_started", "call_ended"], "in their order"
    assert "secret" not in seen + listed
    assert made["secret"] not in stored.secret
    assert house.context.box.open(stored.secret) == made["secret"]


async def test_without_kinds_every_kind_is_told(house: House) -> None:
    made = (await _made(house)).json()

    assert {"call_started", "call_answered", "call_ended", "recording_stored", "transcript_ready"} <= set(made["kinds"])


@pytest.mark.parametrize("body", [
    {"url": "http://crm.example.com"}, {"url": "https://127.0.0.1/"}, {"url": "https://[::ffff:10.0.0.1]/"}, {"url": "file:///etc"},
    {"url": "https://a:b@crm.example.com"}, {"url": ""}, {"kinds": ["user_changed"]}, {"kinds": ["x"] * 60},
])  # fmt: skip
async def test_what_cannot_be_a_webhook_is_refused(house: House, body: dict[str, Any]) -> None:
    answer = await _made(house, **body)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_it_is_changed_switched_off_and_removed_and_the_audit_tells(house: House) -> None:
    hook = (await _made(house)).json()["id"]
    async with house.client("admin") as admin:
        changed = (await admin.patch(f"/api/v1/webhooks/{hook}", json={"kinds": ["call_ended"], "active": False})).json()
        refused = await admin.post(f"/api/v1/webhooks/{hook}/test")
        removed = await admin.delete(f"/api/v1/webhooks/{hook}")
        gone = await admin.get(f"/api/v1/webhooks/{hook}")
    async with house.database.read() as connection:
        query = select(audit.c.deed).where(audit.c.noun == "webhook", audit.c.noun_id == hook).order_by(audit.c.id)
        deeds = (await connection.scalars(query)).all()

    assert (changed["kinds"], changed["active"], changed["working"]) == (["call_ended"], False, False)
    assert (refused.status_code, refused.json()["why"]) == (409, "stopped")
    assert (removed.status_code, gone.status_code) == (204, 404)
    assert deeds == ["webhook_added", "webhook_changed", "webhook_removed"]


async def test_deliveries_are_listed_by_state_and_sent_again(house: House) -> None:
    hook, failed = house.world.own["webhook_id"], house.world.own["delivery_id"]
    path = f"/api/v1/webhooks/{hook}/deliveries"
    async with house.client("admin") as admin:
        given_up = (await admin.get(path, params={"state": "given_up"})).json()["items"]
        delivered = (await admin.get(path, params={"state": "delivered"})).json()["items"]
        other_kind = (await admin.get(path, params={"kind": "call_started"})).json()["items"]
        again = await admin.post(f"{path}/{failed}/again")
        of_another = await admin.post(f"/api/v1/webhooks/{hook + 1}/deliveries/{failed}/again")
        unknown = await admin.get(path, params={"state": "lost"})

    (one,) = given_up
    assert (one["status"], one["answer"], one["trouble"], one["attempts"]) == (500, "<b>out of order</b>", None, 10)
    assert "body" not in one
    assert delivered == other_kind == []
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    assert (of_another.status_code, unknown.status_code) == (404, 422)


async def test_bodies_are_shown_to_their_maker_or_to_whoever_may_listen(house: House) -> None:
    """Tags and recordings of a colleague's webhook are no way around the grant to listen."""
    path = "/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}".format_map(house.world.own)

    async def seen(maker: str, *, may_listen: bool) -> Any:
        async with house.database.write() as tx:
            await tx.execute(webhooks.update().values(created_by=house.world.people[maker]))
            await tx.execute(users.update().where(users.c.id == house.world.people["admin"]).values(may_listen=may_listen))
        async with house.client("admin") as admin:
            return (await admin.get(path)).json()["body"]

    assert await seen("admin", may_listen=False) == "{}"
    assert await seen("head", may_listen=True) == "{}"
    assert await seen("head", may_listen=False) is None


async def test_whoever_sends_it_elsewhere_is_the_one_it_reads_as(house: House) -> None:
    hook = house.world.own["webhook_id"]
    async with house.database.write() as tx:
        await tx.execute(webhooks.update().values(created_by=house.world.people["head"]))
    async with house.client("admin") as admin:
        before = (await admin.get(f"/api/v1/webhooks/{hook}")).json()
        await admin.patch(f"/api/v1/webhooks/{hook}", json={"kinds": []})
        same = (await admin.get(f"/api/v1/webhooks/{hook}")).json()
        after = (await admin.patch(f"/api/v1/webhooks/{hook}", json={"url": URL})).json()

    assert [one["made_by"]["name"] for one in (before, same, after)] == ["Head", "Head", "Admin"]
    assert [one["working"] for one in (before, same, after)] == [False, False, True]


async def test_there_is_an_end_to_their_number(house: House) -> None:
    answers = [(await _made(house)).status_code for _ in range(50)]

    assert answers == [201] * 49 + [409]


async def test_pages_of_deliveries_follow_each_other(house: House) -> None:
    hook = house.world.own["webhook_id"]
    rows = [
        {"uid": f"d{index}", "webhook_id": hook, "event_id": 100 + index, "kind": "call_ended", "state": "waiting", "attempts": 0,
         "created_at": house.time}
        for index in range(5)
    ]  # fmt: skip
    async with house.database.write() as tx:
        await tx.execute(deliveries.insert(), rows)
    async with house.client("admin") as admin:
        found, cursor = [], None
        while True:
            query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
            page = (await admin.get(f"/api/v1/webhooks/{hook}/deliveries", params=query)).json()
            found += [one["delivery"] for one in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break

    assert found == ["d4", "d3", "d2", "d1", "d0", "6f0c1d5e-0000-4000-8000-000000000001"]

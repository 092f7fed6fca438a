"""Many deals by REST: filters, a bulk change, views, and what somebody keeps handed over and back."""

import pytest
from sqlalchemy import update

from crm_core.deals.tables import deals, stages
from tests.api.world import House

GATE = {"gate": "required_fields", "settings": {"fields": ["amount"]}}


async def _gated(house: House) -> None:
    async with house.context.database.write() as tx:
        await tx.execute(update(stages).where(stages.c.position == 1).values(gates=[GATE]))
        await tx.execute(update(deals).where(deals.c.id == house.world.own["deal_id"]).values(amount=100))


async def test_a_bulk_change_tells_which_went_and_what_the_others_miss(house: House) -> None:
    own, foreign, later = house.world.own["deal_id"], house.world.foreign["deal_id"], house.world.stages[2]
    await _gated(house)

    async with house.client("head") as head:
        body = {"deal_ids": [own, foreign, 9999], "deed": "stage", "stage_id": later}
        told = (await head.post("/api/v1/deals/bulk", json=body)).json()
        again = (await head.post("/api/v1/deals/bulk", json=body)).json()

    assert told["done"] == again["done"] == [own]
    assert [one["deal_id"] for one in told["refused"]] == [foreign, 9999]
    assert [[lack["what"] for lack in one["missing"]] for one in told["refused"]] == [["amount"], []]
    assert all(one["say"] for one in told["refused"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"deal_ids": [1], "deed": "stage"}, 422), ({"deal_ids": [1], "deed": "erase"}, 422),
        ({"deal_ids": [1], "deed": "owner", "owner_id": 2}, 403), ({"deal_ids": list(range(1, 1002)), "deed": "source"}, 422),
        ({"deal_ids": ["1; DROP TABLE deals"], "deed": "source"}, 422), ({"deal_ids": [0], "deed": "source"}, 422),
        ({"deal_ids": [], "deed": "source"}, 200),
    ],
)  # fmt: skip
async def test_a_bulk_change_that_cannot_be_is_refused_as_a_whole(house: House, body: dict[str, object], status: int) -> None:
    async with house.client("olga") as olga:
        assert (await olga.post("/api/v1/deals/bulk", json=body)).status_code == status


async def test_deals_are_found_by_source_and_by_what_is_missing(house: House) -> None:
    own, foreign = house.world.own["deal_id"], house.world.foreign["deal_id"]
    async with house.context.database.write() as tx:
        await tx.execute(update(deals).where(deals.c.id == own).values(source="fair"))
        await tx.execute(update(stages).where(stages.c.position == 1).values(limit_hours=1))

    async with house.client("head") as head:
        asked = ("source=fair", "stuck=true", "unowned=true", "opened_since=2030-01-01T00:00Z", "without_task=true")
        found = {query: (await head.get(f"/api/v1/deals?{query}")).json()["items"] for query in asked}

    ids = {query: sorted(item["id"] for item in items) for query, items in found.items()}
    assert ids == {"source=fair": [own], "stuck=true": sorted((own, foreign)), "unowned=true": [],
                   "opened_since=2030-01-01T00:00Z": [], "without_task=true": []}  # fmt: skip


async def test_a_view_is_kept_told_and_forgotten(house: House) -> None:
    async with house.client("olga") as olga, house.client("igor") as igor:
        made = await olga.post(
            "/api/v1/views", json={"section": "board", "name": "Stuck", "query": "stuck=1&x=1", "shared": True}
        )
        seen = (await igor.get("/api/v1/views?section=board")).json()["items"]
        refused = await igor.delete(f"/api/v1/views/{made.json()['id']}")
        gone = await olga.delete(f"/api/v1/views/{made.json()['id']}")

    assert (made.status_code, made.json()["query"]) == (201, "stuck=1")
    assert [(view["name"], view["owner"]["name"]) for view in seen] == [("Stuck", "Olga")]
    assert (refused.status_code, gone.status_code) == (403, 204)


async def test_an_administrator_hands_over_what_somebody_keeps_and_takes_it_back(house: House) -> None:
    olga, igor = house.world.people["olga"], house.world.people["igor"]

    async with house.client("admin") as admin:
        before = (await admin.get(f"/api/v1/users/{olga}/holdings")).json()
        to = {"to": [{"user_id": igor}], "deactivate": True}
        went = await admin.post(f"/api/v1/users/{olga}/hand-over", json=to)
        left = (await admin.get(f"/api/v1/users/{olga}")).json()["active"]
        deal = (await admin.get(f"/api/v1/deals/{house.world.own['deal_id']}")).json()["owner"]["id"]
        came = await admin.post(f"/api/v1/users/{olga}/hand-back")
        after = (await admin.get(f"/api/v1/users/{olga}/holdings")).json()

    assert (went.status_code, left, deal) == (200, False, igor)
    assert went.json()["records"] == sum(before.values()) > 0
    assert (came.json(), after) == (went.json(), before)


async def test_a_head_deactivates_nobody_and_a_stranger_gets_nothing(house: House) -> None:
    olga, igor, quality = house.world.people["olga"], house.world.people["igor"], house.world.people["qa"]

    async with house.client("head") as head:
        wishes = [
            {"to": [{"user_id": igor}], "deactivate": True}, {"to": [{"user_id": quality}]},
            {"to": [{"user_id": olga}]}, {"to": []},
        ]  # fmt: skip
        refused = [(await head.post(f"/api/v1/users/{olga}/hand-over", json=wish)).status_code for wish in wishes]
        deal = (await head.get(f"/api/v1/deals/{house.world.own['deal_id']}")).json()["owner"]["id"]

    assert (refused, deal) == ([403, 404, 422, 422], olga)

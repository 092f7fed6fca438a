"""Automations by programs: set up, refused with what is wrong, tried out, and their runs."""

from sqlalchemy import insert

from crm_core.deals.automations.tables import automation_runs
from tests.api.world import House
from tests.office import NOW

API = "/api/v1"


async def test_automation_is_set_up_changed_put_in_order_and_removed(house: House) -> None:
    stage = house.world.stages[2]
    async with house.client("admin") as admin:
        known = (await admin.get(f"{API}/automation-actions")).json()
        body = {
            "action": "set_task",
            "trigger": "timeout",
            "stage_id": stage,
            "when": {"hours": 5},
            "settings": {"title": "Ring"},
        }
        made = await admin.post(f"{API}/automations", json=body)
        one = made.json()
        change = {"name": "N", "settings": {"title": "Write"}, "places": -5}
        changed = await admin.patch(f"{API}/automations/{one['id']}", json=change)
        listed = (await admin.get(f"{API}/automations")).json()
        tried = (await admin.get(f"{API}/automations/{one['id']}/dry-run")).json()
        gone = await admin.delete(f"{API}/automations/{one['id']}")
        missing = await admin.get(f"{API}/automations/{one['id']}")

    assert {"set_task", "move_deal", "give_in_turn"} <= {action["name"] for action in known["actions"]}
    assert (made.status_code, one["stage"]["id"], one["when"], one["faults"], one["loop"]) == (201, stage, {"hours": 5}, [], [])
    assert (changed.json()["name"], changed.json()["settings"]["title"]) == ("N", "Write")
    assert one["id"] in [item["id"] for item in listed["items"]]
    assert (tried["items"], tried["more"], tried["fault"]) == ([], False, None)
    assert (gone.status_code, missing.status_code) == (204, 404)


async def test_what_is_refused_says_what_is_wrong(house: House) -> None:
    first, second = house.world.stages[3:5]
    async with house.client("admin") as admin:
        odd = {"action": "set_task", "trigger": "entry", "settings": {"colour": 1}}
        unknown = await admin.post(f"{API}/automations", json=odd)
        nowhere = {"action": "move_deal", "trigger": "entry", "settings": {"stage": 9999}}
        gone = await admin.post(f"{API}/automations", json=nowhere)
        there = {"action": "move_deal", "trigger": "entry", "stage_id": first, "name": "There", "settings": {"stage": second}}
        await admin.post(f"{API}/automations", json=there)
        back = {"action": "move_deal", "trigger": "timeout", "stage_id": second, "name": "Back", "settings": {"stage": first}}
        loop = await admin.post(f"{API}/automations", json=back)

    assert (unknown.status_code, unknown.json()["option"], unknown.json()["why"]) == (422, "colour", "unknown")
    assert (gone.status_code, gone.json()["fault"], gone.json()["which"]) == (422, "stage", "9999")
    assert (loop.status_code, [one["name"] for one in loop.json()["loop"]]) == (409, ["Back", "There"])


async def test_runs_of_a_deal_are_for_whoever_sees_the_deal(house: House) -> None:
    async with house.context.database.write() as tx:
        for number in range(3):
            row = {
                "rule_id": house.world.own["automation_id"], "deal_id": house.world.own["deal_id"], "at": NOW,
                "trigger": "payment", "key": f"payment:{number}", "state": "done", "facts": {"note": str(number)},
            }  # fmt: skip
            await tx.execute(insert(automation_runs).values(row))
    async with house.client("olga") as olga:
        page = (await olga.get(f"{API}/deals/{house.world.own['deal_id']}/runs", params={"limit": 2})).json()
        rest = (await olga.get(f"{API}/deals/{house.world.own['deal_id']}/runs", params={"cursor": page["next_cursor"]})).json()
        foreign = await olga.get(f"{API}/deals/{house.world.foreign['deal_id']}/runs")

    assert [run["facts"]["note"] for run in page["items"] + rest["items"]] == ["2", "1", "0"]
    assert (rest["next_cursor"], foreign.status_code) == (None, 404)

"""Pipelines and stages for programs."""

from tests.api.world import House

ADMIN = "admin"


async def test_pipelines_are_told_with_their_stages_in_order(house: House) -> None:
    async with house.client("olga") as client:
        items = (await client.get("/api/v1/pipelines")).json()["items"]

    assert [stage["name"] for stage in items[0]["stages"]][:2] == ["Входящая заявка", "Классификация"]
    assert {"id", "name", "goal", "kind", "gates", "version"} <= items[0]["stages"][0].keys()


async def test_pipeline_of_ones_own_is_planted_changed_and_ordered(house: House) -> None:
    reached = {"gate": "call_answered", "settings": {"seconds": 20}}
    async with house.client(ADMIN) as client:
        new = {"name": "Своя", "stages": [{"name": "Первый", "gates": [reached]}, {"name": "Второй", "kind": "won"}]}
        made = (await client.post("/api/v1/pipelines", json=new)).json()
        first, second = (stage["id"] for stage in made["stages"])
        renamed = await client.patch(f"/api/v1/pipelines/{made['id']}", json={"name": "Иная", "stages": [second, first]})
        read = (await client.get(f"/api/v1/pipelines/{made['id']}")).json()

    assert renamed.status_code == 200
    assert (read["name"], [stage["name"] for stage in read["stages"]]) == ("Иная", ["Второй", "Первый"])
    assert read["stages"][1]["gates"] == [{"gate": "call_answered", "settings": {"seconds": 20, "since": "stage"}}]


async def test_template_with_an_unknown_field_or_gate_is_refused_by_name_and_leaves_nothing(house: House) -> None:
    unknown = {"gate": "required_fields", "settings": {"fields": ["shoe_size"]}}
    async with house.client(ADMIN) as client:
        for gate in (unknown, {"gate": "horoscope"}):
            new = {"name": "Своя", "stages": [{"name": "Первый", "gates": [gate]}]}
            answer = await client.post("/api/v1/pipelines", json=new)
            assert answer.status_code == 422
            assert "Stage Первый: There is no" in answer.json()["detail"]
        both = await client.post("/api/v1/pipelines", json={"name": "Своя", "template": "short", "stages": [{"name": "x"}]})
        unheard = await client.post("/api/v1/pipelines", json={"template": "twelve"})
        count = len((await client.get("/api/v1/pipelines")).json()["items"])

    assert (both.status_code, unheard.status_code, count) == (422, 422, 1)


async def test_change_of_a_stage_somebody_else_changed_is_refused_and_says_who(house: House) -> None:
    async with house.client(ADMIN) as client:
        version = (await client.get("/api/v1/stages/9")).json()["version"]
        first = await client.patch("/api/v1/stages/9", json={"goal": "мою", "version": version})
        second = await client.patch("/api/v1/stages/9", json={"goal": "чужую", "version": version})

    assert (first.status_code, first.json()["goal"]) == (200, "мою")
    assert (second.status_code, second.json()["changed_by"]) == (409, "Admin")


async def test_stage_with_open_deals_is_taken_away_only_with_where_they_go(house: House) -> None:
    async with house.client(ADMIN) as client:
        refused = await client.post("/api/v1/stages/2/remove", json={})
        done = await client.post("/api/v1/stages/2/remove", json={"deals_to": 1})

    assert (refused.status_code, refused.json()["deals"]) == (409, 2)
    assert (done.status_code, done.json()["archived"]) == (200, True)


async def test_deal_is_lost_for_a_reason_of_the_list(house: House) -> None:
    deal = house.world.own["deal_id"]
    async with house.client("olga") as client:
        wrong = await client.post(f"/api/v1/deals/{deal}/lose", json={"reason_id": 99})
        lost = await client.post(f"/api/v1/deals/{deal}/lose", json={"reason_id": 1, "words": "дорого"})
        again = await client.post(f"/api/v1/deals/{deal}/reopen")

    assert (wrong.status_code, lost.json()["closed_as"], again.json()["closed_as"]) == (422, "lost", None)


async def test_kinds_of_gates_tell_what_can_be_set(house: House) -> None:
    async with house.client("olga") as client:
        kinds = {kind["name"]: kind for kind in (await client.get("/api/v1/gates")).json()["items"]}

    assert [option["name"] for option in kinds["call_answered"]["options"]] == ["seconds", "since"]

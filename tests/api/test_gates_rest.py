"""Moves by REST: what is missing is told by the contract, an override needs the right, the second of two hears who was first."""

import asyncio
from typing import Any

from sqlalchemy import select, update

from crm_core.deals.judging import fitted_gates
from crm_core.deals.tables import deals, stage_history, stages
from crm_core.meetings.tables import meetings
from tests.api.world import House

GATES = (("required_fields", {"fields": ["amount", "work_type_id"]}), ("call_answered", {"seconds": 600}))


async def guard(house: House, place: int = 1) -> int:
    """The stage the deal stands on asks for an amount and a long call; tells the next stage."""
    gates = fitted_gates([{"gate": name, "settings": settings} for name, settings in GATES])
    async with house.database.write() as tx:
        await tx.execute(update(stages).where(stages.c.id == house.world.stages[place]).values(gates=gates))
        await tx.execute(update(deals).where(deals.c.id == house.world.own["deal_id"]).values(amount=None))
    return house.world.stages[place + 1]


async def the_deal(house: House) -> Any:
    async with house.database.read() as connection:
        return (await connection.execute(select(deals).where(deals.c.id == house.world.own["deal_id"]))).one()


async def test_refused_move_says_what_is_missing(house: House) -> None:
    to, deal = await guard(house), house.world.own["deal_id"]
    async with house.client("olga") as olga:
        answer = await olga.post(f"/api/v1/deals/{deal}/move", json={"stage": to})
        told = (await olga.get(f"/api/v1/deals/{deal}/gate", params={"to": to})).json()
        assert (await olga.get(f"/api/v1/deals/{deal}/gate")).json() == told

    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert [(lack["kind"], lack["what"]) for lack in problem["missing"]] == [
        ("field", "amount"), ("field", "work_type_id"), ("evidence", "call"),
    ]  # fmt: skip
    assert {key for lack in problem["missing"] for key in lack} == {"kind", "what", "say"}
    assert problem["missing"][0]["say"] == "Не заполнено: Сумма"
    assert "%(" not in answer.text
    assert (told["holds"], told["missing"]) == (False, problem["missing"])
    assert (await the_deal(house)).stage_id == house.world.stages[1]


async def test_what_was_missing_is_put_in_and_the_deal_goes_on(house: House) -> None:
    to, deal = await guard(house), house.world.own["deal_id"]
    async with house.database.write() as tx:
        only_amount = fitted_gates([{"gate": "required_fields", "settings": {"fields": ["amount"]}}])
        await tx.execute(update(stages).where(stages.c.id == house.world.stages[1]).values(gates=only_amount))
    async with house.client("olga") as olga:
        await olga.patch(f"/api/v1/deals/{deal}", json={"amount": 100})
        answer = await olga.post(f"/api/v1/deals/{deal}/move", json={"stage": to, "expected_stage": house.world.stages[1]})

    assert (answer.status_code, answer.json()["stage_id"]) == (200, to)


async def test_override_needs_the_right_and_is_told_to_the_head(house: House) -> None:
    to, deal = await guard(house), house.world.own["deal_id"]
    move = {"stage": to, "override": "Договорились лично"}
    async with house.client("olga") as olga, house.client("head") as head:
        forbidden = await olga.post(f"/api/v1/deals/{deal}/move", json=move)
        blank = await head.post(f"/api/v1/deals/{deal}/move", json={**move, "override": "  "})
        done = await head.post(f"/api/v1/deals/{deal}/move", json=move)
        (told,) = (await head.get("/api/v1/overrides")).json()["items"]
        page = await head.get("/overrides")
        hidden = await olga.get("/api/v1/overrides")

    assert [answer.status_code for answer in (forbidden, blank, done, hidden)] == [403, 409, 200, 403]
    assert (told["deal_id"], told["reason"], told["stage"]["id"], len(told["missing"])) == (deal, move["override"], to, 3)
    assert told["missing"][0] == "Не заполнено: Сумма"
    assert "Договорились лично" in page.text


async def test_deal_is_not_opened_beyond_a_gate(house: House) -> None:
    to = await guard(house)
    new = {"contact_id": house.world.own["contact_id"], "stage_id": to}
    async with house.client("olga") as olga:
        refused = await olga.post("/api/v1/deals", json=new)
        opened = await olga.post("/api/v1/deals", json={**new, "stage_id": house.world.stages[1]})

    assert (refused.status_code, opened.status_code) == (409, 201)
    assert refused.json()["missing"][-1]["what"] == "call"


async def test_of_two_at_once_one_moves_and_the_other_is_told_where_it_went(house: House) -> None:
    deal, (here, one, other) = house.world.own["deal_id"], house.world.stages[1:4]
    async with house.client("olga") as olga, house.client("head") as head:
        answers = await asyncio.gather(
            olga.post(f"/api/v1/deals/{deal}/move", json={"stage": one, "expected_stage": here}),
            head.post(f"/api/v1/deals/{deal}/move", json={"stage": other, "expected_stage": here}),
        )

    moved, told = sorted(answers, key=lambda answer: answer.status_code)
    assert (moved.status_code, told.status_code) == (200, 409)
    assert told.json()["moved_to"]["id"] == moved.json()["stage_id"]
    async with house.database.read() as connection:
        steps = (await connection.execute(select(stage_history).where(stage_history.c.from_stage_id == here))).all()
    assert len(steps) == 1


async def test_form_sent_twice_at_once_sets_one_meeting(house: House) -> None:
    deal, (here, to) = house.world.own["deal_id"], house.world.stages[1:3]
    async with house.database.write() as tx:
        gates = fitted_gates([{"gate": "meeting_set", "settings": {"parts": ["place"]}}])
        await tx.execute(update(stages).where(stages.c.id == here).values(gates=gates))
        await tx.execute(update(meetings).values(state="cancelled"))
    sent = {"stage": str(to), "expected": str(here), "meeting.place": "Лесная, 5"}
    async with house.client("olga") as olga:
        answers = await asyncio.gather(*(olga.post(f"/deals/{deal}/supply", data=sent) for _ in range(2)))

    async with house.database.read() as connection:
        known = (await connection.execute(select(meetings).where(meetings.c.state == "planned"))).all()
    assert ([meeting.place for meeting in known], (await the_deal(house)).stage_id) == (["Лесная, 5"], to)
    assert sorted(answer.status_code for answer in answers) in ([303, 303], [303, 409])


async def test_stage_that_cannot_be_is_refused(house: House) -> None:
    deal = house.world.own["deal_id"]
    async with house.client("olga") as olga:
        answers = [await olga.get(f"/api/v1/deals/{deal}/gate", params={"to": to}) for to in (987_654, 0, "x", "")]
        foreign = await olga.get(f"/api/v1/deals/{house.world.foreign['deal_id']}/gate", params={"to": house.world.stages[2]})

    assert [answer.status_code for answer in answers] == [422] * 4
    assert foreign.status_code == 404

"""A double click sends a form twice; what was said once is kept once."""

import asyncio

import pytest
from sqlalchemy import func, select

from crm_core.calls.tables import call_remarks
from crm_core.deals.tables import notes
from crm_core.tasks.tables import tasks
from tests.api.world import House

FORMS = [
    ("olga", "/deals/{deal_id}/notes", {"text": "Позвонить до обеда"}, notes),
    ("olga", "/deals/{deal_id}/tasks", {"title": "Позвонить", "due": "2026-12-01T10:00"}, tasks),
    ("head", "/calls/{call_id}/remarks", {"text": "Хорошо начал", "second": "2"}, call_remarks),
]


async def _count(house: House, table: object) -> int:
    async with house.database.read() as connection:
        return await connection.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]


@pytest.mark.parametrize(("who", "path", "form", "table"), FORMS)
async def test_a_form_sent_twice_at_once_counts_once(
    house: House, who: str, path: str, form: dict[str, str], table: object
) -> None:
    before = await _count(house, table)
    async with house.client(who) as client:
        address = path.format_map(house.world.own)
        answers = await asyncio.gather(*(client.post(address, data=form) for _ in range(3)))

    assert {answer.status_code for answer in answers} == {303}
    assert await _count(house, table) == before + 1


@pytest.mark.parametrize(("who", "path", "form", "table"), FORMS)
async def test_what_is_said_again_later_counts_again(
    house: House, who: str, path: str, form: dict[str, str], table: object
) -> None:
    before = await _count(house, table)
    async with house.client(who) as client:
        for _ in range(2):
            await client.post(path.format_map(house.world.own), data=form)
            house.pass_by(seconds=6)

    assert await _count(house, table) == before + 2


async def test_of_two_who_move_a_deal_at_once_one_is_told_where_it_went(house: House) -> None:
    here, there, beyond = house.world.stages[1:4]
    url = f"/api/v1/deals/{house.world.own['deal_id']}/move"
    async with house.client("olga") as olga, house.client("head") as head:
        answers = await asyncio.gather(
            olga.post(url, json={"stage": there, "expected_stage": here}),
            head.post(url, json={"stage": beyond, "expected_stage": here}),
        )

    moved, refused = sorted(answers, key=lambda answer: answer.status_code)
    assert (moved.status_code, refused.status_code) == (200, 409)
    assert refused.json()["moved_to"]["id"] == moved.json()["stage_id"]

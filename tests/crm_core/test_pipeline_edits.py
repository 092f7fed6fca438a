"""Several pipelines: added, renamed, ordered, put away; and where a won deal begins anew."""

import pytest
from sqlalchemy import insert

from crm_core.deals.pipeline_edits import (
    add_pipeline,
    archive_pipeline,
    hand_over_to,
    order_pipelines,
    rename_pipeline,
    restore_pipeline,
)
from crm_core.deals.stage_edits import add_stage
from crm_core.deals.stage_queries import whole_pipelines
from crm_core.deals.tables import pipelines
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.leads.tables import lead_rules
from tests.office import NOW, Office


@pytest.fixture
async def second(office: Office) -> int:
    async with office.database.write() as tx:
        added = await add_pipeline(tx, "Повторные", by=None, now=NOW)
        await add_stage(tx, added, {"name": "Начало"}, by=None, now=NOW)
        return added


async def names(office: Office, *, archived: bool = False) -> list[str]:
    async with office.database.read() as connection:
        return [one.name for one in await whole_pipelines(connection, archived=archived)]


async def test_pipelines_are_added_renamed_and_ordered(office: Office, second: int) -> None:
    async with office.database.write() as tx:
        await rename_pipeline(tx, second, " Вторые  продажи ", by=None, now=NOW)
        await order_pipelines(tx, [second, 1], by=None, now=NOW)
        with pytest.raises(Conflict):
            await order_pipelines(tx, [second], by=None, now=NOW)
        with pytest.raises(NotFound):
            await rename_pipeline(tx, 99, "x", by=None, now=NOW)

    assert await names(office) == ["Вторые продажи", "Продажи"]


@pytest.mark.parametrize("name", ["", "x" * 81, "ПРОДАЖИ"])
async def test_name_that_is_none_or_taken_is_refused(office: Office, second: int, name: str) -> None:
    async with office.database.write() as tx:
        with pytest.raises(Invalid):
            await add_pipeline(tx, name, by=None, now=NOW)
        with pytest.raises(Invalid):
            await rename_pipeline(tx, second, name, by=None, now=NOW)


async def test_pipeline_is_put_away_and_taken_out_again(office: Office, second: int) -> None:
    async with office.database.write() as tx:
        await archive_pipeline(tx, second, by=None, now=NOW)
        with pytest.raises(Invalid):
            await archive_pipeline(tx, 1, by=None, now=NOW)

    assert (await names(office), await names(office, archived=True)) == (["Продажи"], ["Продажи", "Повторные"])
    async with office.database.write() as tx:
        await restore_pipeline(tx, second, by=None, now=NOW)
    assert await names(office) == ["Продажи", "Повторные"]


async def test_pipeline_that_is_still_named_is_not_put_away(office: Office, second: int) -> None:
    async with office.database.write() as tx:
        await hand_over_to(tx, 1, second, by=None, now=NOW)
        with pytest.raises(Conflict) as given:
            await archive_pipeline(tx, second, by=None, now=NOW)
        await tx.execute(insert(lead_rules).values(name="Ночные", position=0, then={"pipeline": second}, created_at=NOW))
        with pytest.raises(Conflict) as named:
            await archive_pipeline(tx, second, by=None, now=NOW)

    assert given.value.facts == {"handed_over_from": ["Продажи"]}
    assert "named_by" in named.value.facts


async def test_pipeline_hands_over_to_another_that_stands(office: Office, second: int) -> None:
    async with office.database.write() as tx:
        with pytest.raises(Invalid):
            await hand_over_to(tx, 1, 1, by=None, now=NOW)
        await hand_over_to(tx, 1, second, by=None, now=NOW)

    assert (await office.the(pipelines, id=1)).hands_over_to == second

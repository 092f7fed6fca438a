"""A deal that was won begins anew in the pipeline its own hands over to; once, and with its people (F1)."""

import pytest
from sqlalchemy import insert, update

from crm_core.access import Actor
from crm_core.deals.first_pipeline import CONVEYOR, REPEAT
from crm_core.deals.moves import move
from crm_core.deals.pipeline_edits import archive_pipeline, hand_over_to
from crm_core.deals.planting import plant
from crm_core.deals.stage_queries import stage_help, whole_pipeline
from crm_core.deals.tables import deal_contacts, deals, pipelines, stage_history
from crm_core.deals.template import template_named
from crm_core.event_log import events
from crm_core.tasks.tables import tasks
from crm_core.users.tables import Role
from tests.office import NOW, Office

LAST = 11


@pytest.fixture
async def repeat(office: Office) -> int:
    async with office.database.write() as tx:
        added = await plant(tx, template_named(REPEAT), "ru", by=None, now=NOW)
        await hand_over_to(tx, 1, added, by=None, now=NOW)
        return added


async def won(office: Office, deal: int) -> None:
    async with office.database.write() as tx:
        await move(tx, deal, LAST, by=None, now=NOW)


async def test_won_deal_begins_anew_with_its_customer_people_and_owner_and_a_next_task(office: Office, repeat: int) -> None:
    olga = await office.person("Ольга", "101")
    contact = await office.contact("79161112233", "Павел", company="ООО «Север»")
    decides = await office.contact("79161112234", "Марина")
    deal = await office.deal(contact, owner=olga)
    async with office.database.write() as tx:
        await tx.execute(
            insert(deal_contacts).values(deal_id=deal, contact_id=decides, role="бухгалтер", influence="decides", added_at=NOW)
        )
    await won(office, deal)

    new = await office.the(deals, handed_over_from=deal)
    async with office.database.read() as connection:
        first = (await whole_pipeline(connection, repeat)).stages[0]
    assert (new.pipeline_id, new.stage_id, new.contact_id, new.owner_id, new.source) == (
        repeat,
        first.id,
        contact,
        olga,
        "repeat",
    )
    assert (new.closed_at, new.amount, (await office.the(deals, id=deal)).closed_as) == (None, None, "won")
    assert [(row.contact_id, row.influence) for row in await office.rows(deal_contacts, deal_id=new.id)] == [(decides, "decides")]
    assert len(await office.rows(stage_history, deal_id=new.id)) == 1
    assert [task.title for task in await office.rows(tasks, deal_id=new.id)] == ["Позвонить: всё ли хорошо, что ещё нужно"]
    assert (await office.the(events, kind="deal_opened")).facts == {"handed_over_from": deal}


async def test_deal_that_is_opened_again_and_won_again_hands_over_nothing_more(office: Office, repeat: int) -> None:
    deal = await office.deal(await office.contact("79161112233"))
    await won(office, deal)
    async with office.database.write() as tx:
        await move(tx, deal, 10, by=None, now=NOW)
    await won(office, deal)

    assert len(await office.rows(deals, handed_over_from=deal)) == 1


@pytest.mark.parametrize("how", ["nowhere", "put away", "lost"])
async def test_nothing_goes_on_where_nothing_is_handed_over(office: Office, repeat: int, how: str) -> None:
    deal = await office.deal(await office.contact("79161112233"))
    async with office.database.write() as tx:
        if how == "nowhere":
            await hand_over_to(tx, 1, None, by=None, now=NOW)
        elif how == "put away":
            await tx.execute(update(pipelines).where(pipelines.c.id == repeat).values(archived_at=NOW))
    if how == "lost":
        async with office.database.write() as tx:
            await move(tx, deal, 10, by=None, now=NOW)
    else:
        await won(office, deal)

    assert await office.count(deals) == 1


async def test_pipeline_that_handed_over_to_none_can_be_put_away(office: Office, repeat: int) -> None:
    async with office.database.write() as tx:
        await hand_over_to(tx, 1, None, by=None, now=NOW)
        await archive_pipeline(tx, repeat, by=None, now=NOW)

    assert (await office.the(pipelines, id=repeat)).archived_at == NOW


async def test_each_of_the_two_deals_names_the_other(office: Office, repeat: int) -> None:
    olga = await office.person("Ольга", "101")
    deal = await office.deal(await office.contact("79161112233"), owner=olga)
    await won(office, deal)
    new = (await office.the(deals, handed_over_from=deal)).id

    async with office.database.read() as connection:
        actor = Actor(olga, Role.MANAGER, "Ольга")
        old_card, new_card = await stage_help(connection, actor, deal), await stage_help(connection, actor, new)

    assert old_card.after is not None
    assert new_card.before is not None
    assert (old_card.after.id, new_card.before.id, old_card.before, new_card.after) == (new, deal, None, None)
    assert new_card.says


def test_the_conveyor_is_what_hands_over() -> None:
    assert template_named(CONVEYOR).stages[-1].kind == "won"

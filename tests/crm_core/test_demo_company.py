"""The eleven stages every installation begins with, and the demo's company."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor
from crm_core.calls.tables import calls
from crm_core.contacts.tables import contacts
from crm_core.deals.board import read_board
from crm_core.deals.filters import DealFilters
from crm_core.deals.first_pipeline import seed_pipeline
from crm_core.deals.queries import list_pipelines
from crm_core.deals.tables import deals, pipelines, stages
from crm_core.demo.company import seed_demo_company
from crm_core.users.tables import Role, users
from tests.builders import inbound
from tests.office import NOW, Office


async def test_pipeline_has_the_eleven_stages_in_their_order(office: Office) -> None:
    rows = sorted(await office.rows(stages), key=lambda stage: stage.position)

    assert (await office.the(pipelines)).name == "Продажи"
    assert (len(rows), rows[0].name, rows[-1].name) == (11, "Входящая заявка", "Полная оплата")
    assert [row.kind for row in rows] == ["open"] * 10 + ["won"]
    assert all(row.goal and row.short_name for row in rows)


async def test_pipeline_is_seeded_once(office: Office) -> None:
    async with office.database.write() as tx:
        assert await seed_pipeline(tx) == (await office.the(pipelines)).id

    assert await office.count(stages) == 11


async def test_demo_company_is_seeded_once(office: Office) -> None:
    counts = []
    for _ in range(2):
        async with office.database.write() as tx:
            await seed_demo_company(tx, office.exchange.id, now=NOW, language="ru")
        counts.append([await office.count(table) for table in (users, contacts, deals, calls)])

    assert counts[0] == counts[1]
    assert min(counts[0]) > 0


async def test_the_demos_board_has_deals_on_each_open_stage_and_some_that_wait_for_somebody(office: Office) -> None:
    async with office.database.write() as tx:
        await seed_demo_company(tx, office.exchange.id, now=NOW, language="ru")
        head = Actor(await _head(tx), Role.HEAD, "Head")
        sales = (await list_pipelines(tx))[0].id
        board = await read_board(tx, head, sales, DealFilters(), now=NOW)

    cards = [card for column in board.columns for card in column.cards]
    assert all(column.count for column in board.columns)
    assert any(card.task is None for card in cards)
    assert any(card.owner is None for card in cards)


async def _head(tx: AsyncConnection) -> int:
    return int((await tx.execute(select(users.c.id).where(users.c.role == Role.HEAD))).scalar_one())


async def test_demos_known_caller_joins_his_deal(office: Office) -> None:
    async with office.database.write() as tx:
        await seed_demo_company(tx, office.exchange.id, now=NOW, language="ru")
    call = inbound("79161112233", linkedid="new.1").rings("101").answers("101").ends()

    await office.take(call)

    row = await office.the(calls, key="new.1")
    assert (await office.the(contacts, id=row.contact_id)).name == "Павел Ремизов"
    assert (await office.the(deals, id=row.deal_id)).title == "Интернет-магазин"


async def test_an_english_installation_begins_with_english_stages(office: Office) -> None:
    async with office.database.write() as tx:
        await tx.execute(stages.delete())
        await tx.execute(pipelines.delete())
        await seed_pipeline(tx, "en")

    names = [row.name for row in await office.rows(stages)]
    assert (names[0], names[-1], len(names)) == ("New request", "Paid in full", 11)

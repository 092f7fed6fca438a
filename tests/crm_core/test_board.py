"""The board of deals: columns, their sums, whose cards are on it and in which order."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from crm_core.access import Actor
from crm_core.calls.tables import calls
from crm_core.deals.board import Board, Column, read_board
from crm_core.deals.filters import DealFilters
from crm_core.deals.queries import list_pipelines
from crm_core.deals.tables import deals, stages
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.users.tables import Role
from tests.builders import inbound
from tests.office import NOW, Office

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)

HEAD = Actor(99, Role.HEAD, "Head")


async def the_board(office: Office, actor: Actor = HEAD, filters: DealFilters | None = None, **facts: object) -> Board:
    async with office.database.read() as connection:
        pipeline = (await list_pipelines(connection))[0].id
        return await read_board(connection, actor, pipeline, filters or DealFilters(), now=NOW, **facts)  # type: ignore[arg-type]


async def column(office: Office, place: int, actor: Actor = HEAD, **facts: object) -> Column:
    return (await the_board(office, actor, **facts)).columns[place]


async def test_a_column_counts_and_sums_all_its_deals_also_those_it_does_not_show(office: Office) -> None:
    contact = await office.contact("79160000001", "Pavel")
    for amount in (10_000, 20_000, 30_000):
        await office.set(deals, await office.deal(contact, stage=2), amount=amount)

    shown = await column(office, 2, first=2)

    assert (shown.count, shown.sums, len(shown.cards), shown.hidden) == (3, {"RUB": 60_000}, 2, 1)
    assert len((await column(office, 2, first=2, shown={shown.stage.id: 50})).cards) == 3


async def test_sums_are_weighted_by_the_chance_of_each_stage_that_has_one(office: Office) -> None:
    contact = await office.contact("79160000001")
    for stage, amount in ((1, 10_000), (2, 40_000)):
        await office.set(deals, await office.deal(contact, stage=stage), amount=amount)
    async with office.database.write() as tx:
        await tx.execute(update(stages).where(stages.c.position == 2).values(chance=25))

    board = await the_board(office)

    assert (board.count, board.sums, board.weighted) == (2, {"RUB": 50_000}, {"RUB": 10_000})


async def test_currencies_are_not_added_up(office: Office) -> None:
    contact = await office.contact("79160000001")
    await office.set(deals, await office.deal(contact), amount=10_000)
    await office.set(deals, await office.deal(contact), amount=500, currency="EUR")

    assert (await the_board(office)).sums == {"RUB": 10_000, "EUR": 500}


async def test_whoever_came_to_a_stage_last_stands_first_and_closed_deals_on_no_board(office: Office) -> None:
    contact = await office.contact("79160000001")
    older, newer = await office.deal(contact), await office.deal(contact)
    await office.set(deals, newer, stage_since=NOW)
    await office.deal(contact, closed=True)

    cards = (await column(office, 1)).cards

    assert [card.id for card in cards] == [newer, older]


async def test_a_manager_finds_his_own_deals_and_those_of_nobody(office: Office) -> None:
    olga, igor = await office.person("Olga", "101"), await office.person("Igor", "102")
    contact = await office.contact("79160000001")
    own, free, _his = [await office.deal(contact, owner=owner) for owner in (olga, None, igor)]

    shown = await column(office, 1, Actor(olga, Role.MANAGER, "Olga"))

    assert ({card.id for card in shown.cards}, shown.count) == ({own, free}, 2)


async def test_a_card_tells_the_most_urgent_task_and_how_late_its_stage_is(office: Office) -> None:
    contact = await office.contact("79160000001")
    deal, idle = await office.deal(contact, stage=1), await office.deal(contact, stage=1)
    async with office.database.write() as tx:
        for title, hours, done in (("later", 5, None), ("sooner", 1, None), ("done", -1, NOW)):
            row = {"kind": TaskKind.OTHER, "title": title, "deal_id": deal, "due_at": NOW + timedelta(hours=hours),
                   "created_at": NOW, "done_at": done}  # fmt: skip
            await tx.execute(insert(tasks).values(row))
        await tx.execute(update(stages).where(stages.c.position == 1).values(limit_hours=24))
    await office.set(deals, deal, stage_since=NOW - timedelta(hours=23))

    cards = {card.id: card for card in (await column(office, 1)).cards}

    assert [task.title for task in (cards[deal].task,) if task] == ["sooner"]
    assert (cards[deal].is_stuck, cards[idle].is_stuck, cards[idle].task) == (False, True, None)


async def test_a_deal_whose_customer_is_on_the_line_says_since_when(office: Office) -> None:
    await office.person("Olga", "101")
    contact = await office.contact("79161112233", "Pavel")
    deal = await office.deal(contact)
    story = inbound("79161112233").rings("101")

    await office.take(story)
    rings = (await column(office, 1)).cards[0].on_line
    await office.take(story.answers("101"))
    talks = (await column(office, 1)).cards[0].on_line
    await office.take(story.ends())

    assert [one.since for one in (rings, talks) if one] == [None, (await office.the(calls)).answered_at]
    assert [(card.id, card.on_line) for card in (await column(office, 1)).cards] == [(deal, None)]


async def test_the_board_is_narrowed_as_the_list_is(office: Office) -> None:
    pavel, anna = await office.contact("79160000001", "Pavel", company="North"), await office.contact("79160000002", "Anna")
    by_ad, by_call = await office.deal(pavel), await office.deal(anna)
    await office.set(deals, by_ad, source="ad")
    async with office.database.write() as tx:
        row = {"kind": TaskKind.OTHER, "title": "t", "deal_id": by_ad, "due_at": NOW, "created_at": NOW}
        await tx.execute(insert(tasks).values(row))

    found = {
        name: [card.id for column in (await the_board(office, filters=filters)).columns for card in column.cards]
        for name, filters in {
            "source": DealFilters(source="ad"), "company": DealFilters(search="north"), "number": DealFilters(search="0000002"),
            "no task": DealFilters(without_task=True), "stuck": DealFilters(stuck_at=NOW),
            "new": DealFilters(opened_since=NOW), "nobody's": DealFilters(unowned=True, source="ad"),
        }.items()
    }  # fmt: skip

    assert found == {
        "source": [by_ad], "company": [by_ad], "number": [by_call], "no task": [by_call], "stuck": [], "new": [],
        "nobody's": [by_ad],
    }  # fmt: skip


async def test_a_deleted_stage_is_on_the_board_while_a_deal_stands_there(office: Office) -> None:
    contact = await office.contact("79160000001")
    deal = await office.deal(contact, stage=3)
    async with office.database.write() as tx:
        await tx.execute(update(stages).where(stages.c.position.in_((3, 4))).values(archived_at=NOW))

    before = [column.stage.id for column in (await the_board(office)).columns]
    await office.set(deals, deal, closed_at=NOW)
    after = [column.stage.id for column in (await the_board(office)).columns]

    assert (len(before), len(after)) == (9, 8)

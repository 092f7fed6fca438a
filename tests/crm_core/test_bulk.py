"""One deed on many deals: each by the gates, rights and history of its own card; a refusal undoes no other."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from crm_core.access import Actor
from crm_core.deals.bulk import MOST, BulkChange, BulkDeed, BulkResult, change_chunk, chunks, fitting, require_lawful
from crm_core.deals.filters import DealFilters
from crm_core.deals.gate import Refused
from crm_core.deals.loss_reasons import list_loss_reasons, seed_loss_reasons
from crm_core.deals.tables import deals, stage_history, stages
from crm_core.errors import Forbidden, Invalid, NotFound
from crm_core.tasks.tables import tasks
from crm_core.users.tables import Role
from tests.office import NOW, Office

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)

AMOUNT = {"gate": "required_fields", "settings": {"fields": ["amount"]}}


async def head_of(office: Office) -> Actor:
    return Actor(await office.person("Head", role=Role.HEAD), Role.HEAD, "Head")


async def several(office: Office, count: int, **values: Any) -> list[int]:
    contact = await office.contact("79160000001", "Pavel")
    made = [await office.deal(contact, stage=1, owner=values.get("owner_id")) for _ in range(count)]
    for deal in made if values else ():
        await office.set(deals, deal, **values)
    return made


async def change(office: Office, actor: Actor, ids: list[int], deed: BulkDeed, **given: Any) -> BulkResult:
    wanted = BulkChange(deed, **given)
    require_lawful(actor, wanted)
    async with office.database.write() as tx:
        return await change_chunk(tx, actor, ids, wanted, now=NOW)


async def stage_ids(office: Office) -> list[int]:
    async with office.database.read() as connection:
        return list(await connection.scalars(select(stages.c.id).order_by(stages.c.position)))


async def test_deals_whose_gates_hold_go_and_the_others_stay_with_what_is_missing(office: Office) -> None:
    head, ids, strip = await head_of(office), await several(office, 3), await stage_ids(office)
    async with office.database.write() as tx:
        await tx.execute(update(stages).where(stages.c.position == 1).values(gates=[AMOUNT]))
    await office.set(deals, ids[1], amount=100)

    result = await change(office, head, ids, BulkDeed.STAGE, stage_id=strip[2])

    assert result.done == (ids[1],)
    assert [one.deal_id for one in result.refused] == [ids[0], ids[2]]
    assert [lack.what for one in result.refused if isinstance(one.error, Refused) for lack in one.error.missing] == ["amount"] * 2
    assert [row.stage_id for row in await office.rows(deals)] == [strip[1], strip[2], strip[1]]


async def test_asked_twice_it_is_done_once(office: Office) -> None:
    head, ids, strip = await head_of(office), await several(office, 2), await stage_ids(office)

    for _ in range(2):
        moved = await change(office, head, ids, BulkDeed.STAGE, stage_id=strip[2])
        tasked = await change(office, head, ids, BulkDeed.TASK, title="Call", due_at=NOW + timedelta(days=1))

    assert (moved.done, tasked.done) == (tuple(ids), tuple(ids))
    assert (await office.count(stage_history), await office.count(tasks)) == (2, 2)


async def test_each_deed_changes_all_that_are_chosen(office: Office) -> None:
    head, ids, igor = await head_of(office), await several(office, 2), await office.person("Igor", "102")
    async with office.database.write() as tx:
        await seed_loss_reasons(tx, "en")
        reason = (await list_loss_reasons(tx))[0].id

    await change(office, head, ids, BulkDeed.OWNER, owner_id=igor)
    await change(office, head, ids, BulkDeed.SOURCE, source="fair")
    await change(office, head, ids, BulkDeed.TASK, title="Call", due_at=NOW + timedelta(days=1))
    owners = [row.owner_id for row in await office.rows(tasks)]
    await change(office, head, ids, BulkDeed.LOSE, reason_id=reason, words="too dear")

    rows = await office.rows(deals)
    assert {(row.owner_id, row.source, row.closed_as, row.loss_reason_id) for row in rows} == {(igor, "fair", "lost", reason)}
    assert owners == [igor, igor]


async def test_a_colleagues_deal_is_neither_changed_nor_named(office: Office) -> None:
    olga, igor = await office.person("Olga", "101"), await office.person("Igor", "102")
    (his,) = await several(office, 1, owner_id=igor, title="Secret")

    result = await change(office, Actor(olga, Role.MANAGER, "Olga"), [his, 999], BulkDeed.SOURCE, source="mine now")

    assert [(one.deal_id, one.name, type(one.error)) for one in result.refused] == [(his, None, NotFound), (999, None, NotFound)]
    assert (await office.the(deals)).source is None


async def test_who_gives_nothing_away_one_by_one_does_not_do_so_in_bulk(office: Office) -> None:
    olga, igor = await office.person("Olga", "101"), await office.person("Igor", "102")
    manager, quality = Actor(olga, Role.MANAGER, "Olga"), Actor(9, Role.QA, "Quality")

    for actor, owner in ((manager, igor), (quality, igor)):
        with pytest.raises(Forbidden):
            require_lawful(actor, BulkChange(BulkDeed.OWNER, owner_id=owner))
    require_lawful(manager, BulkChange(BulkDeed.OWNER, owner_id=olga))


async def test_a_deed_that_says_too_little_changes_nothing(office: Office) -> None:
    head = await head_of(office)

    for deed in (BulkDeed.STAGE, BulkDeed.LOSE, BulkDeed.TASK):
        with pytest.raises(Invalid):
            require_lawful(head, BulkChange(deed))


async def test_all_that_fit_are_those_of_the_filters_that_one_may_see(office: Office) -> None:
    olga, igor = await office.person("Olga", "101"), await office.person("Igor", "102")
    own, his = await several(office, 2, owner_id=olga), await several_of(office, igor)

    async with office.database.read() as connection:
        seen = await fitting(connection, Actor(olga, Role.MANAGER, "Olga"), DealFilters(open=True))
        found = await fitting(connection, Actor(igor, Role.HEAD, "Igor"), DealFilters(search="anna"))

    assert (seen, found) == (((own[1], own[0]), False), ((his,), False))


async def several_of(office: Office, owner: int) -> int:
    return await office.deal(await office.contact("79160000002", "Anna"), owner=owner)


def test_each_deal_is_changed_once_and_never_more_of_them_than_is_told(database: object) -> None:
    assert [len(part) for part in chunks([*range(45), *range(45)])] == [20, 20, 5]
    with pytest.raises(Invalid):
        chunks(range(MOST + 1))

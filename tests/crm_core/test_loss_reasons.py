"""Why deals are lost: a list the company keeps, and each lost deal stands under one of it (F3, G38)."""

import pytest

from crm_core.deals.edits import lose_deal, reopen_deal
from crm_core.deals.loss_reasons import (
    add_loss_reason,
    archive_loss_reason,
    change_loss_reason,
    list_loss_reasons,
    restore_loss_reason,
    seed_loss_reasons,
)
from crm_core.deals.tables import deals, loss_reasons, stage_history
from crm_core.errors import Invalid, NotFound
from crm_core.users.tables import audit
from tests.office import NOW, Office


async def names(office: Office, *, archived: bool = False) -> list[str]:
    async with office.database.read() as connection:
        return [one.name for one in await list_loss_reasons(connection, archived=archived)]


async def test_every_installation_begins_with_reasoned_and_unreasoned_ones_and_they_are_seeded_once(office: Office) -> None:
    async with office.database.write() as tx:
        await seed_loss_reasons(tx)

    rows = await office.rows(loss_reasons)
    assert (len(rows), {row.reasoned for row in rows}) == (7, {True, False})


async def test_lost_deal_stands_under_its_reason_on_the_stage_it_was_lost_on(office: Office) -> None:
    deal = await office.deal(await office.contact("79161112233"), stage=2)
    before = await office.the(deals)
    async with office.database.write() as tx:
        await lose_deal(tx, deal, 6, "не берёт трубку", by=None, now=NOW)

    row, step = await office.the(deals), await office.the(stage_history)
    assert (row.closed_as, row.loss_reason_id, row.closed_at, row.stage_id) == ("lost", 6, NOW, before.stage_id)
    assert step.reason == "Перестали отвечать: не берёт трубку"


async def test_lost_deal_that_is_opened_again_has_no_reason(office: Office) -> None:
    deal = await office.deal(await office.contact("79161112233"))
    async with office.database.write() as tx:
        await lose_deal(tx, deal, 1, by=None, now=NOW)
        await reopen_deal(tx, deal, by=None, now=NOW)

    row = await office.the(deals)
    assert (row.closed_as, row.loss_reason_id, row.closed_at) == (None, None, None)


@pytest.mark.parametrize("reason", [2, 999])
async def test_deal_is_not_lost_for_a_reason_that_is_not_offered(office: Office, reason: int) -> None:
    deal = await office.deal(await office.contact("79161112233"))
    async with office.database.write() as tx:
        await archive_loss_reason(tx, 2, by=None, now=NOW)
        with pytest.raises(Invalid):
            await lose_deal(tx, deal, reason, by=None, now=NOW)

    assert (await office.the(deals)).closed_at is None


async def test_list_is_added_to_changed_and_shortened(office: Office) -> None:
    async with office.database.write() as tx:
        added = await add_loss_reason(tx, "  Уехали   из города ", True, by=None, now=NOW)
        await change_loss_reason(tx, added, name="Уехали", reasoned=False, by=None, now=NOW)
        await change_loss_reason(tx, added, name="Уехали", by=None, now=NOW)
        await archive_loss_reason(tx, 1, by=None, now=NOW)

    assert (await names(office))[-1] == "Уехали"
    assert "Дорого, нет бюджета" not in await names(office)
    assert (await names(office, archived=True))[-1] == "Дорого, нет бюджета"
    assert [row.deed for row in await office.rows(audit, noun="loss_reason")] == [
        "loss_reason_added", "loss_reason_changed", "loss_reason_archived",
    ]  # fmt: skip
    async with office.database.write() as tx:
        await restore_loss_reason(tx, 1, by=None, now=NOW)
    assert (await names(office))[0] == "Дорого, нет бюджета"


@pytest.mark.parametrize("name", ["", " \0 ", "x" * 121, "ДОРОГО, нет  бюджета"])
async def test_name_that_says_nothing_or_stands_there_already_is_refused(office: Office, name: str) -> None:
    async with office.database.write() as tx:
        with pytest.raises(Invalid):
            await add_loss_reason(tx, name, True, by=None, now=NOW)
        with pytest.raises(Invalid):
            await change_loss_reason(tx, 2, name=name, by=None, now=NOW)


async def test_last_reason_stays_and_unknown_ones_are_not_found(office: Office) -> None:
    async with office.database.write() as tx:
        for reason in range(1, 7):
            await archive_loss_reason(tx, reason, by=None, now=NOW)
        with pytest.raises(Invalid):
            await archive_loss_reason(tx, 7, by=None, now=NOW)
        with pytest.raises(NotFound):
            await archive_loss_reason(tx, 99, by=None, now=NOW)

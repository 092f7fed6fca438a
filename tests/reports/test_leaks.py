"""Where deals leak away: per stage, by manager, source and time, with the deals behind each figure."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from crm_core.access import Access, Actor
from crm_core.deals.edits import NewDeal, assign_deal, lose_deal, open_deal, reopen_deal
from crm_core.deals.moves import move
from crm_core.deals.tables import deals, loss_reasons, stages
from crm_core.reports.leaks import Cell, Leak, Leaks, behind, behind_all, leaks
from crm_core.reports.periods import parts_of
from crm_core.reports.visits import Fate, LeaksAsked
from crm_core.users.tables import Role
from tests.office import NOW, Office

DAY = timedelta(days=1)
BEGAN = NOW - 20 * DAY


class Road:
    """Deals are led along the first pipeline; a step takes a day."""

    def __init__(self, office: Office, olga: int, igor: int, head: int, order: list[int], pipeline: int) -> None:
        self.office, self.olga, self.igor, self.order, self.pipeline = office, olga, igor, order, pipeline
        self.head = Actor(head, Role.HEAD, "Head")

    @classmethod
    async def of(cls, office: Office) -> "Road":
        olga, igor = await office.person("Ольга", "101"), await office.person("Игорь", "102")
        rows = sorted(await office.rows(stages), key=lambda row: (row.pipeline_id, row.position))
        order = [row.id for row in rows if row.pipeline_id == rows[0].pipeline_id]
        return cls(office, olga, igor, await office.person("Анна", role=Role.HEAD), order, rows[0].pipeline_id)

    async def deal(
        self, *path: int, owner: int | None = None, source: str | None = None, lost: bool = False, at: datetime = BEGAN,
        amount: int | None = None,
    ) -> int:  # fmt: skip
        """Opened at the first stage, then a day later on each of `path`; lost a day after the last."""
        owner = owner or self.olga
        contact = await self.office.contact(f"7916{await self.office.count(deals):07}", owner=owner)
        async with self.office.database.write() as tx:
            deal = await open_deal(tx, NewDeal(contact, amount=amount, owner_id=owner, source=source), by=owner, now=at)
            for number, place in enumerate(path, start=1):
                await move(tx, deal, self.order[place], by=owner, now=at + number * DAY, may_override=True, override="test")
            if lost:
                reason = await tx.scalar(select(loss_reasons.c.id).order_by(loss_reasons.c.id).limit(1))
                await lose_deal(tx, deal, reason, "too dear", by=owner, now=at + (len(path) + 1) * DAY)
        return deal

    def asked(self, **narrower: object) -> LeaksAsked:
        return LeaksAsked(**{"pipeline_id": self.pipeline, "since": BEGAN - DAY, "until": NOW, **narrower})  # type: ignore[arg-type]

    async def report(self, by: Actor | None = None, **narrower: object) -> Leaks:
        async with self.office.database.read() as connection:
            return await leaks(connection, by or self.head, self.asked(**narrower), NOW)

    async def behind(self, place: int, fate: Fate | None = None) -> tuple[int, ...]:
        async with self.office.database.read() as connection:
            return await behind(connection, self.head, self.asked(), self.order[place], fate, NOW)


@pytest.fixture
async def road(office: Office) -> Road:
    return await Road.of(office)


def counts(leak: Leak) -> tuple[int, int, int, int, int]:
    return leak.entered, leak.passed, leak.lost, leak.back, leak.here


async def test_each_stage_tells_who_came_went_on_and_was_lost_there(road: Road) -> None:
    await road.deal(1, 2)
    await road.deal(1, lost=True, amount=5_000)
    await road.deal(lost=True)
    await road.deal()

    report = await road.report()

    assert [counts(leak) for leak in report.stages[:3]] == [(4, 2, 1, 0, 1), (2, 1, 1, 0, 0), (1, 0, 0, 0, 1)]
    assert (report.stages[0].conversion, report.stages[3].conversion) == (0.5, None)
    assert (report.stages[1].lost_amount, report.stages[1].median_seconds) == (5_000, DAY.total_seconds())
    assert (report.deals, report.won, report.lost) == (4, 0, 2)
    assert [reason.deals for reason in report.stages[1].reasons] == [1]


async def test_a_stage_flown_over_was_never_come_to(road: Road) -> None:
    await road.deal(3)

    assert [counts(leak)[:2] for leak in (await road.report()).stages[:4]] == [(1, 1), (0, 0), (0, 0), (1, 0)]


async def test_a_deal_that_goes_back_and_on_again_counts_once(road: Road) -> None:
    await road.deal(1, 0, 1, 2)
    await road.deal(1, 0)

    report = await road.report()

    assert [counts(leak) for leak in report.stages[:3]] == [(2, 2, 0, 0, 0), (2, 1, 0, 1, 0), (1, 0, 0, 0, 1)]
    assert await road.behind(1, Fate.BACK) == (2,)


async def test_a_lost_deal_leaks_where_it_was_lost_and_not_before(road: Road) -> None:
    deal = await road.deal(1, 2, lost=True)

    assert [await road.behind(place, Fate.LOST) for place in range(3)] == [(), (), (deal,)]
    assert await road.behind(0, Fate.PASSED) == (deal,)


async def test_a_deal_opened_again_is_not_lost(road: Road) -> None:
    deal = await road.deal(1, lost=True)
    async with road.office.database.write() as tx:
        await reopen_deal(tx, deal, by=road.olga, now=NOW)

    assert counts((await road.report()).stages[1]) == (1, 0, 0, 0, 1)


async def test_only_the_time_the_manager_and_the_source_asked_for(road: Road) -> None:
    await road.deal(1, source="site")
    await road.deal(1, owner=road.igor)
    await road.deal(1, at=BEGAN - 40 * DAY)

    whole = await road.report()
    assert [(one.name, one.entered) for one in whole.managers] == [("Ольга", 1), ("Игорь", 1)]
    began = road.order[0]
    assert {(one.key, one.name, one.by_stage[0]) for one in whole.sources} == {
        ("site", "site", Cell(began, 1, 1, 0, DAY.total_seconds())), ("", None, Cell(began, 1, 1, 0, DAY.total_seconds())),
    }  # fmt: skip
    assert (await road.report(owner_id=road.igor)).deals == 1
    assert (await road.report(source="site")).deals == 1
    assert (await road.report(source="")).deals == 1


async def test_a_manager_sees_the_leaks_of_his_own_deals_and_a_team_those_of_its_people(road: Road) -> None:
    await road.deal(1)
    await road.deal(owner=road.igor)
    led = Access(scopes=frozenset({("figures", "team"), ("deals", "team")}), team=frozenset({road.igor}))

    assert (await road.report(by=Actor(road.igor, Role.MANAGER, "Igor"))).deals == 1
    assert (await road.report(by=Actor(road.head.user_id, Role.HEAD, "Head", access=led))).deals == 1
    assert (await road.report()).deals == 2


async def test_each_manager_source_and_week_is_told_as_if_it_were_asked_alone(road: Road) -> None:
    await road.deal(1, 2, lost=True, source="site")
    await road.deal(1, 0, 1, owner=road.igor)
    await road.deal(1, owner=road.igor, at=BEGAN + 8 * DAY, lost=True)
    await road.deal(at=BEGAN + 9 * DAY, source="site")
    async with road.office.database.write() as tx:
        await assign_deal(tx, 4, None, by=road.olga, now=NOW)
    parts = parts_of((BEGAN - DAY).date(), NOW.date(), ZoneInfo("UTC"))
    asked = road.asked(since=parts[0].since, until=parts[-1].until)
    async with road.office.database.read() as connection:
        whole = await leaks(connection, road.head, asked, NOW, parts)

        async def alone(**narrower: object) -> tuple[object, ...]:
            told = await leaks(connection, road.head, replace(asked, **narrower), NOW)
            cells = tuple(Cell(one.stage.id, one.entered, one.passed, one.lost, one.median_seconds) for one in told.stages)
            return told.deals, told.won, told.lost, cells

        for one in whole.managers:
            by = {"owner_id": int(one.key)} if one.key else {"nobodys": True}
            assert (one.entered, one.won, one.lost, one.by_stage) == await alone(**by)
        for one in whole.sources:
            assert (one.entered, one.won, one.lost, one.by_stage) == await alone(source=one.key)
        for one, part in zip(whole.parts, parts, strict=True):
            assert (one.entered, one.won, one.lost, one.by_stage) == await alone(since=part.since, until=part.until)
    assert [one.key for one in whole.managers] == [str(road.igor), str(road.olga), ""]
    assert [one.entered for one in whole.parts if one.entered] == [2, 2, 2]


async def test_the_deals_behind_the_whole_and_behind_what_was_lost(road: Road) -> None:
    lost, open_still = await road.deal(1, lost=True), await road.deal(1)
    await road.deal(1, at=BEGAN - 40 * DAY)
    async with road.office.database.read() as connection:
        every = await behind_all(connection, road.head, road.asked())
        given_up = await behind_all(connection, road.head, road.asked(), "lost")
        nobodys = await behind_all(connection, road.head, road.asked(nobodys=True))

    assert (every, given_up, nobodys) == ((open_still, lost), (lost,), ())

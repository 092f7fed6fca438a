"""What was to be reached, what was, and what is left; facts follow from what happened alone."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm_core.access import AS_USUAL, Access, Actor
from crm_core.deals.edits import NewDeal, open_deal
from crm_core.deals.moves import move
from crm_core.deals.tables import deals, stages
from crm_core.errors import Forbidden, Invalid, NotFound
from crm_core.meetings.tables import meetings
from crm_core.reports.indicator import indicator
from crm_core.reports.periods import PeriodKind, period_with
from crm_core.reports.plan_fact import PlanFact, PlanLine, plan_fact
from crm_core.reports.planning import set_plans
from crm_core.teams.tables import team_members, teams
from crm_core.users.tables import Role, audit
from tests.builders import MORNING, inbound, internal, outbound
from tests.office import NOW, Office

ZONE = ZoneInfo("Europe/Moscow")
MONTH = period_with(PeriodKind.MONTH, date(2026, 11, 1))
QUARTER = period_with(PeriodKind.QUARTER, MONTH.begins)


class Sales:
    """Olga (101) and Igor (102), and their head."""

    def __init__(self, office: Office, olga: int, igor: int, head: int) -> None:
        self.office, self.olga, self.igor = office, olga, igor
        self.head = Actor(head, Role.HEAD, "Head")

    @classmethod
    async def of(cls, office: Office) -> "Sales":
        olga, igor = await office.person("Ольга", "101"), await office.person("Игорь", "102")
        return cls(office, olga, igor, await office.person("Анна", role=Role.HEAD))

    def manager(self, user_id: int, access: Access = AS_USUAL) -> Actor:
        return Actor(user_id, Role.MANAGER, "Manager", access=access)

    async def plans(self, name: str, wanted: dict[str, int | None], *, period=MONTH, by: Actor | None = None) -> None:
        async with self.office.database.write() as tx:
            await set_plans(tx, by or self.head, name, period, wanted, now=NOW)

    async def report(self, name: str, *, period=MONTH, by: Actor | None = None, now: datetime = NOW) -> PlanFact:
        async with self.office.database.read() as connection:
            return await plan_fact(connection, by or self.head, indicator(name), period, ZONE, now)

    async def won(self, owner: int, amount: int | None, *, at: datetime = NOW, currency: str = "RUB") -> int:
        contact = await self.office.contact(f"7916{await self.office.count(deals):07}", owner=owner)
        order = sorted(await self.office.rows(stages), key=lambda row: (row.pipeline_id, row.position))
        last = next(row for row in order if row.kind == "won")
        async with self.office.database.write() as tx:
            deal = await open_deal(tx, NewDeal(contact, amount=amount, owner_id=owner), by=owner, now=at)
            await move(tx, deal, last.id, by=owner, now=at)
        await self.office.set(deals, deal, currency=currency)
        return deal

    async def row(self, table, **values) -> None:
        async with self.office.database.write() as tx:
            await tx.execute(table.insert().values(**values))


@pytest.fixture
async def sales(office: Office) -> Sales:
    return await Sales.of(office)


def told(report: PlanFact) -> dict[str | None, tuple[int | None, int, int | None]]:
    return {line.name: (line.plan, line.fact, line.left) for line in (*report.people, report.total)}


async def test_calls_are_those_taken_and_made_with_customers(sales: Sales) -> None:
    await sales.office.take(
        inbound("79160000001").rings("101").answers("101").ends(after=30),
        inbound("79160000002", at=MORNING + 100).rings("101").ends(),
        outbound("79160000003", by="101", at=MORNING + 200).answers("101").ends(after=10),
        internal("102", "101", at=MORNING + 300).rings("101").answers("101").ends(after=5),
    )
    await sales.plans("calls", {f"user:{sales.olga}": 5, f"user:{sales.igor}": 3})

    assert told(await sales.report("calls")) == {"Ольга": (5, 2, 3), "Игорь": (3, 0, 3), None: (8, 2, 6)}
    talk = await sales.report("talk")
    assert {line.name: line.fact for line in talk.people} == {"Ольга": 40, "Игорь": 0}


async def test_won_deals_and_their_amount_are_their_owners(sales: Sales) -> None:
    await sales.won(sales.olga, 24_000_000)
    await sales.won(sales.olga, None)
    await sales.won(sales.igor, 1_000_000, currency="EUR")
    await sales.won(sales.olga, 900, at=NOW - timedelta(days=40))
    await sales.plans("won_amount", {f"user:{sales.olga}": 20_000_000})

    amount, count = await sales.report("won_amount"), await sales.report("won_deals")

    assert told(amount) == {"Ольга": (20_000_000, 24_000_000, 0), "Игорь": (None, 0, None), None: (20_000_000, 24_000_000, 0)}
    assert {line.name: line.fact for line in count.people} == {"Ольга": 2, "Игорь": 1}
    assert amount.people[1].share == pytest.approx(1.2)


async def test_meetings_count_when_they_were_held(sales: Sales) -> None:
    deal = await sales.won(sales.igor, 1)
    for state, held in (("held", NOW), ("planned", None), ("cancelled", None), ("held", NOW - timedelta(days=60))):
        await sales.row(meetings, deal_id=deal, user_id=sales.igor, state=state, held_at=held, created_at=NOW)

    assert {line.name: line.fact for line in (await sales.report("meetings")).people} == {"Ольга": 0, "Игорь": 1}


async def test_an_evening_call_belongs_to_the_houses_day_and_the_line_grows_until_today(sales: Sales) -> None:
    late = datetime(2026, 11, 20, 20, 59, tzinfo=NOW.tzinfo).timestamp()  # 23:59 in Moscow
    await sales.office.take(
        inbound("79160000001", at=late).rings("101").answers("101").ends(after=30),
        inbound("79160000002", at=late + 120).rings("101").answers("101").ends(after=30),
    )

    report = await sales.report("calls", now=datetime(2026, 11, 22, 9, tzinfo=NOW.tzinfo))

    assert (len(report.days), len(report.grown)) == (30, 22)
    assert report.grown[18:] == (0, 1, 2, 2)


async def test_a_quarters_plan_is_the_sum_of_its_months_until_it_is_set_itself(sales: Sales) -> None:
    olga = f"user:{sales.olga}"
    for period, value in ((MONTH, 10), (MONTH.after, 20)):
        await sales.plans("calls", {olga: value}, period=period)
    summed = (await sales.report("calls", period=QUARTER)).total
    await sales.plans("calls", {olga: 70}, period=QUARTER)
    itself = (await sales.report("calls", period=QUARTER)).total
    half = (await sales.report("calls", period=period_with(PeriodKind.HALF, MONTH.begins))).total

    assert [(one.plan, one.summed) for one in (summed, itself, half)] == [(30, True), (70, True), (70, True)]


async def test_a_team_and_the_house_have_plans_of_their_own_or_the_sum_of_their_peoples(sales: Sales) -> None:
    await sales.row(teams, name="Первая", created_at=NOW)
    team = (await sales.office.the(teams)).id
    await sales.row(team_members, team_id=team, user_id=sales.olga)
    await sales.plans("calls", {f"user:{sales.olga}": 5, f"user:{sales.igor}": 7})
    summed = await sales.report("calls")
    await sales.plans("calls", {f"team:{team}": 50, "house": 100})
    own = await sales.report("calls")

    def plans(report: PlanFact) -> list[tuple[int | None, bool]]:
        return [(line.plan, line.summed) for line in (*report.teams, report.total)]

    assert plans(summed) == [(5, True), (12, True)]
    assert plans(own) == [(50, False), (100, False)]


async def test_a_manager_sees_his_own_and_nothing_of_others(sales: Sales) -> None:
    await sales.plans("calls", {f"user:{sales.olga}": 5, f"user:{sales.igor}": 7, "house": 100})

    report = await sales.report("calls", by=sales.manager(sales.igor))

    assert [line.name for line in report.people] == ["Игорь"]
    assert (report.teams, report.total.plan, report.total.whose) == ((), 7, "")


async def test_plans_are_set_by_who_may_and_for_those_he_sees(sales: Sales) -> None:
    led = Access(scopes=frozenset({("figures", "team")}), team=frozenset({sales.olga}))
    team_head = Actor(sales.head.user_id, Role.HEAD, "Head", access=led)

    with pytest.raises(Forbidden):
        await sales.plans("calls", {f"user:{sales.olga}": 1}, by=sales.manager(sales.olga))
    with pytest.raises(NotFound):
        await sales.plans("calls", {f"user:{sales.igor}": 1}, by=team_head)
    with pytest.raises(Forbidden):
        await sales.plans("calls", {"house": 1}, by=team_head)
    await sales.plans("calls", {f"user:{sales.olga}": 4}, by=team_head)

    assert (await sales.report("calls")).total.plan == 4


@pytest.mark.parametrize("whose", ["user:9999", "team:77", "user:", "somebody", "user:1e3", f"user:{10**30}"])
async def test_a_plan_of_nobody_is_refused(sales: Sales, whose: str) -> None:
    with pytest.raises((Invalid, NotFound)):
        await sales.plans("calls", {whose: 1})


@pytest.mark.parametrize("value", [-1, 10**16])
async def test_a_plan_that_nobody_means_is_refused(sales: Sales, value: int) -> None:
    with pytest.raises(Invalid):
        await sales.plans("calls", {"house": value})


async def test_a_plan_is_changed_taken_away_and_told_to_the_audit(sales: Sales) -> None:
    olga = f"user:{sales.olga}"
    for value in (5, 5, 8, None):
        await sales.plans("calls", {olga: value})

    lines = await sales.office.rows(audit, deed="plans_set")
    assert [line.facts["plans"][olga] for line in lines] == [[None, 5], [5, 8], [8, None]]
    assert (await sales.report("calls")).total == PlanLine("house", None, None, summed=False, fact=0)

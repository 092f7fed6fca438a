"""Plan and fact (G34, R8, R11): what was to be reached, what was, and what is left, for each person, team and the house."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Noun
from crm_core.days import day_of
from crm_core.reports.indicator import Fact, Indicator, facts_of
from crm_core.reports.periods import MONTHS, Period, PeriodKind
from crm_core.reports.planning import HOUSE
from crm_core.reports.tables import plans
from crm_core.teams.tables import team_members, teams
from crm_core.users.tables import Role, users


@dataclass(frozen=True, slots=True)
class PlanLine:
    """`whose`: user:<id>, team:<id> or house; `name` None: the house. `summed`: the plan is the sum of shorter periods' or of the
    people's, nobody set it as such."""

    whose: str
    name: str | None
    plan: int | None
    summed: bool
    fact: int

    @property
    def share(self) -> float | None:
        """Of the plan that is fulfilled; None without one."""
        return self.fact / self.plan if self.plan else None

    @property
    def left(self) -> int | None:
        return None if self.plan is None else max(0, self.plan - self.fact)


@dataclass(frozen=True, slots=True)
class PlanFact:
    """`total`: the house, or for who sees fewer the sum of those he sees. `grown`: the total day by day, until today."""

    indicator: Indicator
    period: Period
    people: tuple[PlanLine, ...]
    teams: tuple[PlanLine, ...]
    total: PlanLine
    days: tuple[date, ...]
    grown: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Team:
    id: int
    name: str
    members: frozenset[int]


async def plan_fact(
    connection: AsyncConnection, actor: Actor, asked: Indicator, period: Period, zone: ZoneInfo, now: datetime
) -> PlanFact:
    """Of those whose figures the actor sees."""
    seen = actor.people(Noun.FIGURES)
    past = [day for day in period.days if day <= day_of(now, zone)]
    facts = await facts_of(connection, asked, past, zone, seen)
    done = _summed(facts)
    planned = await _plans(connection, asked.name, period)
    names = await _people(connection, seen, {*done, *_planned_people(planned)})
    people = tuple(_line(f"user:{one}", name, planned, done[one]) for one, name in names)
    groups = tuple(
        _of_many(f"team:{one.id}", one.name, planned, [line for line in people if _id(line) in one.members])
        for one in await _teams(connection)
        if seen is None or one.members <= seen
    )
    total = _of_many(HOUSE if seen is None else "", None, planned, people)
    return PlanFact(asked, period, people, groups, total, period.days, _grown(facts, past))


def _summed(facts: Iterable[Fact]) -> Counter[int]:
    done: Counter[int] = Counter()
    for fact in facts:
        done[fact.user_id] += fact.value
    return done


def _grown(facts: Iterable[Fact], days: Sequence[date]) -> tuple[int, ...]:
    of_day: Counter[date] = Counter()
    for fact in facts:
        of_day[fact.day] += fact.value
    grown, total = [], 0
    for day in days:
        total += of_day[day]
        grown.append(total)
    return tuple(grown)


def _line(whose: str, name: str, planned: Mapping[str, tuple[int, bool]], fact: int) -> PlanLine:
    plan, summed = planned.get(whose, (None, False))
    return PlanLine(whose, name, plan, summed, fact)


def _of_many(whose: str, name: str | None, planned: Mapping[str, tuple[int, bool]], lines: Sequence[PlanLine]) -> PlanLine:
    """What was set for them together, else the sum of their own plans."""
    fact = sum(line.fact for line in lines)
    if whose in planned:
        plan, summed = planned[whose]
        return PlanLine(whose, name, plan, summed, fact)
    of_each = [line.plan for line in lines if line.plan is not None]
    return PlanLine(whose, name, sum(of_each) if of_each else None, bool(of_each), fact)


async def _plans(connection: AsyncConnection, name: str, period: Period) -> dict[str, tuple[int, bool]]:
    """By whose: the plan of the period, and whether it is the sum of its quarters' or months' (a longer one counts before)."""
    kinds = [kind for kind in PeriodKind if MONTHS[kind] <= MONTHS[period.kind]]
    query = select(plans).where(
        plans.c.indicator == name, plans.c.begins >= period.begins, plans.c.begins < period.ends, plans.c.period.in_(kinds)
    )
    values: dict[str, dict[Period, int]] = {}
    for row in await connection.execute(query):
        values.setdefault(row.whose, {})[Period(PeriodKind(row.period), row.begins)] = row.value
    return {whose: (sum(_counted(period, known)), period not in known) for whose, known in values.items()}


def _counted(period: Period, known: Mapping[Period, int]) -> Iterable[int]:
    """The plan of a period, else those of the next shorter ones in it."""
    if period in known:
        yield known[period]
    elif period.kind is not PeriodKind.MONTH:
        shorter = PeriodKind.QUARTER if period.kind is PeriodKind.HALF else PeriodKind.MONTH
        for part in period.parts(shorter):
            yield from _counted(part, known)


def _planned_people(planned: Mapping[str, object]) -> set[int]:
    return {int(whose.removeprefix("user:")) for whose in planned if whose.startswith("user:")}


def _id(line: PlanLine) -> int:
    return int(line.whose.removeprefix("user:"))


async def _people(connection: AsyncConnection, seen: frozenset[int] | None, busy: set[int]) -> list[tuple[int, str]]:
    """Managers at work, and whoever did or should do something, by name."""
    counts = or_(users.c.active & (users.c.role == Role.MANAGER), users.c.id.in_(busy))
    query = select(users.c.id, users.c.name).where(counts).order_by(users.c.name, users.c.id)
    if seen is not None:
        query = query.where(users.c.id.in_(seen))
    return [(row.id, row.name) for row in await connection.execute(query)]


async def _teams(connection: AsyncConnection) -> list[_Team]:
    query = (
        select(teams.c.id, teams.c.name, team_members.c.user_id)
        .join(team_members, (team_members.c.team_id == teams.c.id) & team_members.c.leads.is_(False))
        .where(teams.c.archived_at.is_(None))
        .order_by(teams.c.name, teams.c.id)
    )
    members: dict[tuple[int, str], set[int]] = {}
    for team_id, name, user_id in await connection.execute(query):
        members.setdefault((team_id, name), set()).add(user_id)
    return [_Team(team_id, name, frozenset(people)) for (team_id, name), people in members.items()]

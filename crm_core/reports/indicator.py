"""What an indicator is: a name, a unit, and how its facts follow from what happened. One file of `indicators/` each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import CTE, Integer, Select, Subquery, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

import crm_core.reports.indicators
from crm_core.days import bounds
from crm_core.db import UtcTime
from crm_core.errors import Invalid
from crm_core.plugins import plugins


class Unit(StrEnum):
    COUNT = "count"
    SECONDS = "seconds"
    MONEY = "money"  # in the smallest unit of the currency


Selects = Sequence[Select[Any]]


@dataclass(frozen=True, slots=True)
class Indicator:
    """`facts(days)`: selects of day (number), user_id and value, added up together. Facts come from what happened, never from a
    form. `noun`: the records behind a figure."""

    name: str
    label: str  # a msgid
    unit: Unit
    noun: str  # calls, meetings, deals
    facts: Callable[[CTE], Selects]
    position: int


@dataclass(frozen=True, slots=True)
class Fact:
    """What somebody did on a day."""

    user_id: int
    day: date
    value: int


def indicators() -> Mapping[str, Indicator]:
    """All of them by name, in the order they are shown."""
    found: dict[str, Indicator] = dict(plugins(crm_core.reports.indicators, "INDICATOR"))
    return dict(sorted(found.items(), key=lambda one: (one[1].position, one[0])))


def indicator(name: str) -> Indicator:
    """Raises Invalid naming those there are."""
    known = indicators()
    if name not in known:
        raise Invalid(f"indicator is one of: {', '.join(known)}", field="indicator")
    return known[name]


async def facts_of(
    connection: AsyncConnection, asked: Indicator, days: Sequence[date], zone: ZoneInfo, people: frozenset[int] | None
) -> tuple[Fact, ...]:
    """Of these days, by person and day; only of `people`, of everybody while None."""
    if not days:
        return ()
    every: Subquery = union_all(*asked.facts(_calendar([bounds(day, zone) for day in days]))).subquery()
    query = select(every.c.day, every.c.user_id, func.sum(every.c.value)).where(every.c.user_id.is_not(None))
    if people is not None:
        query = query.where(every.c.user_id.in_(people))
    rows = await connection.execute(query.group_by(every.c.day, every.c.user_id))
    return tuple(Fact(user_id, days[number], round(value or 0)) for number, user_id, value in rows)


def _calendar(spans: Sequence[tuple[datetime, datetime]]) -> CTE:
    """A table of days: day (its number), since, until. What happened is found by the index of its moment, day by day."""
    rows = [
        select(
            literal(number, Integer).label("day"), literal(since, UtcTime).label("since"), literal(until, UtcTime).label("until")
        )
        for number, (since, until) in enumerate(spans)
    ]
    return union_all(*rows).cte("calendar")

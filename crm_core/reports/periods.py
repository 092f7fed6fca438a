"""Months, quarters and half-years, as plans are made for them (R11). Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from crm_core.days import bounds
from crm_core.errors import Invalid

FIRST_YEAR, LAST_YEAR = 2000, 2200


class PeriodKind(StrEnum):
    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"


MONTHS = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.HALF: 6}


@dataclass(frozen=True, slots=True)
class Period:
    """`begins` is its first day."""

    kind: PeriodKind
    begins: date

    @property
    def ends(self) -> date:
        """The first day after it."""
        return _months_later(self.begins, MONTHS[self.kind])

    @property
    def before(self) -> "Period":
        return Period(self.kind, _months_later(self.begins, -MONTHS[self.kind]))

    @property
    def after(self) -> "Period":
        return Period(self.kind, self.ends)

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.begins + timedelta(days=number) for number in range((self.ends - self.begins).days))

    def parts(self, kind: PeriodKind) -> tuple["Period", ...]:
        """The shorter periods it is made of; itself where they are as long."""
        length = MONTHS[kind]
        return tuple(Period(kind, _months_later(self.begins, number)) for number in range(0, MONTHS[self.kind], length))

    def moments(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Its first moment, and the first one after it."""
        return bounds(self.begins, zone)[0], bounds(self.ends, zone)[0]


def period_with(kind: PeriodKind, day: date) -> Period:
    """The one a day is in; raises Invalid for years that nobody plans."""
    if not FIRST_YEAR <= day.year < LAST_YEAR:
        raise Invalid("A period is of a year that somebody may live to see", field="begins")
    length = MONTHS[kind]
    return Period(kind, day.replace(month=(day.month - 1) // length * length + 1, day=1))


def _months_later(first: date, months: int) -> date:
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)


@dataclass(frozen=True, slots=True)
class Part:
    """Days of a time, from the first to the last, with its moments: `until` is the first one after it."""

    first: date
    last: date
    since: datetime
    until: datetime


MOST_WEEKS = 10
MOST_MONTHS = 24


def parts_of(first: date, last: date, zone: ZoneInfo) -> tuple[Part, ...]:
    """The weeks of a time, or its months where it is long; those at its ends only as far as it goes. None of one so long that
    nobody would read them. Raises as `span`."""
    span(first, last, zone)
    if (last - first).days > 31 * MOST_MONTHS:
        return ()
    begins = _weeks(first, last) if (last - first).days < 7 * MOST_WEEKS else _months(first, last)
    ends = [one - timedelta(days=1) for one in begins[1:]] + [last]
    return tuple(Part(one, end, *span(one, end, zone)) for one, end in zip(begins, ends, strict=True))


def _weeks(first: date, last: date) -> list[date]:
    monday = first + timedelta(days=7 - first.weekday())
    return [first, *(monday + timedelta(days=7 * number) for number in range((last - monday).days // 7 + 1))]


def _months(first: date, last: date) -> list[date]:
    begins, day = [first], _months_later(first.replace(day=1), 1)
    while day <= last:
        begins.append(day)
        day = _months_later(day, 1)
    return begins


def span(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From the first day's first moment until the last day is over; raises Invalid for days that nobody means."""
    if not (FIRST_YEAR <= first.year < LAST_YEAR and FIRST_YEAR <= last.year < LAST_YEAR) or last < first:
        raise Invalid("The first day is not later than the last, both of years somebody may live to see")
    return bounds(first, zone)[0], bounds(last, zone)[1]

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


def span(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From the first day's first moment until the last day is over; raises Invalid for days that nobody means."""
    if not (FIRST_YEAR <= first.year < LAST_YEAR and FIRST_YEAR <= last.year < LAST_YEAR) or last < first:
        raise Invalid("The first day is not later than the last, both of years somebody may live to see")
    return bounds(first, zone)[0], bounds(last, zone)[1]

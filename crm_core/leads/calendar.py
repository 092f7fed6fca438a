"""When the company works, by weekdays and single days, in the installation's zone. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FARTHEST = 366
"""Days looked ahead for working time; a company that never works counts every hour."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Minutes since midnight by the clock on the wall; `ends` up to 1440."""

    begins: int
    ends: int


USUAL_HOURS = Hours(9 * 60, 18 * 60)
USUAL_WEEK: tuple[Hours | None, ...] = (USUAL_HOURS,) * 5 + (None, None)


@dataclass(frozen=True, slots=True)
class Calendar:
    """`week` from Monday on; None: a day off. `days` are single days that differ from their weekday."""

    zone: tzinfo = UTC
    week: tuple[Hours | None, ...] = USUAL_WEEK
    days: Mapping[date, Hours | None] = field(default_factory=dict)

    def hours_of(self, day: date) -> Hours | None:
        return self.days[day] if day in self.days else self.week[day.weekday()]

    def works_at(self, moment: datetime) -> bool:
        """Whether it is working time; the last minute of a day's hours ends with it."""
        begins, ends = self._bounds(moment.astimezone(self.zone).date())
        return begins <= moment < ends

    def after(self, moment: datetime, minutes: int) -> datetime:
        """When so many minutes of working time will have passed."""
        left, day = timedelta(minutes=minutes), moment.astimezone(self.zone).date()
        for _ in range(FARTHEST):
            begins, ends = self._bounds(day)
            begins = max(begins, moment)
            if ends - begins >= left:
                return begins + left
            left -= max(ends - begins, timedelta(0))
            day += timedelta(days=1)
        return moment + timedelta(minutes=minutes)

    def _bounds(self, day: date) -> tuple[datetime, datetime]:
        """The day's working time in UTC; on a day off nothing lies between."""
        hours = self.hours_of(day) or Hours(0, 0)
        return _at(day, hours.begins, self.zone), _at(day, hours.ends, self.zone)


def calendar_of(rows: Iterable[tuple[str, str | None, str | None]], zone: tzinfo) -> Calendar:
    """From the rows of `working_hours`: day, begins, ends. What cannot be read is left as usual."""
    week, days = list(USUAL_WEEK), {}
    for day, begins, ends in rows:
        hours = None if begins is None or ends is None else hours_read(begins, ends)
        if day in WEEKDAYS:
            week[WEEKDAYS.index(day)] = hours
        else:
            days[date.fromisoformat(day)] = hours
    return Calendar(zone, tuple(week), days)


def hours_read(begins: str, ends: str) -> Hours:
    """`09:00`, `18:00`, up to `24:00`; raises ValueError if that is no time, or ends before it begins."""
    first, last = minutes_read(begins), minutes_read(ends)
    if first >= last:
        raise ValueError(f"{begins}–{ends}")
    return Hours(first, last)


def minutes_read(text: str) -> int:
    hour, _, minute = text.strip().partition(":")
    if not (
        hour.isascii() and hour.isdecimal() and minute.isascii() and minute.isdecimal() and len(hour) <= 2 and len(minute) == 2
    ):
        raise ValueError(text)
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > 1440:
        raise ValueError(text)
    return total


def told(minutes: int) -> str:
    """`540` → `09:00`."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _at(day: date, minutes: int, zone: tzinfo) -> datetime:
    if minutes == 1440:
        day, minutes = day + timedelta(days=1), 0
    return datetime.combine(day, time(minutes // 60, minutes % 60), zone).astimezone(UTC)

"""How many calls by a click a user may make: per hour, per day, and in the night. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from crm_core import days
from crm_core.dialling.refusals import Reason, Refusal
from crm_core.dialling.rules import DialRules

HOUR = timedelta(hours=1)
NEAR = 0.8
"""The share of a cap at which head and admin are told."""


@dataclass(frozen=True, slots=True)
class Cap:
    """One cap as it stands: `used` calls of `most`, counted since `since`; at `ends` it is whole again."""

    reason: Reason
    used: int
    most: int
    since: datetime
    ends: datetime

    @property
    def reached(self) -> bool:
        return self.used >= self.most

    @property
    def near(self) -> bool:
        """At 80 % or more; a cap of nothing is not neared."""
        return self.most > 0 and self.used >= threshold(self.most)


def threshold(most: int) -> int:
    return ceil(most * NEAR)


def caps_at(rules: DialRules, calls: Sequence[datetime], now: datetime, zone: ZoneInfo) -> tuple[Cap, ...]:
    """The caps that hold now, the shortest first; `calls`: when the user's calls of the last 24 hours were ordered."""
    hour_ago = now - HOUR
    midnight, tomorrow = days.bounds(days.day_of(now, zone), zone)
    in_hour = sorted(at for at in calls if at > hour_ago)
    frees = in_hour[max(0, len(in_hour) - rules.per_hour)] + HOUR if in_hour and rules.per_hour else now + HOUR
    day = sum(at >= midnight for at in calls)
    caps = [
        Cap(Reason.CAP_HOUR, len(in_hour), rules.per_hour, hour_ago, frees),
        Cap(Reason.CAP_DAY, day, rules.per_day, midnight, tomorrow),
    ]
    night = night_at(rules, now, zone)
    if night is not None:
        began, ends = night
        caps.insert(0, Cap(Reason.CAP_NIGHT, sum(at >= began for at in calls), rules.at_night, began, ends))
    return tuple(caps)


def over(caps: Sequence[Cap], now: datetime, number: str) -> Refusal | None:
    """The refusal of one more call, if a cap is reached."""
    reached = next((cap for cap in caps if cap.reached), None)
    return None if reached is None else Refusal(reached.reason, number, again_in=max(reached.ends - now, timedelta(seconds=1)))


def newly_near(caps: Sequence[Cap]) -> tuple[Cap, ...]:
    """The caps that one more call brings to 80 %: told once, by the call that crosses the line."""
    return tuple(cap for cap in caps if cap.most > 0 and cap.used + 1 == threshold(cap.most))


def night_at(rules: DialRules, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """When the night that is now began and ends; None by day. From and until alike: there is no night."""
    today = days.day_of(now, zone)
    for evening in (today, today - timedelta(days=1)):
        began = _at(evening, rules.night_from, zone)
        over_midnight = rules.night_until <= rules.night_from
        ends = _at(evening + timedelta(days=over_midnight), rules.night_until, zone)
        if rules.night_from != rules.night_until and began <= now < ends:
            return began, ends
    return None


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """That wall-clock time, in UTC: moments of one zone are compared by their wall clocks, which step twice a year."""
    return datetime.combine(day, clock, zone).astimezone(UTC)

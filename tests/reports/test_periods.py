"""Months, quarters and half-years."""

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from crm_core.errors import Invalid
from crm_core.reports.periods import PeriodKind, parts_of, period_with

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.mark.parametrize(
    ("kind", "begins", "ends"),
    [
        (PeriodKind.MONTH, date(2026, 11, 1), date(2026, 12, 1)),
        (PeriodKind.QUARTER, date(2026, 10, 1), date(2027, 1, 1)),
        (PeriodKind.HALF, date(2026, 7, 1), date(2027, 1, 1)),
    ],
)
def test_a_day_is_in_one_period_of_each_kind(kind: PeriodKind, begins: date, ends: date) -> None:
    period = period_with(kind, date(2026, 11, 22))

    assert (period.begins, period.ends, period.after.before) == (begins, ends, period)
    assert (period.days[0], len(period.days)) == (begins, (ends - begins).days)
    assert period.before.ends == begins


def test_a_period_begins_at_midnight_of_the_house() -> None:
    since, until = period_with(PeriodKind.MONTH, date(2026, 11, 22)).moments(MOSCOW)

    assert since == datetime(2026, 10, 31, 21, tzinfo=UTC)
    assert until == datetime(2026, 11, 30, 21, tzinfo=UTC)


def test_shorter_periods_fill_it() -> None:
    half = period_with(PeriodKind.HALF, date(2027, 1, 1))

    assert [part.begins.month for part in half.parts(PeriodKind.QUARTER)] == [1, 4]
    assert half.parts(PeriodKind.HALF) == (half,)


def test_a_year_nobody_plans_is_refused() -> None:
    with pytest.raises(Invalid):
        period_with(PeriodKind.MONTH, date(9999, 12, 31))


@pytest.mark.parametrize(("first", "last", "expected"), [
    ("2026-11-22", "2026-11-22", ["2026-11-22 2026-11-22"]),
    ("2026-11-23", "2026-11-29", ["2026-11-23 2026-11-29"]),
    ("2026-11-20", "2026-12-01", ["2026-11-20 2026-11-22", "2026-11-23 2026-11-29", "2026-11-30 2026-12-01"]),
    ("2026-11-15", "2027-02-02",
     ["2026-11-15 2026-11-30", "2026-12-01 2026-12-31", "2027-01-01 2027-01-31", "2027-02-01 2027-02-02"]),
    ("2020-01-01", "2026-01-01", []),
])  # fmt: skip
def test_a_time_is_cut_into_weeks_or_a_long_one_into_months(first: str, last: str, expected: list[str]) -> None:
    parts = parts_of(date.fromisoformat(first), date.fromisoformat(last), MOSCOW)

    assert [f"{part.first} {part.last}" for part in parts] == expected
    for before, after in pairwise(parts):
        assert before.until == after.since

"""Working hours by weekday and single day, in the installation's zone, also where the clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm_core.leads.calendar import Calendar, Hours, calendar_of, hours_read

MOSCOW = ZoneInfo("Europe/Moscow")
BERLIN = ZoneInfo("Europe/Berlin")


def moscow(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("moment", "works"),
    [
        ("2026-11-20T08:59", False), ("2026-11-20T09:00", True), ("2026-11-20T17:59", True), ("2026-11-20T18:00", False),
        ("2026-11-21T12:00", False),
    ],
)  # fmt: skip
def test_usual_week_is_monday_to_friday_from_nine_to_six_of_the_zone(moment: str, works: bool) -> None:
    assert Calendar(MOSCOW).works_at(moscow(moment)) is works


def test_a_single_day_counts_before_its_weekday() -> None:
    calendar = calendar_of([("2026-11-20", None, None), ("2026-11-21", "10:00", "14:00"), ("sun", "00:00", "24:00")], MOSCOW)

    works = [calendar.works_at(moscow(f"2026-11-{day}T12:00")) for day in (20, 21, 22)]

    assert works == [False, True, True]
    assert calendar.works_at(moscow("2026-11-22T23:59"))


def test_working_minutes_are_counted_over_nights_and_days_off() -> None:
    calendar = Calendar(MOSCOW)

    assert calendar.after(moscow("2026-11-20T17:50"), 15) == moscow("2026-11-23T09:05")
    assert calendar.after(moscow("2026-11-20T23:00"), 30) == moscow("2026-11-23T09:30")
    assert calendar.after(moscow("2026-11-20T10:00"), 30) == moscow("2026-11-20T10:30")


def test_a_day_on_which_the_clocks_change_has_its_own_length() -> None:
    calendar = Calendar(BERLIN, week=(Hours(0, 1440),) * 7)

    assert calendar.after(datetime(2026, 3, 28, 23, tzinfo=UTC), 23 * 60) == datetime(2026, 3, 29, 22, tzinfo=UTC)


def test_who_never_works_has_deadlines_all_the_same() -> None:
    never = Calendar(MOSCOW, week=(None,) * 7)
    moment = moscow("2026-11-20T10:00")

    assert never.after(moment, 30) == moment + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("begins", "ends"), [("18:00", "09:00"), ("9", "18:00"), ("09:60", "18:00"), ("09:00", "24:01"), ("٩:٠٠", "18:00")]
)
def test_hours_that_are_none_are_refused(begins: str, ends: str) -> None:
    with pytest.raises(ValueError, match=r"\d"):
        hours_read(begins, ends)


def test_days_are_kept_by_their_date() -> None:
    assert calendar_of([("2026-12-31", "09:00", "15:00")], MOSCOW).hours_of(date(2026, 12, 31)) == Hours(540, 900)

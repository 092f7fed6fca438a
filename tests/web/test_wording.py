"""How numbers, money and moments read."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from api.web.render import look
from api.web.wording import Wording, clock, initials, plain

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)  # Sunday, 11:30 in Moscow


def words(language: str = "ru") -> Wording:
    return look(language, ZoneInfo("Europe/Moscow")).wording


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("79161112233", "+7 916 111-22-33"), ("442079460958", "+44 20 7946 0958"), ("101", "101"),
        ("sip:odd@host", "sip:odd@host"), ("99999999999999", "99999999999999"), (None, "Номер скрыт"), ("", ""),
    ],
)  # fmt: skip
def test_a_number_reads_as_people_write_it(number: str | None, shown: str) -> None:
    assert words().phone(number).replace("\u00a0", " ") in (shown, f"+{shown}")


@pytest.mark.parametrize(
    ("seconds", "shown"), [(None, "—"), (0, "0:00"), (12.9, "0:12"), (192, "3:12"), (3600, "1:00:00"), (90061, "25:01:01")]
)
def test_a_talk_reads_in_minutes_and_seconds(seconds: float | None, shown: str) -> None:
    assert clock(seconds) == shown


@pytest.mark.parametrize(
    ("amount", "language", "shown"),
    [(24_000_000, "ru", "240 000 ₽"), (9_000_050, "ru", "90 000,50 ₽"), (24_000_000, "en", "240,000 ₽"), (None, "ru", "")],
)
def test_money_never_breaks_and_has_no_needless_kopecks(amount: int | None, language: str, shown: str) -> None:
    written = words(language).money(amount)

    assert " " not in written
    assert written.replace("\u00a0", " ") == shown


@pytest.mark.parametrize(
    ("ago", "shown"),
    [(timedelta(minutes=5), "11:25"), (timedelta(hours=12), "вчера 23:30"), (timedelta(days=3), "19 ноября 11:30"),
     (timedelta(days=400), "18 октября 2025 11:30")],
)  # fmt: skip
def test_a_moment_reads_in_the_zone_of_the_office(ago: timedelta, shown: str) -> None:
    assert words().at(NOW - ago, NOW).replace("\u00a0", " ") == shown


@pytest.mark.parametrize(
    ("until", "shown"),
    [(timedelta(hours=1), "до 12:30"), (timedelta(days=1), "завтра, до 11:30"), (timedelta(minutes=-20), "просрочено на 20 мин")],
)
def test_a_deadline_says_how_near_or_late_it_is(until: timedelta, shown: str) -> None:
    assert words().due(NOW + until, NOW).replace("\u00a0", " ") == shown


def test_a_hostile_name_is_one_harmless_line_where_no_markup_can_be() -> None:
    name = "\u202eevil\u2066\nsecond line" + "x" * 500

    line = plain(name)

    assert len(line) == 80
    assert not {"\u202e", "\u2066", "\n"} & set(line)


@pytest.mark.parametrize(("name", "shown"), [("Ольга Котова", "ОК"), ("", "?"), ("101", "1"), ("<b>", "?"), ("a b c d", "AB")])
def test_initials_are_at_most_two(name: str, shown: str) -> None:
    assert initials(name) == shown

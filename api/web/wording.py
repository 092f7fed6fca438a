"""How numbers, money, moments and names read on a page, in one language and one time zone."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
from babel import Locale
from babel.dates import format_date, format_timedelta
from babel.numbers import format_compact_decimal, format_currency, format_decimal, get_currency_symbol
from markupsafe import Markup

from api.web.translations import Texts

NO_BREAK = "\N{NO-BREAK SPACE}"
# Characters that turn the direction of the text around them; a caller may send them in his name.
TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Wording:
    """The methods are the filters of templates; every moment is shown in `zone`."""

    texts: Texts
    locale: Locale
    zone: ZoneInfo

    def filters(self) -> dict[str, Callable[..., Any]]:
        shown = (self.phone, self.money, self.short_money, self.roubles, self.count, self.time, self.day, self.at, self.full,
                 self.ago, self.lasted, self.due, self.due_short, self.long_day, self.field_time, self.since,
                 self.next_morning, self.iso_day, self.stamp)  # fmt: skip
        return {filter_.__name__: filter_ for filter_ in (*shown, clock, initials, plain, epoch, typed_number)}

    def phone(self, number: str | None) -> str:
        """`79161112233` → `+7 916 111-22-33`; extensions and what is no number stay as they are."""
        if number is None:
            return self.texts.gettext("Number withheld")
        if not (number.isascii() and number.isdecimal() and len(number) > 6):
            return number
        try:
            parsed = phonenumbers.parse(f"+{number}")
        except phonenumbers.NumberParseException:
            return number
        written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        return written.replace(" ", NO_BREAK)

    def money(self, amount: int | None, currency: str = "RUB") -> str:
        """`amount` in the smallest unit; whole sums lose their kopecks."""
        if amount is None:
            return ""
        return _money(amount, currency, self.locale.language)

    def short_money(self, amount: int | None, currency: str = "RUB") -> str:
        """`3.1M ₽`: a sum above a column, where its kopecks and thousands are of no interest."""
        if amount is None:
            return ""
        written = format_compact_decimal(amount / 100, fraction_digits=1, locale=self.locale).rstrip(".")
        symbol = get_currency_symbol(currency, locale=self.locale).replace("RUB", "₽")
        return f"{written} {symbol}".replace(" ", NO_BREAK)

    def roubles(self, amount: int | None) -> str:
        """The sum as it stands in a form's field: units without separators."""
        if amount is None:
            return ""
        return str(amount // 100) if amount % 100 == 0 else f"{amount / 100:.2f}"

    def count(self, number: float) -> str:
        return format_decimal(number, locale=self.locale)

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)

    def time(self, moment: datetime) -> str:
        local = self.local(moment)
        return f"{local.hour:02}:{local.minute:02}"

    def day(self, moment: datetime | date, now: datetime | None = None) -> str:
        """`today`, `yesterday`, `tomorrow`, else the date, with its year where it is another one."""
        today = self.local(now or datetime.now(UTC)).date()
        day = self.local(moment).date() if isinstance(moment, datetime) else moment
        return self._day(day, today)

    def _day(self, day: date, today: date) -> str:
        away = (day - today).days
        if away == 0:
            return self.texts.gettext("today")
        if abs(away) == 1:
            return self.texts.gettext("yesterday") if away < 0 else self.texts.gettext("tomorrow")
        return _written(day, self._day_pattern(with_year=day.year != today.year), self.locale.language).replace(" ", NO_BREAK)

    def since(self, moment: datetime, now: datetime | None = None) -> str:
        """`since yesterday`, `since 19 November`."""
        today = self.local(now or datetime.now(UTC)).date()
        near = {0: self.texts.gettext("since today"), 1: self.texts.gettext("since yesterday")}
        past = (today - self.local(moment).date()).days
        return near.get(past) or self.texts.gettext("since %(day)s") % {"day": self.day(moment, now)}

    def next_morning(self, now: datetime) -> datetime:
        """Ten o'clock of the next day: where a deadline begins that nobody has chosen yet."""
        return datetime.combine(self.local(now).date() + timedelta(days=1), time(10), self.zone)

    def long_day(self, moment: datetime) -> str:
        """`Sunday, 22 November`."""
        pattern = "EEEE, d MMMM" if self.locale.language == "ru" else "EEEE, MMMM d"
        return format_date(self.local(moment).date(), pattern, locale=self.locale)

    def at(self, moment: datetime, now: datetime | None = None) -> str:
        """The time alone if today, else with its day."""
        return self._at(self.local(moment), self.local(now or datetime.now(UTC)).date())

    def stamp(self, moment: datetime, now: datetime) -> Markup:
        """As `ui.moment` draws it, for what stands on a page hundreds of times: every word of it is ours."""
        local, today = self.local(moment), self.local(now).date()
        full, shown = self._full(local), self._at(local, today)
        return Markup(f'<time class="nowrap" datetime="{moment.isoformat()}" title="{full}">{shown}</time>')  # noqa: S704  ours

    def _at(self, local: datetime, today: date) -> str:
        written = f"{local.hour:02}:{local.minute:02}"
        return written if local.date() == today else f"{self._day(local.date(), today)}{NO_BREAK}{written}"

    def full(self, moment: datetime) -> str:
        """Date and time to the second, for titles."""
        return self._full(self.local(moment))

    def _full(self, local: datetime) -> str:
        day = _written(local.date(), "d MMMM y", self.locale.language)
        return f"{day}, {local.hour:02}:{local.minute:02}:{local.second:02}"

    def field_time(self, moment: datetime) -> str:
        """As `<input type="datetime-local">` wants it, in the installation's zone."""
        return self.local(moment).strftime("%Y-%m-%dT%H:%M")

    def ago(self, moment: datetime, now: datetime | None = None) -> str:
        """`6 min`: how long it is past."""
        return self.lasted(((now or datetime.now(UTC)) - moment).total_seconds())

    def lasted(self, seconds: float) -> str:
        """A length of time in one unit, as people say it."""
        shown = format_timedelta(timedelta(seconds=max(seconds, 0)), threshold=1.2, format="short", locale=self.locale)
        return shown.replace(" ", NO_BREAK).rstrip(".")

    def due(self, moment: datetime, now: datetime | None = None) -> str:
        """`by 13:00`, `tomorrow by 13:00`, or by how much it is late."""
        now = now or datetime.now(UTC)
        if moment < now:
            return self.texts.gettext("late by %(time)s") % {"time": self.ago(moment, now)}
        by = self.texts.gettext("by %(time)s") % {"time": self.time(moment)}
        near = self.local(moment).date() == self.local(now).date()
        return (by if near else f"{self.day(moment, now)}, {by}").replace(" ", NO_BREAK)

    def due_short(self, moment: datetime, now: datetime) -> str:
        """`by 13:00` today, else the day alone: for what has little room."""
        if self.local(moment).date() == self.local(now).date():
            return self.due(moment, now)
        return self.day(moment, now)

    def iso_day(self, day: str) -> str:
        """`2026-11-22` with its month in words and its year."""
        pattern = "d MMMM y" if self.locale.language == "ru" else "MMMM d, y"
        return format_date(date.fromisoformat(day), pattern, locale=self.locale).replace(" ", NO_BREAK)

    def _day_pattern(self, *, with_year: bool) -> str:
        if self.locale.language == "ru":
            return "d MMMM y" if with_year else "d MMMM"
        return "MMMM d, y" if with_year else "MMMM d"


@lru_cache(10_000)
def _money(amount: int, currency: str, language: str) -> str:
    """Kept: a board names hundreds of sums, and the same again at each event."""
    pattern = "#,##0 ¤" if amount % 100 == 0 else "#,##0.00 ¤"
    written = format_currency(amount / 100, currency, pattern, locale=language, currency_digits=False)
    return written.replace("RUB", "₽").replace(" ", NO_BREAK)


@lru_cache(4000)
def _written(day: date, pattern: str, language: str) -> str:
    """Kept: a page of a long history writes the same few days hundreds of times, and each costs as much as a query's row."""
    return format_date(day, pattern, locale=language)


def clock(seconds: float | None) -> str:
    """Seconds → `m:ss`, `h:mm:ss` from an hour on; an em dash where there is nothing."""
    if not seconds:
        return "—" if seconds is None else "0:00"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def typed_number(number: float) -> str:
    """As it stands in a form's field: no separators, no needless zeros."""
    return str(int(number)) if float(number).is_integer() else repr(float(number))


def initials(name: str) -> str:
    """At most two letters."""
    letters = [word[0] for word in name.split() if word[0].isalnum()]
    return "".join(letters[:2]).upper() or "?"


def plain(text: str | None, longest: int = 80) -> str:
    """One line without characters that turn direction, for titles and notifications that take no markup."""
    line = " ".join(TURNING.sub("", text or "").split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def epoch(moment: datetime) -> int:
    """Milliseconds, as scripts count."""
    return int(moment.timestamp() * 1000)

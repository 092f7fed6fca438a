"""Periods and values of indicators, in the reader's language; and plans as people type them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_percent

from api.web.typed import amount_typed, number_typed
from api.web.wording import NO_BREAK, Wording, clock, typed_number
from crm_core.errors import Invalid
from crm_core.reports.indicator import Indicator, Unit
from crm_core.reports.periods import Period, PeriodKind

HOUR = 3600


@dataclass(frozen=True, slots=True)
class PlanWords:
    """Given to templates as `plan_words`."""

    wording: Wording

    def name(self, one: Indicator) -> str:
        return self.wording.texts.gettext(one.label)

    def period(self, period: Period) -> str:
        """`November 2026`, `Q4 2026`, `second half of 2026`."""
        gettext, begins = self.wording.texts.gettext, period.begins
        if period.kind is PeriodKind.MONTH:
            return format_date(begins, "LLLL y", locale=self.wording.locale).replace(" ", NO_BREAK)
        if period.kind is PeriodKind.QUARTER:
            return gettext("Q%(number)s %(year)s") % {"number": begins.month // 3 + 1, "year": begins.year}
        words = gettext("first half of %(year)s") if begins.month == 1 else gettext("second half of %(year)s")
        return words % {"year": begins.year}

    def kind(self, kind: PeriodKind) -> str:
        pgettext = self.wording.texts.pgettext
        names = {
            PeriodKind.MONTH: pgettext("plan", "Month"), PeriodKind.QUARTER: pgettext("plan", "Quarter"),
            PeriodKind.HALF: pgettext("plan", "Half-year"),
        }  # fmt: skip
        return names[kind]

    def value(self, unit: Unit, value: int | None) -> str:
        """Calls as a number, talk as h:mm:ss, amounts in roubles; an em dash where there is none."""
        if value is None:
            return "—"
        if unit is Unit.MONEY:
            return self.wording.money(value)
        return clock(value) if unit is Unit.SECONDS else self.wording.count(value)

    def share(self, share: float | None) -> str:
        """Cut, not rounded: 100 % is a plan that is fulfilled."""
        if share is None:
            return "—"
        return format_percent(int(share * 100) / 100, "#,##0 %", locale=self.wording.locale).replace(" ", NO_BREAK)

    def state(self, share: float | None, passed: float) -> str:
        """`late` when less is done than the share of the time that has passed, `far` when not even half of that."""
        if share is None or share >= passed:
            return ""
        return "far" if share < passed / 2 else "late"

    def in_what(self, unit: Unit) -> str:
        gettext = self.wording.texts.gettext
        return {Unit.MONEY: "₽", Unit.SECONDS: gettext("hours"), Unit.COUNT: ""}[unit]

    def typed(self, unit: Unit, value: int | None) -> str:
        """As it stands in a form: roubles, hours, or a plain number."""
        if value is None:
            return ""
        if unit is Unit.MONEY:
            return self.wording.roubles(value)
        return typed_number(round(value / HOUR, 2)) if unit is Unit.SECONDS else str(value)


def plan_typed(unit: Unit, text: str) -> int | None:
    """In the indicator's unit; empty: no plan. Raises Invalid."""
    if unit is Unit.MONEY:
        return amount_typed(text)
    number = number_typed(text)
    if number is None:
        return None
    exact = Decimal(str(number)) * (HOUR if unit is Unit.SECONDS else 1)
    if exact < 0 or (unit is Unit.COUNT and exact != exact.to_integral_value()):
        raise Invalid("A plan is a number that can be counted", field="plan")
    return int(exact.to_integral_value())


def plotted(unit: Unit, value: float) -> float:
    """As it is drawn: roubles, hours, or a plain number."""
    return round(value / {Unit.MONEY: 100, Unit.SECONDS: HOUR, Unit.COUNT: 1}[unit], 2)


def chart_of(told: Any) -> dict[str, Any]:
    """Days of the period, what was done until each, and an even plan; see `assets/src/chart.js`."""
    unit, days, plan = told.indicator.unit, len(told.days), told.total.plan
    fact = [plotted(unit, value) for value in told.grown] + [None] * (days - len(told.grown))
    even = None if plan is None else [plotted(unit, plan * (number + 1) / days) for number in range(days)]
    return {"first": told.days[0].isoformat(), "fact": fact, "plan": even}

"""Plan and fact: one indicator in one month, quarter or half-year; and setting plans."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.web.plan_words import PlanWords, chart_of, plan_typed
from api.web.trust import period_trust
from api.web.typed import day_typed
from api.web.visit import Visit, VisitNow, back_to
from crm_core.access import Right
from crm_core.days import day_of
from crm_core.errors import Invalid
from crm_core.reports.indicator import indicator, indicators
from crm_core.reports.periods import Period, PeriodKind, period_with
from crm_core.reports.plan_fact import PlanFact, plan_fact
from crm_core.reports.planning import set_plans

router = APIRouter()

FIRST = "won_amount"
PLAN = "plan."
MOST_FIELDS = 600


@dataclass(frozen=True, slots=True)
class Asked:
    """`begins`: any day of the period, as `2026-11-22`; today's while empty."""

    indicator: Annotated[str, Query(max_length=40)] = FIRST
    period: PeriodKind = PeriodKind.MONTH
    begins: Annotated[str, Query(max_length=10)] = ""

    def query(self, **instead: str) -> str:
        return urlencode({"indicator": self.indicator, "period": self.period.value, "begins": self.begins, **instead})


AskedNow = Annotated[Asked, Depends()]


@router.get("/plan")
async def page(visit: VisitNow, asked: AskedNow) -> Response:
    return await visit.page("plan/page.html", "plan", **await _told(visit, asked))


@router.get("/plan/figures")
async def part(visit: VisitNow, asked: AskedNow) -> Response:
    return visit.part("plan/_figures.html", **await _told(visit, asked))


@router.get("/plan/edit")
async def form(visit: VisitNow, asked: AskedNow) -> Response:
    visit.require(Right.PLAN)
    return await visit.page("plan/edit.html", "plan", **await _told(visit, asked), typed={}, refused=None)


@router.post("/plan")
async def keep(visit: VisitNow, asked: AskedNow) -> Response:
    """What was typed, all or nothing; a plan that cannot be read is said beside its field."""
    visit.require(Right.PLAN)
    sent = await visit.request.form(max_fields=MOST_FIELDS)
    typed = {name.removeprefix(PLAN): str(value)[:40] for name, value in sent.items() if name.startswith(PLAN)}
    unit, period = indicator(asked.indicator).unit, _period(visit, asked)
    try:
        wanted = {whose: plan_typed(unit, text) for whose, text in typed.items()}
        async with visit.context.database.write() as tx:
            await set_plans(tx, visit.actor, asked.indicator, period, wanted, now=visit.now)
    except Invalid:
        refused = visit.say("A plan is a number such as 120 or 1 500 000. Nothing was kept.")
        return await visit.page("plan/edit.html", "plan", 422, **await _told(visit, asked), typed=typed, refused=refused)
    return back_to(f"/plan?{asked.query()}")


def _period(visit: Visit, asked: Asked) -> Period:
    return period_with(asked.period, day_typed(asked.begins) or day_of(visit.now, visit.context.settings.zone))


async def _told(visit: Visit, asked: Asked) -> dict[str, Any]:
    period, zone = _period(visit, asked), visit.context.settings.zone
    told = await plan_fact(visit.connection, visit.actor, indicator(asked.indicator), period, zone, visit.now)
    since, until = period.moments(zone)
    return {
        "told": told, "asked": asked, "indicators": list(indicators().values()), "kinds": list(PeriodKind),
        "plan_words": PlanWords(visit.look.wording), "chart": chart_of(told), "passed": _passed(told),
        "left_days": len(told.days) - len(told.grown), "may_plan": visit.may(Right.PLAN),
        **await period_trust(visit, since, until),
    }  # fmt: skip


def _passed(told: PlanFact) -> float:
    """The share of the period's days that are over or go on."""
    return len(told.grown) / len(told.days)

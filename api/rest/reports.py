"""`reports`: plan and fact, and where deals leak away; `plans`. Figures follow from what happened alone."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.deps import Context, CurrentActor, ReadDb, RowId
from api.rest.models import Answer
from crm_core.days import day_of
from crm_core.deals.queries import list_pipelines
from crm_core.errors import NotFound
from crm_core.reports import leaks as leaking
from crm_core.reports.indicator import Unit, indicator, indicators
from crm_core.reports.leaks import Leak, Slice
from crm_core.reports.periods import PeriodKind, parts_of, period_with, span
from crm_core.reports.plan_fact import PlanFact, PlanLine, plan_fact
from crm_core.reports.planning import MOST, set_plans
from crm_core.reports.visits import LeaksAsked

router = APIRouter(tags=["reports"])

FIRST = "won_amount"
NAMES: dict[str, Any] = {"enum": sorted(indicators())}


class PlanLineOut(Answer):
    """`whose`: `user:<id>`, `team:<id>` or `house`. `summed`: the sum of shorter periods' or of people's plans."""

    whose: str
    name: str | None
    plan: int | None
    summed: bool
    fact: int
    share: float | None
    left: int | None

    @staticmethod
    def of(line: PlanLine) -> "PlanLineOut":
        return PlanLineOut(
            whose=line.whose, name=line.name, plan=line.plan, summed=line.summed, fact=line.fact, share=line.share, left=line.left
        )


class PlanFactOut(Answer):
    """`unit`: what values are in: count, seconds, money (kopecks). `grown`: the total day by day from `begins`, until today."""

    indicator: str
    unit: Unit
    period: PeriodKind
    begins: date
    ends: date
    people: list[PlanLineOut]
    teams: list[PlanLineOut]
    total: PlanLineOut
    grown: list[int]

    @staticmethod
    def of(told: PlanFact) -> "PlanFactOut":
        return PlanFactOut(
            indicator=told.indicator.name, unit=told.indicator.unit, period=told.period.kind, begins=told.period.begins,
            ends=told.period.ends, people=[PlanLineOut.of(line) for line in told.people],
            teams=[PlanLineOut.of(line) for line in told.teams], total=PlanLineOut.of(told.total), grown=list(told.grown),
        )  # fmt: skip


class PlansIn(BaseModel):
    """`plans`: by whose (`user:<id>`, `team:<id>`, `house`); null takes a plan away, who is left out keeps his."""

    indicator: str = Field(json_schema_extra=NAMES)
    period: PeriodKind
    begins: date
    plans: dict[str, Annotated[int, Field(ge=0, le=MOST)] | None] = Field(max_length=500)


class ReasonOut(Answer):
    name: str | None
    reasoned: bool
    deals: int


class LeakOut(Answer):
    """`passed` went on, `lost` were lost here, `back` went back, `here` still stand here. `conversion`: 0..1."""

    stage_id: int
    stage: str
    entered: int
    passed: int
    lost: int
    back: int
    here: int
    conversion: float | None
    median_seconds: float | None
    lost_amount: int
    reasons: list[ReasonOut]

    @staticmethod
    def of(leak: Leak) -> "LeakOut":
        return LeakOut(
            stage_id=leak.stage.id, stage=leak.stage.name, entered=leak.entered, passed=leak.passed, lost=leak.lost,
            back=leak.back, here=leak.here, conversion=leak.conversion, median_seconds=leak.median_seconds,
            lost_amount=leak.lost_amount, reasons=[ReasonOut.model_validate(one) for one in leak.reasons],
        )  # fmt: skip


class CellOut(Answer):
    stage_id: int
    entered: int
    passed: int
    lost: int
    median_seconds: float | None


class SliceOut(Answer):
    """`key`: a manager's id, a source's name, or the first day of a part of the time; empty: deals without. `by_stage` has the
    order of `stages`."""

    key: str
    name: str | None
    entered: int
    won: int
    lost: int
    by_stage: list[CellOut]

    @staticmethod
    def of(one: Slice) -> "SliceOut":
        return SliceOut.model_validate(one)


class LeaksOut(Answer):
    deals: int
    won: int
    lost: int
    stages: list[LeakOut]
    managers: list[SliceOut]
    sources: list[SliceOut]
    parts: list[SliceOut] = Field(description="weeks of the time; months of one that is longer than ten weeks")


@router.get("/reports/plan", response_model=PlanFactOut)
async def report_of_plan(
    actor: CurrentActor, connection: ReadDb, context: Context,
    name: Annotated[str, Query(alias="indicator", json_schema_extra=NAMES)] = FIRST,
    period: PeriodKind = PeriodKind.MONTH,
    begins: Annotated[date | None, Query(description="any day of the period; today's if left out")] = None,
) -> PlanFactOut:  # fmt: skip
    """Of those whose figures you may see; `total` is the house where you see everybody's."""
    zone, now = context.settings.zone, context.now()
    wanted = period_with(period, begins or day_of(now, zone))
    return PlanFactOut.of(await plan_fact(connection, actor, indicator(name), wanted, zone, now))


@router.put("/plans", response_model=PlanFactOut)
async def plan(new: PlansIn, actor: CurrentActor, context: Context) -> PlanFactOut:
    """Needs the right to plan (403); people and teams whose figures you do not see are not found (404)."""
    wanted = period_with(new.period, new.begins)
    async with context.database.write() as tx:
        await set_plans(tx, actor, new.indicator, wanted, new.plans, now=context.now())
        told = await plan_fact(tx, actor, indicator(new.indicator), wanted, context.settings.zone, context.now())
    return PlanFactOut.of(told)


@router.get("/reports/leaks", response_model=LeaksOut)
async def report_of_leaks(
    actor: CurrentActor, connection: ReadDb, context: Context, pipeline_id: RowId | None = None,
    since: Annotated[date | None, Query(description="first day; the month's if left out")] = None,
    until: Annotated[date | None, Query(description="last day; today if left out")] = None,
    owner_id: RowId | None = None,
    source: Annotated[str | None, Query(max_length=300, description="empty: deals without one")] = None,
) -> LeaksOut:  # fmt: skip
    """Of the deals you may see that came to a stage of the pipeline (the first, if left out) in that time."""
    zone, now = context.settings.zone, context.now()
    today = day_of(now, zone)
    first, last = since or today.replace(day=1), until or today
    asked = LeaksAsked(await _pipeline(connection, pipeline_id), *span(first, last, zone), owner_id, source)
    told = await leaking.leaks(connection, actor, asked, now, parts_of(first, last, zone))
    return LeaksOut(
        deals=told.deals, won=told.won, lost=told.lost, stages=[LeakOut.of(one) for one in told.stages],
        managers=[SliceOut.of(one) for one in told.managers], sources=[SliceOut.of(one) for one in told.sources],
        parts=[SliceOut.of(one) for one in told.parts],
    )  # fmt: skip


async def _pipeline(connection: ReadDb, wanted: int | None) -> int:
    for one in await list_pipelines(connection):
        if wanted in (None, one.id):
            return one.id
    raise NotFound(noun="pipelines", id=wanted)

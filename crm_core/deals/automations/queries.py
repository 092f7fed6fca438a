"""Reads of automations and of their runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import paging, references
from crm_core.access import Actor, Right, require, visible
from crm_core.contacts.tables import companies, contacts
from crm_core.deals.automations.checking import Fault, faults_of, known
from crm_core.deals.automations.loops import Loop, loops
from crm_core.deals.automations.rules import ORDER, Rule, rule_of
from crm_core.deals.automations.tables import automation_runs, automations
from crm_core.deals.tables import deals, pipelines, stages
from crm_core.errors import NotFound
from crm_core.paging import Page
from crm_core.references import ContactRef, DealRef, StageRef
from crm_core.users.tables import users

LATELY = timedelta(days=30)
_OF_RULE = (automations.c.name.label("rule_name"), automations.c.action, automations.c.settings)
RUN_SORTS = paging.sorts(automation_runs.c.id, {"at": automation_runs.c.at})


@dataclass(frozen=True, slots=True)
class AutomationLine:
    """`stage` and `pipeline` as they are called, also where they were deleted; `faults`: what keeps it from running; `loop`: the
    automations it would send a deal round with; `counts`: its runs of the last thirty days by state."""

    rule: Rule
    stage: StageRef | None
    pipeline: str | None
    faults: tuple[Fault, ...]
    loop: Loop = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunLine:
    """A time an automation ran, or declined to. `why`, `facts`: see `carrying`; they are worded by whoever shows them.

    `names`: how what the facts speak of is called: `stage`, `owner`, and the automations of a loop by `rule <id>`.
    """

    id: int
    rule_id: int
    rule_name: str | None
    action: str
    at: datetime
    trigger: str
    state: str
    why: str | None
    facts: Mapping[str, Any]
    deal_id: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    deal: DealRef | None = None
    contact: ContactRef | None = None
    names: Mapping[str, str] = field(default_factory=dict)


async def list_automations(connection: AsyncConnection, actor: Actor, now: datetime) -> tuple[AutomationLine, ...]:
    """All of them, in their order. Raises Forbidden."""
    require(actor, Right.SETTINGS)
    rows = (await connection.execute(_lines())).all()
    rules = [rule_of(row) for row in rows]
    there, counts = await known(connection), await _counts(connection, now)
    rounds = loops([rule for rule in rules if rule.active])
    return tuple(
        AutomationLine(
            rule, _stage(row), row.pipeline_name, faults_of(rule, there),
            next((loop for loop in rounds if rule in loop), ()), counts.get(rule.id, {}), row.last_at,
        )
        for rule, row in zip(rules, rows, strict=True)
    )  # fmt: skip


async def automation(connection: AsyncConnection, actor: Actor, automation_id: int, now: datetime) -> AutomationLine:
    """Raises Forbidden, NotFound."""
    for line in await list_automations(connection, actor, now):
        if line.rule.id == automation_id:
            return line
    raise NotFound(noun="automations", id=automation_id)


async def list_runs(
    connection: AsyncConnection, actor: Actor, automation_id: int | None = None, *, state: str | None = None,
    sort: str = "-at", cursor: str | None = None, limit: int = 50,
) -> Page[RunLine]:  # fmt: skip
    """Runs on deals that the actor may see, newest first. Raises Forbidden, Invalid."""
    require(actor, Right.SETTINGS)
    order = paging.sort_named(RUN_SORTS, sort)
    query = _runs(actor).where(visible(actor, deals))
    if automation_id is not None:
        query = query.where(automation_runs.c.rule_id == automation_id)
    if state is not None:
        query = query.where(automation_runs.c.state == state)
    rows = (await connection.execute(paging.continued(query, order, cursor, limit))).all()
    return paging.page_of(rows, await named(connection, [_run(row) for row in rows[:limit]]), order, limit)


OF_DEALS = select(automation_runs, *_OF_RULE).join(automations)
"""Runs without the names of their deals; whoever sees a deal sees what ran on it."""


async def list_runs_of_deal(
    connection: AsyncConnection, deal_id: int, *, cursor: str | None = None, limit: int = 50
) -> Page[RunLine]:
    """Newest first; the deal itself must have been found visible before. Raises Invalid."""
    order = paging.sort_named(RUN_SORTS, "-at")
    query = OF_DEALS.where(automation_runs.c.deal_id == deal_id)
    rows = (await connection.execute(paging.continued(query, order, cursor, limit))).all()
    return paging.page_of(rows, [run_line(row) for row in rows[:limit]], order, limit)


def run_line(row: Any) -> RunLine:
    return RunLine(
        row.id, row.rule_id, row.rule_name, row.action, row.at, row.trigger, row.state, row.why, row.facts, row.deal_id,
        row.settings,
    )  # fmt: skip


def _lines() -> Select[Any]:
    last = select(func.max(automation_runs.c.at)).where(automation_runs.c.rule_id == automations.c.id)
    return (
        select(
            automations, stages.c.name.label("stage_name"), stages.c.short_name.label("stage_short_name"),
            pipelines.c.name.label("pipeline_name"), last.correlate(automations).scalar_subquery().label("last_at"),
        )
        .select_from(
            automations.outerjoin(stages, stages.c.id == automations.c.stage_id)
            .outerjoin(pipelines, pipelines.c.id == automations.c.pipeline_id)
        )
        .where(automations.c.archived_at.is_(None))
        .order_by(*ORDER)
    )  # fmt: skip


async def _counts(connection: AsyncConnection, now: datetime) -> Mapping[int, Mapping[str, int]]:
    runs = automation_runs
    query = select(runs.c.rule_id, runs.c.state, func.count().label("runs")).where(runs.c.at > now - LATELY)
    counts: dict[int, dict[str, int]] = {}
    for row in await connection.execute(query.group_by(runs.c.rule_id, runs.c.state)):
        counts.setdefault(row.rule_id, {})[row.state] = row.runs
    return counts


def _runs(actor: Actor) -> Select[Any]:
    return (
        select(
            automation_runs, *_OF_RULE,
            deals.c.title.label("deal_title"), deals.c.amount.label("deal_amount"), deals.c.currency.label("deal_currency"),
            visible(actor, deals).label("deal_opens"), stages.c.id.label("deal_stage_id"), stages.c.name.label("deal_stage_name"),
            stages.c.short_name.label("deal_stage_short_name"), contacts.c.id.label("contact_id"),
            contacts.c.name.label("contact_name"), visible(actor, contacts).label("contact_opens"),
            companies.c.id.label("company_id"), companies.c.name.label("company_name"),
        )
        .select_from(
            automation_runs.join(automations, automations.c.id == automation_runs.c.rule_id)
            .join(deals, deals.c.id == automation_runs.c.deal_id)
            .join(stages, stages.c.id == deals.c.stage_id)
            .outerjoin(contacts, contacts.c.id == deals.c.contact_id)
            .outerjoin(companies, companies.c.id == contacts.c.company_id)
        )
    )  # fmt: skip


def _run(row: Any) -> RunLine:
    return RunLine(
        row.id, row.rule_id, row.rule_name, row.action, row.at, row.trigger, row.state, row.why, row.facts, row.deal_id,
        row.settings, references.deal(row), references.contact(row),
    )  # fmt: skip


def _stage(row: Any) -> StageRef | None:
    return None if row.stage_id is None else StageRef(row.stage_id, row.stage_name, row.stage_short_name)


async def named(connection: AsyncConnection, runs: Sequence[RunLine]) -> tuple[RunLine, ...]:
    """The runs with the names of what their facts speak of, also of what was deleted since."""
    of_stages = await _names(connection, stages, {run.facts.get("stage") for run in runs})
    of_users = await _names(connection, users, {run.facts.get("owner") for run in runs})
    of_rules = await _names(connection, automations, {rule for run in runs for rule in run.facts.get("rules", ())})
    return tuple(
        replace(run, names={
            "stage": of_stages.get(run.facts.get("stage"), ""), "owner": of_users.get(run.facts.get("owner"), ""),
            **{f"rule {rule}": of_rules.get(rule) or "" for rule in run.facts.get("rules", ())},
        })
        for run in runs
    )  # fmt: skip


async def _names(connection: AsyncConnection, table: Any, ids: set[Any]) -> Mapping[Any, str]:
    known = [one for one in ids if isinstance(one, int)]
    if not known:
        return {}
    rows = await connection.execute(select(table.c.id, table.c.name).where(table.c.id.in_(known)))
    return {row.id: row.name for row in rows}

"""The occasions of the past that an automation would have been set going by, newest first."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.tables import calls
from crm_core.db import UtcTime
from crm_core.deals.automations.rules import Rule
from crm_core.deals.automations.triggers import met
from crm_core.deals.automations.words import Trigger
from crm_core.deals.tables import deals, stage_history
from crm_core.event_log import events
from crm_core.events import EventKind
from crm_core.requests.tables import requests
from crm_core.tags.tables import call_tags
from crm_core.tasks.tables import tasks


@dataclass(frozen=True, slots=True)
class Past:
    """A deal at a moment, on the stage where it stood then."""

    deal_id: int
    at: datetime
    stage_id: int
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    since: datetime
    until: datetime
    most: int


async def past_of(connection: AsyncConnection, rule: Rule, since: datetime, until: datetime, most: int) -> Sequence[Past]:
    """At most so many, newest first."""
    return await _PAST[rule.trigger](connection, rule, Span(since, until, most))


async def _entries(connection: AsyncConnection, rule: Rule, span: Span) -> Sequence[Past]:
    return await _steps(connection, rule, span, stage_history.c.stage_id)


async def _exits(connection: AsyncConnection, rule: Rule, span: Span) -> Sequence[Past]:
    """The deal is told on the stage it went to, as it is when the automation runs."""
    return await _steps(connection, rule, span, stage_history.c.from_stage_id)


async def _steps(connection: AsyncConnection, rule: Rule, span: Span, stage: ColumnElement[Any]) -> Sequence[Past]:
    steps = stage_history
    query = select(steps).join(deals, deals.c.id == steps.c.deal_id).where(steps.c.at.between(span.since, span.until))
    moved = steps.c.stage_id.is_distinct_from(steps.c.from_stage_id)  # a deal that is lost or opened again stays where it is
    query = query.where(moved, stage.is_not(None), *_in_pipeline(rule))
    if rule.stage_id is not None:
        query = query.where(stage == rule.stage_id)
    rows = await connection.execute(query.order_by(steps.c.at.desc(), steps.c.id.desc()).limit(span.most))
    return [Past(row.deal_id, row.at, row.stage_id) for row in rows]


async def _timeouts(connection: AsyncConnection, rule: Rule, span: Span) -> Sequence[Past]:
    """Stays that lasted so long, at the moment they had."""
    steps = stage_history
    ended = func.lead(steps.c.at, type_=UtcTime()).over(partition_by=steps.c.deal_id, order_by=steps.c.id)
    stay = select(steps.c.deal_id, steps.c.stage_id, steps.c.at, ended.label("ended")).subquery()
    hours = timedelta(hours=float(rule.when.get("hours") or 24))
    begun = stay.c.at.between(span.since - hours, span.until - hours)
    query = select(stay, deals.c.closed_at).join(deals, deals.c.id == stay.c.deal_id).where(begun, *_in_pipeline(rule))
    if rule.stage_id is not None:
        query = query.where(stay.c.stage_id == rule.stage_id)
    # No arithmetic of moments is left to a database: what ended sooner is left out here, of a bounded read.
    rows = (await connection.execute(query.order_by(stay.c.at.desc()).limit(span.most * 5))).all()
    lasted = [row for row in rows if min(filter(None, (row.ended, row.closed_at, span.until))) >= row.at + hours]
    return [Past(row.deal_id, row.at + hours, row.stage_id) for row in lasted][: span.most]


async def _calls(connection: AsyncConnection, rule: Rule, span: Span) -> Sequence[Past]:
    query = select(calls).join(deals, deals.c.id == calls.c.deal_id).where(calls.c.ended_at.is_not(None))
    query = query.where(calls.c.started_at.between(span.since, span.until), *_at_stage(rule, calls.c.stage_id))
    rows = await connection.execute(query.order_by(calls.c.started_at.desc(), calls.c.id.desc()).limit(span.most * 5))
    found = [
        Past(row.deal_id, row.ended_at, row.stage_id or rule.stage_id or 0,
             {"call": row.id, "outcome": row.outcome, "direction": row.direction, "talk": row.talk_seconds})
        for row in rows
    ]  # fmt: skip
    return [one for one in found if met(rule.trigger, rule.when, one.facts)][: span.most]


async def _tags(connection: AsyncConnection, rule: Rule, span: Span) -> Sequence[Past]:
    query = (
        select(calls.c.deal_id, calls.c.stage_id, call_tags.c.tag, calls.c.id.label("call"), func.min(call_tags.c.at).label("at"))
        .join(calls, calls.c.id == call_tags.c.call_id)
        .join(deals, deals.c.id == calls.c.deal_id)
        .where(call_tags.c.tag == rule.when.get("tag"), call_tags.c.at.between(span.since, span.until))
        .where(*_at_stage(rule, calls.c.stage_id))
        .group_by(calls.c.deal_id, calls.c.stage_id, call_tags.c.tag, calls.c.id)
        .order_by(func.min(call_tags.c.at).desc())
        .limit(span.most)
    )
    rows = (await connection.execute(query)).all()
    return [Past(row.deal_id, row.at, row.stage_id or rule.stage_id or 0, {"call": row.call, "tags": [row.tag]}) for row in rows]


async def _requests(connection: AsyncConnection, rule: Rule, span: Span) -> Sequence[Past]:
    query = (
        select(requests, deals.c.stage_id)
        .join(deals, deals.c.id == requests.c.deal_id)
        .where(requests.c.at.between(span.since, span.until), *_at_stage(rule, deals.c.stage_id))
        .order_by(requests.c.at.desc())
        .limit(span.most * 5)
    )
    found = [
        Past(row.deal_id, row.at, row.stage_id, {"request_id": row.id, "source": row.source})
        for row in await connection.execute(query)
    ]
    return [one for one in found if met(rule.trigger, rule.when, one.facts)][: span.most]


async def _payments(connection: AsyncConnection, rule: Rule, span: Span) -> Sequence[Past]:
    query = (
        select(events.c.deal_id, events.c.at, events.c.facts, deals.c.stage_id)
        .join(deals, deals.c.id == events.c.deal_id)
        .where(events.c.kind == EventKind.PAYMENT_TAKEN, events.c.at.between(span.since, span.until))
        .where(*_at_stage(rule, deals.c.stage_id))
        .order_by(events.c.id.desc())
        .limit(span.most)
    )
    return [Past(row.deal_id, row.at, row.stage_id, row.facts) for row in await connection.execute(query)]


async def _tasks(connection: AsyncConnection, rule: Rule, span: Span) -> Sequence[Past]:
    query = (
        select(tasks.c.deal_id, tasks.c.done_at, tasks.c.kind, deals.c.stage_id)
        .join(deals, deals.c.id == tasks.c.deal_id)
        .where(tasks.c.done_at.between(span.since, span.until), *_at_stage(rule, deals.c.stage_id))
        .order_by(tasks.c.done_at.desc(), tasks.c.id.desc())
        .limit(span.most * 5)
    )
    found = [Past(row.deal_id, row.done_at, row.stage_id, {"kind": row.kind}) for row in await connection.execute(query)]
    return [one for one in found if met(rule.trigger, rule.when, one.facts)][: span.most]


def _in_pipeline(rule: Rule) -> Sequence[ColumnElement[bool]]:
    return () if rule.pipeline_id is None else (deals.c.pipeline_id == rule.pipeline_id,)


def _at_stage(rule: Rule, stage: ColumnElement[Any]) -> Sequence[ColumnElement[bool]]:
    """Where the stage of that moment was not kept, today's counts."""
    if rule.stage_id is None:
        return _in_pipeline(rule)
    here = or_(stage == rule.stage_id, and_(stage.is_(None), deals.c.stage_id == rule.stage_id))
    return (here, *_in_pipeline(rule))


_Reader = Callable[[AsyncConnection, Rule, Span], Awaitable[Sequence[Past]]]
_PAST: dict[Trigger, _Reader] = {
    Trigger.ENTRY: _entries, Trigger.EXIT: _exits, Trigger.TIMEOUT: _timeouts, Trigger.CALL: _calls, Trigger.TAG: _tags,
    Trigger.REQUEST: _requests, Trigger.PAYMENT: _payments, Trigger.TASK: _tasks,
}  # fmt: skip

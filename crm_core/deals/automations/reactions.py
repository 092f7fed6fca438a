"""What happened outside a move → the automations that wait for it. Each is a reaction of `api.wiring`: it runs once for an event,
and what an event told again would set going is known by the key of its occasion."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.tables import calls
from crm_core.deals.automations.chain import NO_CHAIN, Chain
from crm_core.deals.automations.rules import rules_on
from crm_core.deals.automations.running import run_rules, stage_changed
from crm_core.deals.automations.timeouts import chain_of
from crm_core.deals.automations.words import DealNow, Occasion, Trigger
from crm_core.deals.tables import deals, stage_history, stages
from crm_core.events import Event


@dataclass(frozen=True, slots=True)
class _Happened:
    """One occasion of a deal, not yet looked at."""

    event: Event
    deal_id: int
    key: str
    facts: dict[str, Any] = field(default_factory=dict)


async def run_on_calls(tx: AsyncConnection, happened: Sequence[Event]) -> None:
    """Calls that ended."""
    ids = [event.call_id for event in happened if event.call_id is not None]
    rows = {row.id: row for row in await tx.execute(select(calls).where(calls.c.id.in_(ids), calls.c.deal_id.is_not(None)))}
    found = [(event, rows[event.call_id]) for event in happened if event.call_id in rows]
    told = [
        _Happened(event, row.deal_id, f"call:{row.id}",
                  {"call": row.id, "outcome": row.outcome, "direction": row.direction, "talk": row.talk_seconds})
        for event, row in found
    ]  # fmt: skip
    await _run(tx, Trigger.CALL, told)


async def run_on_tags(tx: AsyncConnection, happened: Sequence[Event]) -> None:
    """Conversations that were tagged; tagged again, a tag is no news."""
    await _run(tx, Trigger.TAG, list(_tagged(happened)))


def _tagged(happened: Sequence[Event]) -> Iterator[_Happened]:
    for event in happened:
        for tag in event.facts.get("tags", ()) if event.deal_id is not None else ():
            key = f"tag:{event.call_id}:{tag}"[:120]
            yield _Happened(event, event.deal_id or 0, key, {"call": event.call_id, "tags": [tag]})


async def run_on_requests(tx: AsyncConnection, happened: Sequence[Event]) -> None:
    await _run(tx, Trigger.REQUEST, _told(Trigger.REQUEST, happened))


async def run_on_payments(tx: AsyncConnection, happened: Sequence[Event]) -> None:
    await _run(tx, Trigger.PAYMENT, _told(Trigger.PAYMENT, happened))


async def run_on_tasks(tx: AsyncConnection, happened: Sequence[Event]) -> None:
    """Tasks that were done."""
    await _run(tx, Trigger.TASK, _told(Trigger.TASK, happened))


def _told(trigger: Trigger, happened: Sequence[Event]) -> list[_Happened]:
    """Occasions that are known by their event alone."""
    return [
        _Happened(event, event.deal_id, f"{trigger}:event {event.id}", dict(event.facts))
        for event in happened
        if event.deal_id is not None
    ]


async def enter_opened(tx: AsyncConnection, happened: Sequence[Event]) -> None:
    """Deals that calls and requests opened come to their first stage; those opened by hand have done so already.

    Where a lead rule put one elsewhere before this was looked at, its first stage is entered all the same, as it would have been
    a moment earlier; only nothing moves or closes the deal from there. Whom a person moved on is left alone.
    """
    ids = list(dict.fromkeys(event.deal_id for event in happened if event.deal_id is not None))
    opened = (await tx.execute(_OPENED, {"ids": ids})).all() if ids else ()
    rules = await rules_on(tx, Trigger.ENTRY) if opened else ()
    for deal in opened:
        standing = DealNow.of(deal, pipeline_id=deal.first_pipeline, stage_id=deal.first_stage)
        waiting = [rule for rule in rules if rule.fits(standing)]
        # A morning's leads come by the hundred, and on most stages nothing waits for them.
        if not deal.entry_tasks and not waiting:
            continue
        if deal.stage_id == deal.first_stage:
            await stage_changed(tx, deal, None, deal.stage_id, by=None, now=datetime.now(UTC))
        else:
            passed = Occasion(Trigger.ENTRY, standing, datetime.now(UTC), f"entry:opened:{deal.id}", facts={"passed": True})
            await run_rules(tx, waiting, passed, now=passed.at, entry=(deal.first_stage, deal.entry_tasks))


_STEPS, _OTHERS = stage_history.alias("first_step"), stage_history.alias("other_steps")
_FIRST = select(func.min(_OTHERS.c.id)).where(_OTHERS.c.deal_id == deals.c.id).correlate(deals).scalar_subquery()
_BY_SOMEBODY = or_(_OTHERS.c.user_id.is_not(None), _OTHERS.c.rule_id.is_not(None))
_MOVED_ON = exists().where(_OTHERS.c.deal_id == deals.c.id, _OTHERS.c.id > _STEPS.c.id, _BY_SOMEBODY).correlate(deals, _STEPS)
_OPENED = (
    select(deals, stages.c.entry_tasks, stages.c.id.label("first_stage"), stages.c.pipeline_id.label("first_pipeline"))
    .select_from(deals.join(_STEPS, _STEPS.c.id == _FIRST).join(stages, stages.c.id == _STEPS.c.stage_id))
    .where(deals.c.id.in_(bindparam("ids", expanding=True)), deals.c.closed_at.is_(None), ~_MOVED_ON)
    .order_by(deals.c.id)
)
"""Open deals with the stage on which each was opened, unless a person or an automation has moved it since."""


async def _run(tx: AsyncConnection, trigger: Trigger, happened: Sequence[_Happened]) -> None:
    """Automations that were made later than the event are not for it."""
    rules = await rules_on(tx, trigger) if happened else ()
    for one in happened if rules else ():
        row = (await tx.execute(select(deals).where(deals.c.id == one.deal_id, deals.c.closed_at.is_(None)))).one_or_none()
        if row is None:
            continue
        now = datetime.now(UTC)
        occasion = Occasion(trigger, DealNow.of(row), now, one.key, one.event.id, one.facts)
        wanted = [rule for rule in rules if rule.created_at <= one.event.at and rule.is_for(occasion)]
        await run_rules(tx, wanted, occasion, now=now, chain=await _chain(tx, occasion, one.event) if wanted else NO_CHAIN)


async def _chain(tx: AsyncConnection, occasion: Occasion, event: Event) -> Chain:
    """A task that nobody did was closed by a move: its automations go on where that move's chain ended."""
    by_itself = occasion.trigger is Trigger.TASK and event.user_id is None
    return await chain_of(tx, occasion.deal.id) if by_itself else NO_CHAIN

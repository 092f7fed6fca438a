"""What an automation would have done over the last month: asked of what happened, without doing anything.

The deal is taken as it is today on the stage of that moment; whether gates would have let a move pass is not known afterwards, so
a move is told as tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Right, require, visible
from crm_core.contacts.tables import contacts
from crm_core.deals.automations.past import Past, past_of
from crm_core.deals.automations.rules import Rule, fault_of
from crm_core.deals.automations.wording import filled
from crm_core.deals.automations.words import DealNow, Declined, Deed, Note, Occasion, SetTask
from crm_core.deals.tables import deals
from crm_core.errors import NotFound

MONTH = timedelta(days=30)
MOST = 200


@dataclass(frozen=True, slots=True)
class DryLine:
    """`deeds`: what it would have done; empty where it would have declined, for `why`. `title` as in `DealLine`."""

    at: datetime
    deal_id: int
    title: str | None
    contact: str | None
    deeds: tuple[Deed, ...]
    why: str | None = None


@dataclass(frozen=True, slots=True)
class DryRun:
    """`lines` newest first, at most so many as were asked for; `more`: there were more occasions. `fault`: it cannot run."""

    since: datetime
    lines: tuple[DryLine, ...]
    more: bool
    fault: str | None = None

    @property
    def deals(self) -> int:
        return len({line.deal_id for line in self.lines if line.deeds})

    @property
    def ran(self) -> int:
        return sum(1 for line in self.lines if line.deeds)


async def dry_run(connection: AsyncConnection, actor: Actor, rule: Rule, now: datetime, most: int = MOST) -> DryRun:
    """Reads only; bounded by `most` occasions. Raises Forbidden."""
    require(actor, Right.SETTINGS)
    since, fault = now - MONTH, fault_of(rule)
    if fault is not None:
        return DryRun(since, (), more=False, fault=fault)
    happened = await past_of(connection, rule, since, now, most + 1)
    rows = await _deals(connection, actor, [one.deal_id for one in happened])
    lines = [await _line(connection, rule, one, rows[one.deal_id], now) for one in happened[:most] if one.deal_id in rows]
    return DryRun(since, tuple(lines), more=len(happened) > most)


@dataclass(frozen=True, slots=True)
class _Deal:
    now: DealNow
    title: str | None
    contact: str | None


async def _deals(connection: AsyncConnection, actor: Actor, ids: Sequence[int]) -> dict[int, _Deal]:
    query = (
        select(deals, contacts.c.name.label("contact_name"))
        .outerjoin(contacts, contacts.c.id == deals.c.contact_id)
        .where(deals.c.id.in_(set(ids)), visible(actor, deals))
    )
    return {row.id: _Deal(DealNow.of(row), row.title, row.contact_name) for row in await connection.execute(query)}


async def _line(connection: AsyncConnection, rule: Rule, past: Past, deal: _Deal, now: datetime) -> DryLine:
    then = replace(deal.now, stage_id=past.stage_id)
    occasion = Occasion(rule.trigger, then, min(past.at, now), "dry", facts=past.facts)
    why: str | None = None
    deeds: tuple[Deed, ...] = ()
    try:
        deeds = tuple([await _worded(connection, deed, then) for deed in await _planned(connection, rule, occasion)])
    except Declined as declined:
        why = declined.why
    except NotFound:
        why = "broken"
    return DryLine(past.at, past.deal_id, deal.title, deal.contact, deeds, why or (None if deeds else "nothing_to_do"))


async def _planned(connection: AsyncConnection, rule: Rule, occasion: Occasion) -> Sequence[Deed]:
    return await rule.action.plan(connection, occasion, rule.set_up()) if rule.action else ()


async def _worded(connection: AsyncConnection, deed: Deed, deal: DealNow) -> Deed:
    """With the fields that its words name."""
    if isinstance(deed, SetTask) and deed.title is not None:
        return replace(deed, title=await filled(connection, deed.title, deal))
    return replace(deed, text=await filled(connection, deed.text, deal)) if isinstance(deed, Note) else deed

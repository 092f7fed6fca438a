"""One try to deliver: what is to be sent, and what became of it. The next try is put down where this one is noted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor
from crm_core.event_log import events
from crm_core.jobs import enqueue
from crm_core.text import clean
from crm_core.users.tables import Role, users
from crm_core.webhooks.tables import deliveries, webhooks
from crm_core.webhooks.telling import WEBHOOK_JOB, job_key, job_payload, may_be_told
from crm_core.webhooks.words import DeliveryState, Tried, gap_after

LONGEST_ANSWER = 500  # characters of an answer that are kept


@dataclass(frozen=True, slots=True)
class Order:
    """A delivery to be tried, of a call or a request. `body`: as it was sent before; `maker`: as whom the webhook reads."""

    uid: str
    webhook_id: int
    url: str
    sealed_secret: str
    event_id: int
    kind: str
    happened_at: datetime
    call_id: int | None
    request_id: int | None
    attempts: int
    body: str | None
    maker: Actor | None
    stopped: bool


async def order(connection: AsyncConnection, uid: str) -> Order | None:
    """None if the delivery was dropped, or its webhook removed."""
    query = (
        select(deliveries, webhooks.c.url, webhooks.c.secret, webhooks.c.active.label("hook_active"), webhooks.c.created_by,
               events.c.at.label("happened_at"), events.c.facts)
        .join(webhooks, webhooks.c.id == deliveries.c.webhook_id)
        .outerjoin(events, events.c.id == deliveries.c.event_id)
        .where(deliveries.c.uid == uid)
    )  # fmt: skip
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    maker = (await connection.execute(select(users).where(users.c.id == row.created_by))).one_or_none()
    told = maker is not None and may_be_told(maker.role, user_active=maker.active, hook_active=row.hook_active)
    return Order(
        uid=row.uid, webhook_id=row.webhook_id, url=row.url, sealed_secret=row.secret, event_id=row.event_id, kind=row.kind,
        happened_at=row.happened_at or row.created_at, call_id=row.call_id, request_id=(row.facts or {}).get("request_id"),
        attempts=row.attempts, body=row.body,
        maker=_reader(maker) if maker is not None else None, stopped=not told,
    )  # fmt: skip


def _reader(maker: Row[Any]) -> Actor:
    """As an administrator usually reads: who sees which colleague's deals in the house changes no program outside it."""
    return Actor(maker.id, Role(maker.role), maker.name, maker.language, maker.may_listen)


async def note(tx: AsyncConnection, tried: Order, body: str | None, told: Tried, *, tries: int, now: datetime) -> None:
    """What came of the try; where another is due, its job. A body read as one whose webhook it no longer is, is not kept."""
    query = select(webhooks.c.created_by).where(webhooks.c.id == tried.webhook_id).with_for_update(read=True)
    if await tx.scalar(query) != (tried.maker.user_id if tried.maker else None):
        body = None
    gap = None if told.delivered or told.final else gap_after(tries)
    state = DeliveryState.DELIVERED if told.delivered else DeliveryState.WAITING if gap else DeliveryState.GIVEN_UP
    noted: dict[str, Any] = {
        "state": state, "attempts": tried.attempts + 1, "body": body, "status": told.status, "tried_at": now,
        "answer": clean(told.answer, LONGEST_ANSWER), "milliseconds": told.milliseconds, "next_at": now + gap if gap else None,
    }  # fmt: skip
    await tx.execute(update(deliveries).where(deliveries.c.uid == tried.uid).values(noted))
    if gap is not None:
        payload = job_payload(tried.uid, tried.webhook_id, tries=tries + 1)
        key = job_key(tried.uid, tried.attempts + 2)
        await enqueue(tx, WEBHOOK_JOB, key, payload, now=now, run_after=now + gap, call_id=tried.call_id)

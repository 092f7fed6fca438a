"""The reaction that puts a delivery and its job down for each event and each webhook that wants to be told of it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import POLICY, Right
from crm_core.events import Event, EventKind
from crm_core.jobs import enqueue_all
from crm_core.upserts import insert_into
from crm_core.users.tables import Role, users
from crm_core.webhooks.tables import deliveries, webhooks
from crm_core.webhooks.words import DeliveryState

WEBHOOK_JOB = "webhook"

SETTERS = tuple(role for role, policy in POLICY.items() if Right.SETTINGS in policy.rights)
"""Roles whose webhooks work: one acts as whoever made it, and stops when he is gone or no longer sets anything."""

ACTIVE = (
    select(webhooks.c.id, webhooks.c.kinds, webhooks.c.created_at)
    .join(users, users.c.id == webhooks.c.created_by)
    .where(webhooks.c.active, users.c.active, users.c.role.in_(SETTERS))
)


async def tell_webhooks(tx: AsyncConnection, happened: Sequence[Event]) -> None:
    """React to events of calls and requests. What happened before a webhook was made is not told to it."""
    wanting = (await tx.execute(ACTIVE)).all()
    pairs = [(hook, event) for hook in wanting for event in happened if _wants(hook, event)]
    await put_down(tx, [(hook.id, event) for hook, event in pairs], now=datetime.now(UTC))


async def put_down(
    tx: AsyncConnection, pairs: Sequence[tuple[int, Event]], *, now: datetime, new_uid: Callable[[], str] = lambda: str(uuid4())
) -> None:
    """A delivery and the job of its first try for each webhook and event; what is known already is left as it is."""
    rows = [_delivery(hook_id, event, now, new_uid()) for hook_id, event in pairs]
    if not rows:
        return
    added = insert_into(tx, deliveries).on_conflict_do_nothing(index_elements=[deliveries.c.webhook_id, deliveries.c.event_id])
    told = added.returning(deliveries.c.uid, deliveries.c.webhook_id, deliveries.c.call_id)
    fresh = (await tx.execute(told, rows)).all()
    first = [(job_key(row.uid, 1), job_payload(row.uid, row.webhook_id, tries=1), row.call_id) for row in fresh]
    await enqueue_all(tx, WEBHOOK_JOB, first, now=now)


def job_key(uid: str, attempt: int) -> str:
    """Each attempt is a job of its own."""
    return f"{WEBHOOK_JOB}:{uid}:{attempt}"


def job_payload(uid: str, webhook_id: int, *, tries: int) -> dict[str, Any]:
    """`tries`: which one since it happened, or since somebody asked to send it again: the gap after it hangs on that."""
    return {"delivery": uid, "webhook_id": webhook_id, "tries": tries}


def _wants(hook: Any, event: Event) -> bool:
    told_of = event.call_id is not None or event.kind is EventKind.REQUEST_TAKEN
    return told_of and event.at >= hook.created_at and (not hook.kinds or event.kind in hook.kinds)


def _delivery(hook_id: int, event: Event, now: datetime, uid: str) -> dict[str, Any]:
    return {
        "uid": uid, "webhook_id": hook_id, "event_id": event.id, "kind": event.kind, "call_id": event.call_id,
        "state": DeliveryState.WAITING, "attempts": 0, "created_at": now, "next_at": now,
    }  # fmt: skip


def may_be_told(role: str, *, user_active: bool, hook_active: bool) -> bool:
    """The condition of `ACTIVE` for one webhook and its maker."""
    return hook_active and user_active and Role(role) in SETTERS

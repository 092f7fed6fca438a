"""What an administrator does with webhooks: make, change, remove, test, and send a delivery again."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.db import one_at_a_time
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.event_log import events
from crm_core.events import Event, EventKind
from crm_core.jobs import JobState, enqueue, jobs, put_down_again
from crm_core.rows import locked_row
from crm_core.secrets import SecretBox
from crm_core.users.audit import record
from crm_core.users.tables import users
from crm_core.webhooks.addresses import Allowed, read_url
from crm_core.webhooks.tables import deliveries, webhooks
from crm_core.webhooks.telling import WEBHOOK_JOB, job_key, job_payload, may_be_told, put_down
from crm_core.webhooks.words import TOLD, DeliveryState

MOST_WEBHOOKS = 50
"""Each is sent to on lanes of its own, so their number bounds how many connections there are at once."""

ADDING = 7_041_118  # any number of our own
KEPT = timedelta(days=30)


async def add(
    tx: AsyncConnection, url: str, kinds: Sequence[str], *, allowed: Allowed, box: SecretBox, now: datetime, by: int
) -> tuple[int, str]:
    """Make one; tells its id and its secret, the only time that this is known. Raises Invalid, Conflict."""
    row = {"url": read_url(url, allowed), "kinds": _known(kinds), "active": True, "created_at": now, "created_by": by}
    await one_at_a_time(tx, ADDING)
    if (await tx.scalar(select(func.count()).select_from(webhooks)) or 0) >= MOST_WEBHOOKS:
        raise Conflict(f"There are {MOST_WEBHOOKS} webhooks already: remove one first", why="many")
    secret = "whsec_" + secrets.token_urlsafe(32)
    made = insert(webhooks).values({**row, "secret": box.seal(secret)}).returning(webhooks.c.id)
    hook_id = int((await tx.execute(made)).scalar_one())
    await record(tx, by, "webhook_added", "webhook", hook_id, now=now)
    return hook_id, secret


async def change(
    tx: AsyncConnection, hook_id: int, *, allowed: Allowed, now: datetime, by: int,
    url: str | None = None, kinds: Sequence[str] | None = None, active: bool | None = None,
) -> None:  # fmt: skip
    """What is given changes; raises Invalid, NotFound. Whoever sends it elsewhere becomes the one it reads as.

    What it read as somebody else is forgotten then: its next try, and its page, would give that to one who may not read it.
    """
    values: dict[str, Any] = {}
    if url is not None:
        values |= {"url": read_url(url, allowed), "created_by": by}
    if kinds is not None:
        values["kinds"] = _known(kinds)
    if active is not None:
        values["active"] = active
    hook = await locked_row(tx, webhooks, hook_id)
    if values.get("created_by", hook.created_by) != hook.created_by:
        await tx.execute(update(deliveries).where(deliveries.c.webhook_id == hook_id).values(body=None))
    if values:
        await tx.execute(update(webhooks).where(webhooks.c.id == hook_id).values(values))
        await record(tx, by, "webhook_changed", "webhook", hook_id, now=now, facts={"changed": sorted(values)})


async def remove(tx: AsyncConnection, hook_id: int, *, now: datetime, by: int) -> None:
    """With all its deliveries; raises NotFound."""
    await locked_row(tx, webhooks, hook_id)
    await tx.execute(delete(deliveries).where(deliveries.c.webhook_id == hook_id))
    await tx.execute(delete(webhooks).where(webhooks.c.id == hook_id))
    await record(tx, by, "webhook_removed", "webhook", hook_id, now=now)


async def send_test(tx: AsyncConnection, hook_id: int, *, now: datetime, by: int) -> int:
    """Put a test down and tell its delivery; raises NotFound, Conflict where nothing is sent to it."""
    await _require_told(tx, hook_id)
    await event_log.append(tx, [Event(EventKind.WEBHOOK_TESTED, now, user_id=by, facts={"webhook_id": hook_id})])
    of_test = events.c.kind == EventKind.WEBHOOK_TESTED
    event_id = await tx.scalar(select(func.max(events.c.id)).where(of_test, events.c.user_id == by))
    await put_down(tx, [(hook_id, Event(EventKind.WEBHOOK_TESTED, now, id=event_id))], now=now)
    mine = (deliveries.c.webhook_id == hook_id, deliveries.c.event_id == event_id)
    return int(await tx.scalar(select(deliveries.c.id).where(*mine)) or 0)


async def send_again(tx: AsyncConnection, hook_id: int, delivery_id: int, *, now: datetime, by: int) -> None:
    """Now, instead of at its next try or not at all; then with the same gaps as the first time. Raises NotFound, Conflict."""
    await _require_told(tx, hook_id)
    mine = (deliveries.c.id == delivery_id, deliveries.c.webhook_id == hook_id)
    row = (await tx.execute(select(deliveries).where(*mine).with_for_update())).one_or_none()
    if row is None:
        raise NotFound(noun="webhook_deliveries", id=delivery_id)
    await record(tx, by, "webhook_sent_again", "webhook", hook_id, now=now, facts={"delivery": row.uid})
    if row.state == DeliveryState.WAITING:
        await _hasten(tx, row, now)
        return
    await tx.execute(update(deliveries).where(*mine).values(state=DeliveryState.WAITING, next_at=now))
    payload = job_payload(row.uid, hook_id, tries=1)
    await enqueue(tx, WEBHOOK_JOB, job_key(row.uid, row.attempts + 1), payload, now=now, call_id=row.call_id)


async def forget_old(tx: AsyncConnection, now: datetime) -> None:
    """Drop deliveries that began a month ago; none is still waiting then, unless it was sent again of late."""
    still = deliveries.c.state == DeliveryState.WAITING
    await tx.execute(delete(deliveries).where(deliveries.c.created_at < now - KEPT, ~still))


async def _hasten(tx: AsyncConnection, row: Row[Any], now: datetime) -> None:
    """Its job is due now. One that runs at this moment sends it anyhow."""
    resting = jobs.c.state.in_((JobState.QUEUED, JobState.PARKED))
    mine = jobs.c.dedupe_key == job_key(row.uid, row.attempts + 1)
    hastened = await tx.execute(update(jobs).where(mine, resting).values(attempts=0, **put_down_again(now)))
    if hastened.rowcount:
        await tx.execute(update(deliveries).where(deliveries.c.id == row.id).values(next_at=now))


async def _require_told(tx: AsyncConnection, hook_id: int) -> None:
    hook = await locked_row(tx, webhooks, hook_id)
    maker = (await tx.execute(select(users).where(users.c.id == hook.created_by))).one_or_none()
    if maker is None or not may_be_told(maker.role, user_active=maker.active, hook_active=hook.active):
        raise Conflict(
            "Nothing is sent to this webhook: it is switched off, or who made it is no administrator now", why="stopped"
        )


def _known(kinds: Sequence[str]) -> list[str]:
    """In the order of `TOLD`; raises Invalid for a kind that is not told."""
    unknown = set(kinds) - {kind.value for kind in TOLD}
    if unknown:
        raise Invalid(f"kinds are of: {', '.join(TOLD)}", field="kinds", why="kinds")
    return [kind.value for kind in TOLD if kind in kinds]

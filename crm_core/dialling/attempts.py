"""How a call by a click goes on: each step of its row in `dial_attempts`, and the event that tells the browser of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.calls.tables import call_linkedids
from crm_core.dialling.refusals import Failure
from crm_core.dialling.tables import dial_attempts
from crm_core.events import Event, EventKind

ORIGINATE = "originate"
"""The kind of the job that places the call."""


class Verdict(StrEnum):
    """How far an attempt came. One that was refused has a `Reason` in this column instead."""

    ASKED = "asked"  # allowed; nothing was sent yet
    SENDING = "sending"  # marked before the order goes out: whoever finds it so does not send again
    SENT = "sent"  # the exchange took the order: the phone of the user rings
    PLACED = "placed"  # he picked up, the customer is being called
    FAILED = "failed"
    UNSENT = "unsent"  # surely nothing went out
    IN_DOUBT = "in_doubt"


ORDERED = (Verdict.ASKED, Verdict.SENDING, Verdict.SENT, Verdict.PLACED, Verdict.FAILED, Verdict.IN_DOUBT)
"""What counts against a cap."""

UNDER_WAY = (Verdict.ASKED, Verdict.SENDING, Verdict.SENT)
OPEN = (*UNDER_WAY, Verdict.IN_DOUBT)


@dataclass(frozen=True, slots=True)
class Order:
    """An attempt that is to be carried out. `number` as it is to be dialled, without the exchange's prefix."""

    attempt_id: int
    exchange_id: int
    extension: str
    number: str
    channel_id: str
    asked_at: datetime


async def take_up(tx: AsyncConnection, attempt_id: int, *, now: datetime) -> Order | None:
    """Mark the attempt as being sent; None if it was before, by a process that may have sent it, or is over."""
    taken = update(dial_attempts).where(dial_attempts.c.id == attempt_id, dial_attempts.c.verdict == Verdict.ASKED)
    row = (await tx.execute(taken.values(verdict=Verdict.SENDING).returning(dial_attempts))).one_or_none()
    if row is None or None in (row.exchange_id, row.extension, row.number, row.channel_id):
        return None
    await _tell(tx, row.user_id, now)
    return Order(row.id, row.exchange_id, row.extension, row.number, row.channel_id, row.at)


async def settle(tx: AsyncConnection, attempt_id: int, verdict: Verdict, *, now: datetime, why: Failure | None = None) -> None:
    """Write down how far an attempt came; what is settled already stays."""
    still_open = update(dial_attempts).where(dial_attempts.c.id == attempt_id, dial_attempts.c.verdict.in_(OPEN))
    note = None if why is None else why.value
    user_id = await tx.scalar(still_open.values(verdict=verdict, note=note).returning(dial_attempts.c.user_id))
    if user_id is not None:
        await _tell(tx, user_id, now)


async def settle_interrupted(tx: AsyncConnection, attempt_id: int, *, now: datetime) -> Verdict | None:
    """An attempt whose process died on the way: placed if its call was seen, else in doubt, and never sent again."""
    row = (await tx.execute(select(dial_attempts).where(dial_attempts.c.id == attempt_id))).one_or_none()
    if row is None or row.verdict not in UNDER_WAY:
        return None
    seen = await was_seen(tx, row.exchange_id, row.channel_id)
    verdict = Verdict.SENT if seen else Verdict.IN_DOUBT
    await settle(tx, attempt_id, verdict, now=now, why=None if seen else Failure.IN_DOUBT)
    return verdict


async def was_seen(connection: AsyncConnection, exchange_id: int, channel_id: str) -> bool:
    """Whether the listener saw the call of this attempt: the channel id we gave became its linkedid."""
    query = select(call_linkedids.c.call_id).where(
        call_linkedids.c.exchange_id == exchange_id, call_linkedids.c.linkedid == channel_id
    )
    return await connection.scalar(query) is not None


async def _tell(tx: AsyncConnection, user_id: int, now: datetime) -> None:
    await event_log.append(tx, [Event(EventKind.DIAL_CHANGED, now, (user_id,), user_id=user_id)])

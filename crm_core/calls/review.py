"""Quality control: a call is marked reviewed, and remarked on at a second of it."""

import math
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.calls.tables import call_remarks, call_talks, calls
from crm_core.errors import Forbidden, Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.repeats import just_made
from crm_core.text import clean
from crm_core.users.audit import record

LONGEST = 4000


async def mark_reviewed(tx: AsyncConnection, call_id: int, *, by: int, now: datetime) -> None:
    """Somebody of quality control heard it; the first mark stays. Raises NotFound."""
    await _require(tx, call_id)
    unreviewed = (calls.c.id == call_id, calls.c.reviewed_at.is_(None))
    marked = await tx.execute(update(calls).where(*unreviewed).values(reviewed_at=now, reviewed_by=by))
    if marked.rowcount:
        await _tell(tx, call_id, "call_reviewed", now, by)


async def unmark_reviewed(tx: AsyncConnection, call_id: int, *, by: int, now: datetime) -> None:
    """It was not reviewed after all."""
    await _require(tx, call_id)
    await tx.execute(update(calls).where(calls.c.id == call_id).values(reviewed_at=None, reviewed_by=None))
    await _tell(tx, call_id, "call_review_withdrawn", now, by)


async def remark(tx: AsyncConnection, call_id: int, text: str, second: float | None = None, *, by: int, now: datetime) -> int:
    """Say something about a call, or about a second of its recording; tells the remark's id. Raises NotFound, Invalid."""
    await _require(tx, call_id)
    said = clean(text, LONGEST).strip()
    if not said:
        raise Invalid("A remark says something")
    if second is not None and not (math.isfinite(second) and 0 <= second <= 86_400):
        raise Invalid("A remark points to a second of the conversation")
    row = {"call_id": call_id, "user_id": by, "at": now, "second": second, "text": said}
    made = await just_made(tx, call_remarks, row, at="at")
    if made is not None:
        return made
    remark_id: int = (await tx.execute(insert(call_remarks).values(row).returning(call_remarks.c.id))).scalar_one()
    await _tell(tx, call_id, "call_remarked", now, by)
    return remark_id


async def take_back_remark(tx: AsyncConnection, call_id: int, remark_id: int, *, by: int, now: datetime) -> None:
    """Whoever made it may take it back; raises NotFound or Forbidden."""
    this = (call_remarks.c.id == remark_id, call_remarks.c.call_id == call_id)
    author = await tx.scalar(select(call_remarks.c.user_id).where(*this))
    if author is None:
        raise NotFound(noun="remarks", id=remark_id)
    if author != by:
        raise Forbidden
    await tx.execute(delete(call_remarks).where(*this))
    await _tell(tx, call_id, "call_remark_taken_back", now, by)


async def _require(tx: AsyncConnection, call_id: int) -> None:
    if await tx.scalar(select(calls.c.id).where(calls.c.id == call_id)) is None:
        raise NotFound(noun="calls", id=call_id)


async def _tell(tx: AsyncConnection, call_id: int, deed: str, now: datetime, by: int) -> None:
    """Those who spoke in it learn of it."""
    spoke = await tx.scalars(
        select(call_talks.c.user_id).where(call_talks.c.call_id == call_id, call_talks.c.user_id.is_not(None))
    )
    await record(tx, by, deed, "call", call_id, now=now)
    receivers = tuple(sorted({user for user in spoke if user is not None}))
    await event_log.append(tx, [Event(EventKind.CALL_REVIEWED, now, receivers, call_id=call_id, user_id=by)])

"""Meetings are set, changed, put off, held and cancelled; each has a task of its manager (F11, F15, F16)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.contacts.tables import contacts
from crm_core.deals.deed import locked
from crm_core.deals.tables import deals
from crm_core.editing import to_write
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.meetings.queries import MeetingState
from crm_core.meetings.tables import meetings
from crm_core.receivers import keepers
from crm_core.tasks.deeds import close_tasks
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.text import clean
from crm_core.users.accounts import require_working
from crm_core.users.audit import record

FIRST_YEAR, LAST_YEAR = 2000, 2200
NOT_SAID = timedelta(days=1)
"""When the task of a meeting is due whose time nobody has said yet."""
TEXTS = {"with_whom": 300, "place": 500, "notes": 10_000}


@dataclass(frozen=True, slots=True)
class NewMeeting:
    """`user_id` goes, `contact_id` (and `with_whom`) is met. What is None is not said yet."""

    deal_id: int
    at: datetime | None = None
    user_id: int | None = None
    contact_id: int | None = None
    with_whom: str | None = None
    place: str | None = None
    notes: str | None = None


class MeetingChanges(TypedDict, total=False):
    """What to change; what is not given stays."""

    at: datetime | None
    user_id: int | None
    contact_id: int | None
    with_whom: str | None
    place: str | None
    notes: str | None


async def set_meeting(tx: AsyncConnection, new: NewMeeting, *, by: int | None, now: datetime) -> int:
    """Set a meeting with its task and tell its id. A meeting task that waited without one becomes its task.

    Raises NotFound for a deal, contact or person there is not, Invalid for a time nobody can mean.
    """
    deal = await locked(tx, new.deal_id)
    given = asdict(new)
    del given["deal_id"]
    values = await _fit(tx, given)
    row = {**values, "deal_id": deal.id, "state": MeetingState.PLANNED, "created_at": now, "created_by": by}
    row["task_id"] = await _task_for(tx, deal, values, by=by, now=now)
    meeting_id: int = (await tx.execute(insert(meetings).values(row).returning(meetings.c.id))).scalar_one()
    facts = {name: _told(value) for name, value in values.items() if value is not None and name != "notes"}
    await _note(tx, await _locked(tx, meeting_id), deal, "meeting_set", facts, by=by, now=now)
    return meeting_id


async def change_meeting(
    tx: AsyncConnection, meeting_id: int, changes: MeetingChanges, *, by: int | None, now: datetime,
    seen: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Another time puts it off, its task with it. Raises NotFound, Invalid; Conflict if it is over, or as `editing` says."""
    meeting = await _planned(tx, meeting_id)
    changed = to_write(meeting, await _fit(tx, dict(changes)), seen)
    if not changed:
        return
    await tx.execute(update(meetings).where(meetings.c.id == meeting_id).values(changed))
    await _follow(tx, meeting, changed)
    moved = "at" in changed and meeting.at is not None
    facts = {name: [_told(getattr(meeting, name)), _told(value)] for name, value in changed.items() if name != "notes"}
    await _note(
        tx, meeting, await locked(tx, meeting.deal_id), "meeting_put_off" if moved else "meeting_changed", facts, by=by, now=now
    )


async def hold_meeting(
    tx: AsyncConnection, meeting_id: int, agreements: str, *, by: int | None, now: datetime, held_at: datetime | None = None
) -> None:
    """It took place, and this was agreed (F16); its task is done. What was agreed may be written anew afterwards.

    `held_at`: by default the time it was set for, if that is past, else now. Raises NotFound, Invalid if nothing is said,
    Conflict for one that was cancelled.
    """
    meeting = await _locked(tx, meeting_id)
    if meeting.state == MeetingState.CANCELLED:
        raise Conflict("This meeting was cancelled")
    said = clean(agreements, 10_000).strip()
    if not said:
        raise Invalid("Say what was agreed, even if it was nothing", field="agreements")
    took_place = held_at or meeting.held_at or (meeting.at if meeting.at and meeting.at <= now else now)
    if took_place > now or took_place.year < FIRST_YEAR:
        raise Invalid("A meeting was held in the past", field="held_at")
    values = {"state": MeetingState.HELD, "held_at": took_place, "agreements": said}
    await tx.execute(update(meetings).where(meetings.c.id == meeting_id).values(values))
    await _close_task(tx, meeting, by=by, now=now)
    deed = "meeting_held" if meeting.state == MeetingState.PLANNED else "agreements_changed"
    facts = {"held_at": took_place.isoformat()}
    await _note(tx, meeting, await locked(tx, meeting.deal_id), deed, facts, by=by, now=now)


async def cancel_meeting(tx: AsyncConnection, meeting_id: int, reason: str | None, *, by: int | None, now: datetime) -> None:
    """It will not take place; its task is over. Raises NotFound, or Conflict for one that was held."""
    meeting = await _planned(tx, meeting_id)
    await tx.execute(update(meetings).where(meetings.c.id == meeting_id).values(state=MeetingState.CANCELLED))
    await _close_task(tx, meeting, by=by, now=now)
    facts = {"reason": clean(reason or "", 1000).strip() or None}
    await _note(tx, meeting, await locked(tx, meeting.deal_id), "meeting_cancelled", facts, by=by, now=now)


async def _fit(tx: AsyncConnection, given: dict[str, Any]) -> dict[str, Any]:
    values = dict(given)
    for name, longest in TEXTS.items():
        if name in values:
            values[name] = clean(values[name] or "", longest).strip() or None
    at = values.get("at")
    if at is not None and not FIRST_YEAR <= at.year < LAST_YEAR:
        raise Invalid("A meeting is on a day that somebody may live to see", field="at")
    if "user_id" in values:
        await require_working(tx, values["user_id"])
    contact = values.get("contact_id")
    if contact is not None and await tx.scalar(select(contacts.c.id).where(contacts.c.id == contact)) is None:
        raise NotFound(noun="contacts", id=contact)
    return values


async def _task_for(tx: AsyncConnection, deal: Row[Any], values: dict[str, Any], *, by: int | None, now: datetime) -> int:
    """The meeting task that stands on the deal without a meeting, else a new one."""
    taken = select(meetings.c.task_id).where(meetings.c.deal_id == deal.id, meetings.c.task_id.is_not(None))
    waiting = select(tasks).where(
        tasks.c.deal_id == deal.id, tasks.c.kind == TaskKind.MEETING, tasks.c.done_at.is_(None), tasks.c.id.not_in(taken)
    )
    row = (await tx.execute(waiting.order_by(tasks.c.due_at, tasks.c.id).limit(1))).one_or_none()
    owner = values["user_id"] or (row.owner_id if row else deal.owner_id)
    due = values["at"] or (row.due_at if row else now + NOT_SAID)
    if row is not None:
        await tx.execute(update(tasks).where(tasks.c.id == row.id).values(owner_id=owner, due_at=due))
        return int(row.id)
    new = {"kind": TaskKind.MEETING, "deal_id": deal.id, "contact_id": values["contact_id"] or deal.contact_id,
           "owner_id": owner, "due_at": due, "created_at": now}  # fmt: skip
    task_id: int = (await tx.execute(insert(tasks).values(new).returning(tasks.c.id))).scalar_one()
    await record(tx, by, "task_set", "task", task_id, now=now)
    opened = Event(EventKind.TASK_OPENED, now, keepers(owner), contact_id=new["contact_id"], deal_id=deal.id, task_id=task_id,
                   user_id=by, facts={"kind": TaskKind.MEETING.value})  # fmt: skip
    await event_log.append(tx, [opened])
    return task_id


async def _follow(tx: AsyncConnection, meeting: Row[Any], changed: dict[str, Any]) -> None:
    """Its open task goes where the meeting goes."""
    follows = {"at": "due_at", "user_id": "owner_id", "contact_id": "contact_id"}
    values = {follows[name]: value for name, value in changed.items() if name in follows and value is not None}
    if values and meeting.task_id is not None:
        await tx.execute(update(tasks).where(tasks.c.id == meeting.task_id, tasks.c.done_at.is_(None)).values(values))


async def _close_task(tx: AsyncConnection, meeting: Row[Any], *, by: int | None, now: datetime) -> None:
    if meeting.task_id is not None:
        await close_tasks(tx, (tasks.c.id == meeting.task_id,), now=now, by=by)


async def _planned(tx: AsyncConnection, meeting_id: int) -> Row[Any]:
    meeting = await _locked(tx, meeting_id)
    if meeting.state != MeetingState.PLANNED:
        raise Conflict("This meeting is over", state=meeting.state)
    return meeting


async def _locked(tx: AsyncConnection, meeting_id: int) -> Row[Any]:
    """With its deal, which is locked first by every deed: two at once wait for each other and never in a ring."""
    deal_id = await tx.scalar(select(meetings.c.deal_id).where(meetings.c.id == meeting_id))
    if deal_id is None:
        raise NotFound(noun="meetings", id=meeting_id)
    await tx.execute(select(deals.c.id).where(deals.c.id == deal_id).with_for_update())
    return (await tx.execute(select(meetings).where(meetings.c.id == meeting_id))).one()


async def _note(
    tx: AsyncConnection, meeting: Row[Any], deal: Row[Any], deed: str, facts: dict[str, Any], *, by: int | None, now: datetime
) -> None:
    """The timeline tells a meeting's story from the audit trail."""
    await record(tx, by, deed, "meeting", meeting.id, now=now, facts=facts)
    changed = Event(EventKind.MEETING_CHANGED, now, keepers(deal.owner_id, meeting.user_id or deal.owner_id),
                    contact_id=meeting.contact_id or deal.contact_id, deal_id=deal.id, task_id=meeting.task_id, user_id=by,
                    facts={"meeting_id": meeting.id, "deed": deed})  # fmt: skip
    await event_log.append(tx, [changed])


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value

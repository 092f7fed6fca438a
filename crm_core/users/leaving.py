"""Somebody leaves, or is away for long: what he keeps goes to colleagues, nothing is lost (G5), and it can be taken back.

Only who keeps a record changes: calls, moves, notes and finished tasks stay under the name of whoever did them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, and_, func, insert, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.contacts.tables import companies, contacts
from crm_core.db import one_at_a_time
from crm_core.deals.tables import deals
from crm_core.errors import Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.fields.tables import field_changes
from crm_core.meetings.queries import MeetingState
from crm_core.meetings.tables import meetings
from crm_core.receivers import keepers
from crm_core.references import Person
from crm_core.tasks.tables import tasks
from crm_core.users.audit import record
from crm_core.users.queries import on_duty
from crm_core.users.sharing import Held, customer_of, shared_out
from crm_core.users.tables import audit, users

MOST_SHARES = 100
AT_ONCE = 500
"""Ids in one statement."""
HANDED_OVER, HANDED_BACK = "handed_over", "handed_back"
HANDING = 6_120_344  # any number of our own


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record somebody keeps: in which column his id stands, which of them go on, and how it is told."""

    table: Table
    keeper: ColumnElement[Any]
    goes_on: ColumnElement[bool]
    told: EventKind
    history: str | None = None


KINDS = {
    "deals": Kind(deals, deals.c.owner_id, deals.c.closed_at.is_(None), EventKind.DEAL_CHANGED, "deal"),
    "closed_deals": Kind(deals, deals.c.owner_id, deals.c.closed_at.is_not(None), EventKind.DEAL_CHANGED, "deal"),
    "contacts": Kind(contacts, contacts.c.owner_id, contacts.c.merged_into.is_(None), EventKind.CONTACT_CHANGED, "contact"),
    "companies": Kind(companies, companies.c.owner_id, companies.c.merged_into.is_(None), EventKind.COMPANY_CHANGED, "company"),
    "tasks": Kind(tasks, tasks.c.owner_id, tasks.c.done_at.is_(None), EventKind.TASK_OPENED),
    "meetings": Kind(meetings, meetings.c.user_id, meetings.c.state == MeetingState.PLANNED, EventKind.MEETING_CHANGED),
}
USUAL = ("deals", "contacts", "companies", "tasks", "meetings")
"""Closed deals go only if asked: their figures belong to whoever closed them."""

Given = Mapping[str, Mapping[int, tuple[int, ...]]]
"""By kind and heir, the ids."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """One hand-over as it was kept: to whom how much of each kind. `taken_back_at`: None while it stands."""

    id: int
    at: datetime
    by: Person | None
    heirs: tuple[tuple[Person, Mapping[str, int]], ...]
    taken_back_at: datetime | None

    @property
    def count(self) -> int:
        return sum(sum(counts.values()) for _, counts in self.heirs)


async def holdings(connection: AsyncConnection, user_id: int) -> dict[str, int]:
    """How many records of each kind he keeps now."""
    counted = {}
    for name, kind in KINDS.items():
        query = select(func.count()).select_from(kind.table).where(kind.keeper == user_id, kind.goes_on)
        counted[name] = int(await connection.scalar(query) or 0)
    return counted


async def hand_over(
    tx: AsyncConnection, user_id: int, shares: Mapping[int, int], *, by: int | None, now: datetime, closed: bool = False
) -> int:
    """Give all he keeps to colleagues by their shares and tell how many records went; what is gone already is not given again.

    Raises Invalid for nobody, himself, or shares that are none; NotFound for somebody who may keep no customers.
    """
    await one_at_a_time(tx, HANDING)
    await _require_heirs(tx, user_id, shares)
    held = await _held(tx, user_id, (*USUAL, "closed_deals") if closed else USUAL)
    heirs = shared_out([one.customer for one in held], shares)
    given = _by_heir(held, {one: heirs[one.customer] for one in held})
    for name, parts in given.items():
        for heir, ids in parts.items():
            await _keep(tx, name, ids, user_id, heir, by=by, now=now)
    if held:
        facts = {name: {str(heir): list(ids) for heir, ids in parts.items()} for name, parts in given.items()}
        await record(tx, by, HANDED_OVER, "user", user_id, now=now, facts=facts)
    return len(held)


async def hand_back(tx: AsyncConnection, user_id: int, *, by: int | None, now: datetime) -> int:
    """Take the last hand-over back and tell how many records came; what an heir gave on or finished since stays as it is."""
    await one_at_a_time(tx, HANDING)
    last = await _last(tx, user_id)
    if last is None or last.taken_back_at is not None:
        return 0
    came = 0
    for name, parts in (await _facts(tx, last.id)).items():
        for heir, ids in parts.items():
            came += await _keep(tx, name, ids, heir, user_id, by=by, now=now)
    await record(tx, by, HANDED_BACK, "user", user_id, now=now, facts={"of": last.id, "count": came})
    return came


async def last_hand_over(connection: AsyncConnection, user_id: int) -> HandOver | None:
    return await _last(connection, user_id)


async def _require_heirs(tx: AsyncConnection, user_id: int, shares: Mapping[int, int]) -> None:
    if not shares or user_id in shares or any(not 1 <= share <= MOST_SHARES for share in shares.values()):
        raise Invalid(f"Say to whom: each colleague once, with a share from 1 to {MOST_SHARES}", field="to")
    if await tx.scalar(select(users.c.id).where(users.c.id == user_id)) is None:
        raise NotFound(noun="users", id=user_id)
    working = {heir for heir, _ in await on_duty(tx)}
    for heir in shares:
        if heir not in working:
            raise NotFound(noun="users", id=heir)


async def _held(tx: AsyncConnection, user_id: int, names: Sequence[str]) -> list[Held]:
    """All of it; deals come first, so that they are shared out most evenly."""
    found: list[Held] = []
    for name in names:
        kind = KINDS[name]
        query = _with_customer(kind).where(kind.keeper == user_id, kind.goes_on).order_by(kind.table.c.id)
        rows = (await tx.execute(query)).all()
        found += [Held(name, row.id, customer_of(name, row.id, row.of_company, row.of_contact)) for row in rows]
    return found


def _with_customer(kind: Kind) -> Any:
    """The record's id, its company and its contact, found through its deal and contact where it does not say so itself."""
    table = kind.table
    if table is companies:
        return select(table.c.id, table.c.id.label("of_company"), null().label("of_contact"))
    if table is contacts:
        return select(table.c.id, table.c.company_id.label("of_company"), table.c.id.label("of_contact"))
    if table is deals:
        company = func.coalesce(deals.c.company_id, contacts.c.company_id)
        named = deals.outerjoin(contacts, contacts.c.id == deals.c.contact_id)
        return select(deals.c.id, company.label("of_company"), deals.c.contact_id.label("of_contact")).select_from(named)
    contact = func.coalesce(deals.c.contact_id, table.c.contact_id)
    joined = table.outerjoin(deals, deals.c.id == table.c.deal_id).outerjoin(contacts, contacts.c.id == contact)
    company = func.coalesce(deals.c.company_id, contacts.c.company_id)
    return select(table.c.id, company.label("of_company"), contact.label("of_contact")).select_from(joined)


def _by_heir(held: Sequence[Held], heirs: Mapping[Held, int]) -> Given:
    given: dict[str, dict[int, tuple[int, ...]]] = {}
    for one in held:
        parts = given.setdefault(one.noun, {})
        parts[heirs[one]] = (*parts.get(heirs[one], ()), one.id)
    return given


async def _keep(
    tx: AsyncConnection, name: str, ids: Sequence[int], before: int, after: int, *, by: int | None, now: datetime
) -> int:
    """Those of the records that `before` still keeps are kept by `after` now; tells how many."""
    kind, changed = KINDS[name], 0
    for first in range(0, len(ids), AT_ONCE):
        which = and_(kind.table.c.id.in_(ids[first : first + AT_ONCE]), kind.keeper == before, kind.goes_on)
        rows = (await tx.execute(update(kind.table).where(which).values({kind.keeper.key: after}).returning(kind.table))).all()
        if kind.history is not None and rows:
            told = {"noun": kind.history, "field": "owner_id", "old": before, "new": after, "at": now, "user_id": by}
            await tx.execute(insert(field_changes), [{**told, "noun_id": row.id} for row in rows])
        await event_log.append(tx, [_event(kind, row, before, after, by, now) for row in rows])
        changed += len(rows)
    return changed


def _event(kind: Kind, row: Row[Any], before: int, after: int, by: int | None, now: datetime) -> Event:
    told = row._mapping
    of = {
        "deal_id": row.id if kind.table is deals else told.get("deal_id"),
        "contact_id": row.id if kind.table is contacts else told.get("contact_id"),
        "task_id": row.id if kind.table is tasks else None,
    }
    facts: dict[str, Any] = {"owner_id": after}
    if kind.table is companies:
        facts["company_id"] = row.id
    if kind.table is tasks:
        facts["kind"] = row.kind
    return Event(kind.told, now, keepers(before, after), user_id=by, facts=facts, **of)


async def _last(connection: AsyncConnection, user_id: int) -> HandOver | None:
    about = (audit.c.noun == "user", audit.c.noun_id == user_id)
    query = select(audit).where(*about, audit.c.deed.in_((HANDED_OVER, HANDED_BACK))).order_by(audit.c.id.desc()).limit(2)
    rows = (await connection.execute(query)).all()
    back = rows[0] if rows and rows[0].deed == HANDED_BACK else None
    made = next((row for row in rows if row.deed == HANDED_OVER), None)
    if made is None:
        return None
    given = _given(made.facts)
    people = await _people(connection, {heir for parts in given.values() for heir in parts} | {made.user_id or 0})
    heirs = sorted({heir for parts in given.values() for heir in parts})
    counts = {heir: {name: len(parts[heir]) for name, parts in given.items() if heir in parts} for heir in heirs}
    return HandOver(
        made.id, made.at, people.get(made.user_id), tuple((people[heir], counts[heir]) for heir in heirs),
        None if back is None else back.at,
    )  # fmt: skip


async def _facts(tx: AsyncConnection, audit_id: int) -> Given:
    return _given(await tx.scalar(select(audit.c.facts).where(audit.c.id == audit_id)))


def _given(facts: Any) -> Given:
    return {name: {int(heir): tuple(ids) for heir, ids in parts.items()} for name, parts in (facts or {}).items()}


async def _people(connection: AsyncConnection, ids: set[int]) -> dict[int, Person]:
    rows = await connection.execute(select(users.c.id, users.c.name).where(users.c.id.in_(sorted(ids))))
    return {row.id: Person(row.id, row.name) for row in rows}

"""What intake must know before it decides: a few set queries for a whole batch, however many calls are in it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    ScalarSelect,
    String,
    and_,
    bindparam,
    exists,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.events import Call, CallState, Direction, Outcome
from crm_core.calls.known_leads import read_openings
from crm_core.calls.ledger import (
    CallDraft,
    ContactDraft,
    DealDraft,
    IntakeRules,
    Ledger,
    NumberDraft,
    Span,
    TaskDraft,
    weighed,
)
from crm_core.calls.tables import call_linkedids, call_rings, calls, exchanges
from crm_core.calls.telling import moment_of
from crm_core.contacts.tables import contact_numbers, contacts
from crm_core.deals.beginnings import beginnings
from crm_core.deals.tables import deals, stages
from crm_core.exchanges.config import ExchangeConfig
from crm_core.leads.rule_set import ANY_RULE, read_rule_set
from crm_core.leads.rules import Beginning
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.users.extensions import Period
from crm_core.users.tables import user_extensions, users

TOLD_LATE = 60.0
"""Seconds after its end from which a call is told late: what came after it may be known already."""

# Signs that a call reached somebody or something of ours.
REACHED_STATES = (CallState.RINGING, CallState.TALKING, CallState.HELD)


async def read(
    tx: AsyncConnection, exchange: ExchangeConfig, told: Sequence[Call], rules: IntakeRules, now: datetime, journal_id: int | None
) -> Ledger:
    """A ledger with everything in it that these calls may touch."""
    ledger = Ledger(
        rules=rules, now=now, house_numbers=exchange.house_numbers | exchange.own_numbers, own_numbers=exchange.own_numbers,
        exchange_id=exchange.id, journal_id=journal_id,
    )  # fmt: skip
    customers = sorted({number for call in told if (number := call.customer) is not None})
    if not exchange.own_numbers:
        ledger.reached_dids = await _reached_dids(tx, exchange.id, told, customers)
    await _read_house(tx, ledger, exchange.id, _extensions(told))
    rows = await _call_rows(tx, exchange.id, told)
    people = await _read_numbers(tx, ledger, customers, {row.contact_id for row in rows if row.contact_id})
    known_deals = await _read_deals(tx, ledger, people, {row.deal_id for row in rows if row.deal_id})
    _note_calls(ledger, rows, people, known_deals)
    await _read_tasks(tx, ledger, told, known_deals)
    if ledger.leads is not None:
        await read_openings(tx, ledger, known_deals)
    await _read_reached(tx, ledger, told)
    return ledger


def _beginning(column: Column[int]) -> ScalarSelect[int]:
    """Of the first open stage of the first pipeline: where new deals begin."""
    return beginnings(column).limit(1).scalar_subquery()


HOUSE = (
    select(
        _beginning(stages.c.pipeline_id).label("pipeline_id"), _beginning(stages.c.id).label("stage_id"),
        user_extensions.c.extension, user_extensions.c.user_id, user_extensions.c.since, user_extensions.c.until,
        ANY_RULE.label("ruled"),
    )
    .select_from(
        exchanges.outerjoin(
            user_extensions,
            and_(
                user_extensions.c.exchange_id == exchanges.c.id,
                user_extensions.c.extension.in_(bindparam("extensions", expanding=True)),
            ),
        )
    )
    .where(exchanges.c.id == bindparam("exchange"))
)  # fmt: skip


async def _read_house(tx: AsyncConnection, ledger: Ledger, exchange_id: int, extensions: set[str]) -> None:
    """Who had which phone and when, where new deals begin, and whether lead rules say otherwise: one question does."""
    holders: dict[str, list[Period]] = {}
    ruled = False
    for row in await tx.execute(HOUSE, {"exchange": exchange_id, "extensions": sorted(extensions)}):
        if row.stage_id is not None:
            ledger.first_stage = Beginning(row.pipeline_id, row.stage_id)
        if row.extension is not None:
            holders.setdefault(row.extension, []).append(Period(row.user_id, row.since, row.until))
        ruled = row.ruled
    ledger.holders = holders
    if ruled:
        ledger.leads = await read_rule_set(tx, ledger.rules.zone)


CALLS = (
    select(
        calls.c.id, calls.c.key, calls.c.ended_at, calls.c.answered_at, calls.c.outcome, calls.c.told, calls.c.user_id,
        calls.c.contact_id, calls.c.deal_id, calls.c.stage_id, calls.c.started_at, calls.c.source, calls.c.queue,
        call_linkedids.c.linkedid,
    )
    .join(call_linkedids, call_linkedids.c.call_id == calls.c.id)
    .where(call_linkedids.c.exchange_id == bindparam("exchange"))
    .where(call_linkedids.c.linkedid.in_(bindparam("linkedids", expanding=True)))
)  # fmt: skip


async def _call_rows(tx: AsyncConnection, exchange_id: int, told: Sequence[Call]) -> Sequence[Any]:
    linkedids = sorted({linkedid for call in told for linkedid in call.linkedids})
    return (await tx.execute(CALLS, {"exchange": exchange_id, "linkedids": linkedids})).all()


NUMBERS = (
    select(
        contact_numbers.c.number, contact_numbers.c.raw, contact_numbers.c.not_customer_at,
        contacts.c.id.label("contact_id"), contacts.c.owner_id, contacts.c.company_id, contacts.c.created_at,
        users.c.active,
    )
    .select_from(
        contact_numbers.outerjoin(contacts, contacts.c.id == contact_numbers.c.contact_id)
        .outerjoin(users, users.c.id == contacts.c.owner_id)
    )
    .where(contact_numbers.c.number.in_(bindparam("numbers", expanding=True)))
)  # fmt: skip
CONTACTS = (
    select(contacts.c.id.label("contact_id"), contacts.c.owner_id, contacts.c.company_id, contacts.c.created_at, users.c.active)
    .outerjoin(users, users.c.id == contacts.c.owner_id)
    .where(contacts.c.id.in_(bindparam("ids", expanding=True)))
)


async def _read_numbers(
    tx: AsyncConnection, ledger: Ledger, customers: Sequence[str], of_calls: set[int]
) -> dict[int, ContactDraft]:
    """The numbers outside, and the contacts by these numbers or of these calls."""
    found: dict[int, ContactDraft] = {}
    for row in await tx.execute(NUMBERS, {"numbers": customers}) if customers else ():
        contact = _contact(found, row)
        ledger.numbers[row.number] = NumberDraft(row.number, row.raw, contact, row.not_customer_at is not None)
    if missing := of_calls - set(found):
        for other in await tx.execute(CONTACTS, {"ids": sorted(missing)}):
            _contact(found, other)
    return found


def _contact(found: dict[int, ContactDraft], row: Any) -> ContactDraft | None:
    if row.contact_id is None:
        return None
    if row.contact_id not in found:
        found[row.contact_id] = ContactDraft(row.contact_id, row.owner_id, bool(row.active), row.company_id, row.created_at)
    return found[row.contact_id]


DEALS = (
    select(deals)
    .where(
        or_(
            and_(deals.c.contact_id.in_(bindparam("people", expanding=True)), deals.c.closed_at.is_(None)),
            deals.c.id.in_(bindparam("ids", expanding=True)),
        )
    )
    .order_by(deals.c.id)
)


async def _read_deals(
    tx: AsyncConnection, ledger: Ledger, people: dict[int, ContactDraft], of_calls: set[int]
) -> dict[int, DealDraft]:
    """The open deals of these contacts, and the deals of these calls. The newest open deal is a caller's own."""
    if not people and not of_calls:
        return {}
    found: dict[int, DealDraft] = {}
    for row in await tx.execute(DEALS, {"people": sorted(people), "ids": sorted(of_calls)}):
        contact = people.get(row.contact_id)
        draft = DealDraft(
            contact, row.pipeline_id, row.stage_id, row.id, row.owner_id, row.created_at, open=row.closed_at is None,
            rule_id=row.lead_rule_id, since=row.stage_since,
        )  # fmt: skip
        found[row.id] = draft
        if contact is not None and draft.open:
            ledger.open_deals[contact] = draft
    return found


def _note_calls(ledger: Ledger, rows: Sequence[Any], people: dict[int, ContactDraft], known_deals: dict[int, DealDraft]) -> None:
    drafts: dict[int, CallDraft] = {}
    for row in rows:
        if row.id not in drafts:
            drafts[row.id] = _known_call(row, people.get(row.contact_id), known_deals.get(row.deal_id))
        ledger.by_linkedid[row.linkedid] = drafts[row.id]


def _known_call(row: Any, contact: ContactDraft | None, deal: DealDraft | None) -> CallDraft:
    ended = row.ended_at is not None
    return CallDraft(
        key=row.key, stored_key=row.key, id=row.id, contact=contact, deal=deal, stage_id=row.stage_id, user_id=row.user_id,
        told=row.told, was_answered=row.answered_at is not None, was_ended=ended,
        was_unanswered=ended and row.outcome != Outcome.ANSWERED,
        weighed=weighed(row.queue, row.answered_at is not None, ended), span=Span(row.started_at, row.ended_at, row.source),
    )  # fmt: skip


TASKS = select(tasks).where(
    tasks.c.done_at.is_(None),
    or_(
        and_(tasks.c.kind == TaskKind.CALL_BACK, tasks.c.number.in_(bindparam("numbers", expanding=True))),
        and_(tasks.c.deal_id.in_(bindparam("deals", expanding=True)), tasks.c.owner_id.is_(None)),
    ),
)


async def _read_tasks(tx: AsyncConnection, ledger: Ledger, told: Sequence[Call], known_deals: dict[int, DealDraft]) -> None:
    """Open call-backs of numbers that were answered or rang in vain; open tasks nobody has of deals nobody has."""
    numbers = {call.customer for call in told if call.answered_at is not None or call.ended_at is not None}
    nobodys = sorted(deal_id for deal_id, deal in known_deals.items() if deal.owner_id is None)
    shown = sorted(number for number in numbers if number is not None)
    if not shown and not nobodys:
        return
    for row in await tx.execute(TASKS, {"numbers": shown, "deals": nobodys}):
        deal = known_deals.get(row.deal_id)
        task = TaskDraft(
            TaskKind(row.kind),
            row.due_at,
            row.created_at,
            row.number,
            deal=deal,
            owner_id=row.owner_id,
            title=row.title,
            id=row.id,
        )
        ledger.known_tasks.append(task)
        if task.kind is TaskKind.CALL_BACK and task.number is not None:
            ledger.call_backs[task.number] = task
        if deal is not None and task.owner_id is None:
            ledger.unowned.setdefault(deal, []).append(task)


async def _read_reached(tx: AsyncConnection, ledger: Ledger, told: Sequence[Call]) -> None:
    """Of calls that are told of long after they ended (a gap was filled): whether the customer was reached since."""
    now = ledger.now.timestamp()
    late = {
        call.customer: call.ended_at
        for call in told
        if call.answered_at is None and call.ended_at is not None and call.ended_at < now - TOLD_LATE and call.customer
    }
    if not late:
        return
    answered = (calls.c.started_at >= moment_of(min(late.values()), ledger.now), calls.c.answered_at.is_not(None))
    query = select(
        calls.c.id, calls.c.key, calls.c.caller, calls.c.callee, calls.c.direction, calls.c.answered_at, calls.c.user_id
    )
    theirs = or_(calls.c.caller.in_(late), calls.c.callee.in_(late))
    for row in await tx.execute(query.where(*answered, theirs).order_by(calls.c.answered_at.desc())):
        number = {Direction.INBOUND: row.caller, Direction.OUTBOUND: row.callee}.get(row.direction)
        if number in late and row.answered_at.timestamp() > late[number]:
            ledger.reached[number] = CallDraft(key=row.key, stored_key=row.key, id=row.id, user_id=row.user_id), row.answered_at


async def _reached_dids(tx: AsyncConnection, exchange_id: int, told: Sequence[Call], customers: Sequence[str]) -> set[str]:
    """Which of the DIDs dialled ever led to us, and which of the numbers outside are such DIDs: our own."""
    dialled = sorted({call.did for call in told if call.direction is Direction.INBOUND and call.did is not None})
    # One EXISTS for each DID stops at the first call found; DISTINCT would walk through all the calls of a busy line.
    asked = {"exchange": exchange_id, **{f"did{place}": did for place, did in enumerate(dialled)}}
    found = set(await tx.scalars(_dids_reached(len(dialled)), asked)) if dialled else set()
    if customers:
        found.update(await tx.scalars(OURS, {"exchange": exchange_id, "numbers": customers}))
    return found


@lru_cache(50)
def _dids_reached(count: int) -> CompoundSelect[Any]:
    """Those of `did0`, `did1` and so on."""
    asked = [bindparam(f"did{place}", type_=String) for place in range(count)]
    return union_all(*[select(did.label("did")).where(exists().where(_reached(), calls.c.did == did)) for did in asked])


def _reached() -> ColumnElement[bool]:
    reached = or_(
        and_(calls.c.outcome.is_not(None), calls.c.outcome != Outcome.FAILED),
        calls.c.state.in_(REACHED_STATES),
        calls.c.queue.is_not(None),
        exists().where(call_rings.c.call_id == calls.c.id).correlate(calls),
    )
    return and_(calls.c.exchange_id == bindparam("exchange"), reached)


OURS = select(calls.c.did).distinct().where(calls.c.did.in_(bindparam("numbers", expanding=True)), _reached())


def _extensions(told: Iterable[Call]) -> set[str]:
    found = {ring.extension for call in told for ring in call.rang}
    found.update(talk.extension for call in told for talk in call.answered_by)
    found.update(number for call in told for number in (call.caller, call.callee) if number is not None)
    return found

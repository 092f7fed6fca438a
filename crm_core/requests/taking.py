"""A request is taken: what a first call does (F12–F14), once however often it is sent.

It waits for call intake and intake for it: a call and a request with one new number make one contact and one deal.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, distinct, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.calls.intake import INTAKE
from crm_core.calls.ledger import IntakeRules
from crm_core.contacts.not_customer import unmark_not_customer
from crm_core.db import one_at_a_time
from crm_core.errors import Conflict
from crm_core.events import Event, EventKind
from crm_core.receivers import keepers
from crm_core.requests.limits import require_room
from crm_core.requests.openings import Opened, lead_of
from crm_core.requests.people import Person, not_a_customer, person_asking
from crm_core.requests.spam import LONG_TEXT, Circumstances, SpamSign, spam_sign
from crm_core.requests.tables import requests
from crm_core.requests.words import Asked, RequestState, fitted
from crm_core.rows import locked_row
from crm_core.users.audit import record

REPEATED = timedelta(minutes=10)
"""A form sent twice without a key, by a double click or a reload, is one request."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sender:
    """`form_id` of a public form, `user_id` of a token: one of the two. `address` of a form's visitor, hashed."""

    form_id: int | None = None
    user_id: int | None = None
    source: str | None = None
    address: str | None = None

    @property
    def name(self) -> str:
        return f"user:{self.user_id}" if self.form_id is None else f"form:{self.form_id}"

    @property
    def trusted(self) -> bool:
        return self.form_id is None


@dataclass(frozen=True, slots=True)
class Sent:
    """What came in. `trap` and `seconds` are looked at where the sender is a public form."""

    asked: Asked
    sender: Sender
    key: str | None = None
    trap: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """`again`: it had been taken before, and nothing was done."""

    id: int
    state: RequestState
    contact_id: int | None
    deal_id: int | None
    again: bool = field(default=False, compare=False)

    @classmethod
    def of(cls, row: Row[Any], *, again: bool = False) -> "Taken":
        return cls(row.id, RequestState(row.state), row.contact_id, row.deal_id, again)


async def taken_before(tx: AsyncConnection, sent: Sent, now: datetime) -> Taken | None:
    """What became of it when it was sent before; raises Conflict for a key that was sent with other words."""
    query = select(requests).where(requests.c.sender == sent.sender.name)
    if sent.key is None:
        same = (requests.c.body_hash == sent.asked.body_hash, requests.c.key.is_(None), requests.c.at > now - REPEATED)
        row = (await tx.execute(query.where(*same).order_by(requests.c.id).limit(1))).one_or_none()
    else:
        row = (await tx.execute(query.where(requests.c.key == sent.key))).one_or_none()
    if row is not None and row.body_hash != sent.asked.body_hash:
        raise Conflict("This key was sent with other words; use a new key for a new request", reason="key")
    return None if row is None else Taken.of(row, again=True)


async def take_request(tx: AsyncConnection, sent: Sent, rules: IntakeRules, *, now: datetime) -> Taken:
    """Keep it and make of it what follows; raises Conflict as `taken_before` does, TooManyRequests."""
    await one_at_a_time(tx, INTAKE)
    before = await taken_before(tx, sent, now)
    if before is not None:
        return before
    await require_room(tx, sent.sender.name, sent.sender.address, now)
    sign = await _sign(tx, sent, now)
    row = await _keep(tx, sent, sign, now)
    if sign is not None:
        return Taken.of(row)
    return await _make_lead(tx, row, sent.asked, sent.sender, rules, now=now, by=sent.sender.user_id)


async def rescue(
    tx: AsyncConnection, request_id: int, rules: IntakeRules, region: str, *, by: int | None, now: datetime
) -> Taken:
    """Somebody says that it is no spam: it becomes what it would have been. Done twice is done once; raises NotFound."""
    await one_at_a_time(tx, INTAKE)
    row = await locked_row(tx, requests, request_id)
    if row.state == RequestState.TAKEN:
        return Taken.of(row, again=True)
    told = {name: getattr(row, name) for name in ("name", "email", "text", "source", "consent", "page")}
    asked = fitted({**told, "phone": _as_written(row.phone)}, row.utm, region)
    if row.why == SpamSign.NOT_A_CUSTOMER and asked.number is not None:
        await unmark_not_customer(tx, asked.number, by=by, now=now)
    kind, _, sender_id = row.sender.partition(":")
    sender = Sender(form_id=int(sender_id)) if kind == "form" else Sender(user_id=int(sender_id))
    await record(tx, by, "request_rescued", "request", request_id, now=now, facts={"why": row.why})
    return await _make_lead(tx, row, asked, sender, rules, now=now, by=by)


async def _sign(tx: AsyncConnection, sent: Sent, now: datetime) -> SpamSign | None:
    if await not_a_customer(tx, sent.asked.number):
        return SpamSign.NOT_A_CUSTOMER
    if sent.sender.trusted:
        return None
    return spam_sign(sent.asked, Circumstances(sent.trap, sent.seconds, await _alike(tx, sent.asked, now)))


async def _alike(tx: AsyncConnection, asked: Asked, now: datetime) -> int:
    """How many others sent this text in the last day; who sends his own words again is one sender."""
    if asked.text is None or len(asked.text) < LONG_TEXT:
        return 0
    who = func.coalesce(requests.c.phone, requests.c.email)
    query = select(func.count(distinct(who))).where(requests.c.at > now - DAY, requests.c.text == asked.text)
    return int(await tx.scalar(query.where(who != (_kept_phone(asked) or asked.email))) or 0)


async def _keep(tx: AsyncConnection, sent: Sent, sign: SpamSign | None, now: datetime) -> Row[Any]:
    asked = sent.asked
    row = {
        "sender": sent.sender.name, "key": sent.key, "body_hash": asked.body_hash, "at": now, "name": asked.name,
        "phone": _kept_phone(asked), "email": asked.email, "text": asked.text, "source": asked.source or sent.sender.source,
        "utm": dict(asked.utm), "consent": asked.consent, "page": asked.page, "address": sent.sender.address,
        "state": RequestState.TAKEN if sign is None else RequestState.SPAM, "why": sign,
    }  # fmt: skip
    kept: Row[Any] = (await tx.execute(insert(requests).values(row).returning(requests))).one()
    return kept


def _as_written(phone: str | None) -> str | None:
    """What was understood is kept without its plus."""
    return f"+{phone}" if phone is not None and phone.isascii() and phone.isdecimal() and len(phone) > 6 else phone


def _kept_phone(asked: Asked) -> str | None:
    return asked.number or asked.phone


async def _make_lead(
    tx: AsyncConnection, row: Row[Any], asked: Asked, sender: Sender, rules: IntakeRules, *, now: datetime, by: int | None
) -> Taken:
    person = await person_asking(tx, asked, trusted=sender.trusted, now=now)
    lead = await lead_of(tx, row, person, asked, sender.form_id, rules, now)
    belongs = {"state": RequestState.TAKEN, "contact_id": person.id, "deal_id": lead.deal_id}
    kept = (await tx.execute(update(requests).where(requests.c.id == row.id).values(belongs).returning(requests))).one()
    await event_log.append(tx, _told(kept, person, lead, now, by))
    return Taken.of(kept)


def _told(row: Row[Any], person: Person, lead: Opened, now: datetime, by: int | None) -> list[Event]:
    """Of its deal and tasks, and of the request itself, for whom it is."""
    who = keepers(lead.owner_id)
    about: dict[str, Any] = {"contact_id": person.id, "deal_id": lead.deal_id}
    happened = [Event(EventKind.CONTACT_CHANGED, now, keepers(person.owner_id), contact_id=person.id)]
    if lead.opened:
        facts = {"request_id": row.id} | ({} if lead.rule_id is None else {"lead_rule": lead.rule_id})
        happened.append(Event(EventKind.DEAL_OPENED, now, who, **about, facts=facts))
    happened += [
        Event(EventKind.TASK_OPENED, now, who, **about, task_id=task_id, facts={"kind": kind}) for task_id, kind in lead.tasks
    ]
    facts = {"request_id": row.id, "known": person.known}
    return [*happened, Event(EventKind.REQUEST_TAKEN, now, who, **about, user_id=by, facts=facts, key=None)]

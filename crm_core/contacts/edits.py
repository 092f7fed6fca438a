"""Contacts are met, named, placed in a company, given numbers and an owner."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.contacts.numbers import read_number
from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.editing import to_write
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.fields.history import Noun, note_changes
from crm_core.merging.kept import kept_of
from crm_core.receivers import keepers
from crm_core.rows import locked_row
from crm_core.text import clean, msgid, one_line
from crm_core.users.accounts import require_working
from crm_core.users.audit import record

TEXTS = {"name": 200, "position": 200, "email": 254, "note": 10_000}


class ContactChanges(TypedDict, total=False):
    """What to change; a field that is not given stays. `company` by its name: found, or made; None: no company."""

    name: str | None
    position: str | None
    email: str | None
    note: str | None
    company: str | None
    company_id: int | None  # instead of its name
    owner_id: int | None


async def add_contact(
    tx: AsyncConnection, changes: ContactChanges, numbers: Sequence[str], region: str, *, by: int | None, now: datetime
) -> int:
    """Write down somebody who has not rung yet; raises Conflict with the fact `contact_id` for a number already known."""
    values = await _values(tx, changes, now=now)
    row = {**values, "created_at": now}
    contact_id: int = (await tx.execute(insert(contacts).values(row).returning(contacts.c.id))).scalar_one()
    await record(tx, by, "contact_added", "contact", contact_id, now=now)
    for number in numbers:
        await add_number(tx, contact_id, number, region, by=by, now=now)
    await _tell(tx, await _locked(tx, contact_id), now, by)
    return contact_id


async def edit_contact(
    tx: AsyncConnection, contact_id: int, changes: ContactChanges, *, by: int | None, now: datetime,
    seen: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Change what is given; raises NotFound, for an owner who does not work here too, Conflict as `crm_core.editing` says.

    `seen` may tell the company by its name, too: who left it as it was lets stand what a colleague chose meanwhile.
    """
    contact = await _locked(tx, contact_id)
    if seen is not None and "company" in seen:
        changes, seen = await _company_seen(tx, contact, changes, seen)
    new = await _values(tx, changes, now=now)
    changed = to_write(contact, new, seen)
    if not changed:
        return
    await tx.execute(update(contacts).where(contacts.c.id == contact_id).values(changed))
    before = {name: (getattr(contact, name), value) for name, value in changed.items()}
    await note_changes(tx, Noun.CONTACT, contact_id, before, by=by, now=now)
    await record(tx, by, "contact_edited", "contact", contact_id, now=now, facts=before)
    await _tell(tx, contact, now, by, also=changed.get("owner_id", contact.owner_id))


async def add_number(tx: AsyncConnection, contact_id: int, raw: str, region: str, *, by: int | None, now: datetime) -> str:
    """Give a contact a number as somebody typed it, and tell how it is kept; raises Invalid or Conflict."""
    contact = await _locked(tx, contact_id)
    number = read_number(clean(raw, 80), region).e164
    if number is None:
        raise Invalid(f"{raw[:40]!r} is no telephone number")
    known = (await tx.execute(select(contact_numbers).where(contact_numbers.c.number == number).with_for_update())).one_or_none()
    if known is not None and known.contact_id == contact_id:
        return number
    if known is not None and known.contact_id is not None:
        raise Conflict("Another contact has this number", contact_id=known.contact_id)
    if known is None:
        row = {"number": number, "raw": clean(raw, 80), "contact_id": contact_id, "created_at": now}
        await tx.execute(insert(contact_numbers).values(row))
    else:
        await tx.execute(update(contact_numbers).where(contact_numbers.c.id == known.id).values(contact_id=contact_id))
    await record(tx, by, "number_added", "contact", contact_id, now=now, facts={"number": number})
    await _tell(tx, contact, now, by)
    return number


async def contact_of_number(tx: AsyncConnection, raw: str, region: str) -> int | None:
    """Whose number this is; raises Invalid for what is none."""
    number = read_number(clean(raw, 80), region).e164
    if number is None:
        raise Invalid(f"{raw[:40]!r} is no telephone number", field="number")
    known: int | None = await tx.scalar(select(contact_numbers.c.contact_id).where(contact_numbers.c.number == number))
    return known


async def company_named(tx: AsyncConnection, name: str, *, now: datetime) -> int:
    """The company of this name (however it is capitalised), made if there is none; raises Invalid for no name.

    A name that was merged leads to the company that was kept.
    """
    wanted = one_line(name, 300)
    if not wanted:
        raise Invalid("A company has a name")
    # Compared here, because SQLite's lower() knows no Cyrillic.
    alike = select(companies.c.id, companies.c.name).where(func.length(companies.c.name) == len(wanted))
    for known in await tx.execute(alike.order_by(companies.c.id)):
        if known.name.casefold() == wanted.casefold():
            return await kept_of(tx, Noun.COMPANY, known.id)
    added: int = (await tx.execute(insert(companies).values(name=wanted, created_at=now).returning(companies.c.id))).scalar_one()
    return added


async def _values(tx: AsyncConnection, changes: ContactChanges, *, now: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, longest in TEXTS.items():
        if name in changes:
            text: str | None = changes[name]  # type: ignore[literal-required]
            values[name] = None if text is None else clean(text, longest).strip() or None
    if "company" in changes:
        company = changes["company"]
        values["company_id"] = await company_named(tx, company, now=now) if company and company.strip() else None
    elif "company_id" in changes:
        values["company_id"] = await _company_there(tx, changes["company_id"])
    if "owner_id" in changes:
        await require_working(tx, changes["owner_id"])
        values["owner_id"] = changes["owner_id"]
    return values


async def _company_seen(
    tx: AsyncConnection, contact: Row[Any], changes: ContactChanges, seen: Mapping[str, Any]
) -> tuple[ContactChanges, dict[str, Any]]:
    """Raises Conflict where another company stands there by now than the one that was seen."""
    rest = {name: value for name, value in seen.items() if name != "company"}
    if "company" not in changes:
        return changes, rest
    now_there: str | None = await tx.scalar(select(companies.c.name).where(companies.c.id == contact.company_id))
    wanted, saw, stands = (_folded(name) for name in (changes["company"], seen["company"], now_there))
    if stands not in (saw, wanted) and wanted != saw:
        raise Conflict("Somebody changed this meanwhile", changed={"company": now_there}, wanted={"company": changes["company"]})
    if wanted in (saw, stands):
        changes = changes.copy()
        del changes["company"]
    return changes, rest


def _folded(name: str | None) -> str:
    return " ".join((name or "").split()).casefold()


async def _company_there(tx: AsyncConnection, company_id: int | None) -> int | None:
    if company_id is not None and await tx.scalar(select(companies.c.id).where(companies.c.id == company_id)) is None:
        raise NotFound(noun="companies", id=company_id)
    return company_id


async def _locked(tx: AsyncConnection, contact_id: int) -> Row[Any]:
    row = await locked_row(tx, contacts, contact_id)
    if row.merged_into is not None:
        raise Conflict(msgid("This contact was merged into another one; open that one"), merged_into=row.merged_into)
    return row


async def _tell(tx: AsyncConnection, contact: Row[Any], now: datetime, by: int | None, *, also: int | None = None) -> None:
    owners = (contact.owner_id,) if also is None else (contact.owner_id, also)
    event = Event(EventKind.CONTACT_CHANGED, now, keepers(*owners), contact_id=contact.id, user_id=by)
    await event_log.append(tx, [event])

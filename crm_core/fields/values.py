"""Values of added fields: fitted to their kind, and written to a card's `custom` = {"<field's id>": value}."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.contacts.tables import companies, contacts
from crm_core.deals.tables import deals
from crm_core.editing import to_write
from crm_core.errors import Invalid
from crm_core.events import Event, EventKind
from crm_core.fields.definitions import Field, FieldKind, definitions
from crm_core.fields.history import Noun, custom_changes, note_changes
from crm_core.receivers import keepers
from crm_core.rows import locked_row
from crm_core.text import clean, msgid
from crm_core.users.audit import record

LONGEST = 4000
LARGEST = 2**53
DEAREST = 10**15  # kopecks

TABLES: dict[Noun, Table] = {Noun.DEAL: deals, Noun.CONTACT: contacts, Noun.COMPANY: companies}
KINDS = {
    Noun.DEAL: EventKind.DEAL_CHANGED,
    Noun.CONTACT: EventKind.CONTACT_CHANGED,
    Noun.COMPANY: EventKind.COMPANY_CHANGED,
}


def fit_value(field: Field, raw: Any, kept: Any = None) -> Any:
    """A value as JSON gives it → as it is stored; None, an empty text or an empty list: nothing (None).

    number: int or float · money: int, the smallest unit · date: `2026-11-22` · choice: one of the words · choices: a list of
    them · yes_no: bool. `kept`: what stands there now; a choice that was taken away may stay. Raises Invalid
    with the fact `field`.
    """
    if raw is None or raw in ("", []):
        return None
    fitted = _FITS[field.kind](field, raw, kept)
    if fitted is None:
        raise Invalid(SAYS[field.kind], field=field.key, name=field.name)
    return fitted


SAYS = {
    FieldKind.TEXT: msgid("a text"),
    FieldKind.NUMBER: msgid("a number such as 12 or 3.5"),
    FieldKind.MONEY: msgid("an amount such as 240 000"),
    FieldKind.DATE: msgid("a date"),
    FieldKind.CHOICE: msgid("one of the choices"),
    FieldKind.CHOICES: msgid("some of the choices"),
    FieldKind.YES_NO: msgid("yes or no"),
}
"""What a value of each kind is, for a form that says what is wrong."""


def _text(_field: Field, raw: Any, _kept: Any) -> str | None:
    return clean(raw, LONGEST).strip() or None if isinstance(raw, str) else None


def _number(_field: Field, raw: Any, _kept: Any) -> int | float | None:
    fine = type(raw) in (int, float) and math.isfinite(raw) and abs(raw) <= LARGEST
    if not fine:
        return None
    return int(raw) if float(raw).is_integer() else float(raw)


def _money(_field: Field, raw: Any, _kept: Any) -> int | None:
    return raw if type(raw) is int and 0 <= raw <= DEAREST else None


def _date(_field: Field, raw: Any, _kept: Any) -> str | None:
    if not isinstance(raw, str):
        return None
    try:
        day = date.fromisoformat(raw)
    except ValueError:
        return None
    return day.isoformat() if 1800 <= day.year < 2200 else None


def _choice(field: Field, raw: Any, kept: Any) -> str | None:
    return raw if isinstance(raw, str) and raw in (*field.choices, kept) else None


def _choices(field: Field, raw: Any, kept: Any) -> list[str] | None:
    lawful = (*field.choices, *(kept if isinstance(kept, list) else ()))
    fine = isinstance(raw, list) and all(isinstance(word, str) and word in lawful for word in raw)
    return list(dict.fromkeys(raw)) if fine else None


def _yes_no(_field: Field, raw: Any, _kept: Any) -> bool | None:
    return raw if type(raw) is bool else None


_FITS: dict[FieldKind, Callable[[Field, Any, Any], Any]] = {
    FieldKind.TEXT: _text, FieldKind.NUMBER: _number, FieldKind.MONEY: _money, FieldKind.DATE: _date,
    FieldKind.CHOICE: _choice, FieldKind.CHOICES: _choices, FieldKind.YES_NO: _yes_no,
}  # fmt: skip


async def set_values(
    tx: AsyncConnection, noun: Noun, noun_id: int, given: Mapping[str, Any], *, by: int | None, now: datetime,
    seen: Mapping[str, Any] | None = None, may_personal: bool = False,
) -> None:  # fmt: skip
    """Write values {"<field's id>": value} on a card; None takes one away, what is not given stays.

    Raises NotFound, Invalid (a field the card has not, a value it cannot have, or a personal one without the right to see it),
    and Conflict as `crm_core.editing` says, if `seen` is given.
    """
    table = TABLES[noun]
    row = await locked_row(tx, table, noun_id)
    fitted = _fitted(await definitions(tx, noun), given, row.custom, may_personal=may_personal)
    changed = to_write({name: row.custom.get(name) for name in fitted}, fitted, seen)
    if not changed:
        return
    custom = {name: value for name, value in {**row.custom, **changed}.items() if value is not None}
    await tx.execute(update(table).where(table.c.id == noun_id).values(custom=custom))
    await note_changes(tx, noun, noun_id, custom_changes(row.custom, custom), by=by, now=now)
    await record(tx, by, f"{noun}_fields_set", noun, noun_id, now=now, facts={"fields": sorted(changed)})
    await event_log.append(tx, [_told(noun, row, now, by, changed)])


def _fitted(
    fields: Sequence[Field], given: Mapping[str, Any], custom: Mapping[str, Any], *, may_personal: bool
) -> dict[str, Any]:
    known = {str(field.id): field for field in fields if may_personal or not field.personal}
    unknown = sorted(name for name in given if name not in known)
    if unknown:
        raise Invalid("There is no such field", field=f"custom.{clean(unknown[0], 40)}")
    return {name: fit_value(known[name], raw, custom.get(name)) for name, raw in given.items()}


def _told(noun: Noun, row: Any, now: datetime, by: int | None, changed: Mapping[str, Any]) -> Event:
    facts: dict[str, Any] = {"changed": sorted(f"custom.{name}" for name in changed)}
    deal_id = row.id if noun is Noun.DEAL else None
    contact_id = {Noun.DEAL: lambda: row.contact_id, Noun.CONTACT: lambda: row.id}.get(noun, lambda: None)()
    if noun is Noun.COMPANY:
        facts["company_id"] = row.id
    return Event(KINDS[noun], now, keepers(row.owner_id), deal_id=deal_id, contact_id=contact_id, user_id=by, facts=facts)

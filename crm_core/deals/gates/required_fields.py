"""Fields of the deal, its contact and its company are filled (F14, F16)."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.deals.gate import DealAsked, Gate, Judged, Lack, LackKind, Proof, Settings
from crm_core.fields.tables import fields
from crm_core.options import Option, OptionKind
from crm_core.text import msgid

FIELDS = Option("fields", OptionKind.FIELDS, msgid("What has to be filled"), required=True)
OF_DEAL = ("title", "amount", "work_type_id", "source")
OF_CONTACT = ("name", "position", "email", "number")
OF_COMPANY = ("name", "inn", "phone", "email", "site", "address")


async def _judge(tx: AsyncConnection, asked: DealAsked, settings: Settings) -> Judged:
    """A field that was put away is not asked for any more; one that never was keeps the gate shut and is named."""
    values, custom = await _values(tx, asked)
    added = await _added(tx, settings["fields"])
    lacks = []
    for name in settings["fields"]:
        field_id = added_id(name)
        if field_id is None and name in values:
            lacks += [] if is_filled(values[name]) else [_empty(name, name)]
        elif field_id in added:
            row = added[field_id]
            if row.archived_at is None and not is_filled(custom[row.noun].get(str(field_id))):
                lacks.append(_empty(name, row.name))
        else:
            text = msgid("The stage asks for a field there is not: %(field)s")
            lacks.append(Lack(LackKind.FIELD, name, text, {"field": name}))
    proofs = () if lacks else (Proof("fields", msgid("All that is wanted is filled")),)
    return Judged(tuple(lacks), proofs)


def _empty(name: str, called: str) -> Lack:
    """`called`: a name of ours, worded by the page, or that of a field which the company added."""
    return Lack(LackKind.FIELD, name, msgid("Not filled: %(field)s"), {"field": called}, asks=(name,))


def is_filled(value: Any) -> bool:
    """“No” and nought are answers; blanks are none."""
    return value is not None and not (isinstance(value, str) and not value.strip()) and value not in ([], {})


def added_id(name: str) -> int | None:
    """The id of a field that the company added: `custom.7`, `contact.custom.7` → 7; None for one of ours."""
    before, _, number = name.rpartition("custom.")
    known = before in ("", "contact.", "company.") and number.isascii() and number.isdecimal() and len(number) < 10
    return int(number) if known else None


async def _values(tx: AsyncConnection, asked: DealAsked) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What stands in the rows of deal, contact and company: our own fields by their names, and by noun those that were added."""
    number = select(contact_numbers.c.number).where(contact_numbers.c.contact_id == contacts.c.id).correlate(contacts).limit(1)
    contact = await _row(tx, select(contacts, number.scalar_subquery().label("number")), contacts.c.id, asked.deal.contact_id)
    company = await _row(tx, select(companies), companies.c.id, asked.deal.company_id or contact.get("company_id"))
    own = {
        **{name: getattr(asked.deal, name) for name in OF_DEAL},
        **{f"contact.{name}": contact.get(name) for name in OF_CONTACT},
        **{f"company.{name}": company.get(name) for name in OF_COMPANY},
    }
    return own, {
        "deal": asked.deal.custom or {}, "contact": contact.get("custom") or {}, "company": company.get("custom") or {},
    }  # fmt: skip


async def _row(tx: AsyncConnection, query: Select[Any], key: ColumnElement[int], row_id: int | None) -> dict[str, Any]:
    row = None if row_id is None else (await tx.execute(query.where(key == row_id))).one_or_none()
    return {} if row is None else dict(row._mapping)


async def _added(tx: AsyncConnection, names: Iterable[str]) -> Mapping[int | None, Any]:
    ids = [field_id for name in names if (field_id := added_id(name)) is not None]
    return {row.id: row for row in await tx.execute(select(fields).where(fields.c.id.in_(ids)))} if ids else {}


GATE = Gate("required_fields", msgid("Required fields"), (FIELDS,), _judge)

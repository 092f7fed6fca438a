"""Companies are written down and changed."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict
from urllib.parse import urlsplit

from sqlalchemy import Row, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.contacts.inn import inn_typed
from crm_core.contacts.numbers import read_number
from crm_core.contacts.tables import companies
from crm_core.editing import to_write
from crm_core.errors import Conflict, Invalid
from crm_core.events import Event, EventKind
from crm_core.fields.history import Noun, note_changes
from crm_core.receivers import keepers
from crm_core.rows import locked_row
from crm_core.text import clean, msgid
from crm_core.users.accounts import require_working
from crm_core.users.audit import record

TEXTS = {"name": 300, "phone": 80, "email": 254, "site": 300, "address": 500, "note": 10_000}
_MAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\".]+")


class CompanyChanges(TypedDict, total=False):
    """What to change; what is not given stays. `inn` and `phone` as people type them."""

    name: str
    inn: str | None
    phone: str | None
    email: str | None
    site: str | None
    address: str | None
    note: str | None
    owner_id: int | None


async def add_company(tx: AsyncConnection, new: CompanyChanges, region: str, *, by: int | None, now: datetime) -> int:
    """Write down a firm and tell its id; two may have one name. Raises Invalid with the fact `field`, NotFound for an owner."""
    values = await _fit(tx, {"name": "", **new}, region)
    row = {**values, "created_at": now}
    company_id: int = (await tx.execute(insert(companies).values(row).returning(companies.c.id))).scalar_one()
    await record(tx, by, "company_added", "company", company_id, now=now)
    await _tell(tx, company_id, values.get("owner_id"), now=now, by=by)
    return company_id


async def edit_company(
    tx: AsyncConnection, company_id: int, changes: CompanyChanges, region: str, *, by: int | None, now: datetime,
    seen: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Change what is given; raises NotFound, Invalid with the fact `field`, Conflict as `crm_core.editing` says."""
    company = await _locked(tx, company_id)
    changed = to_write(company, await _fit(tx, dict(changes), region), seen)
    if not changed:
        return
    await tx.execute(update(companies).where(companies.c.id == company_id).values(changed))
    before = {name: (getattr(company, name), value) for name, value in changed.items()}
    await note_changes(tx, Noun.COMPANY, company_id, before, by=by, now=now)
    await record(tx, by, "company_edited", "company", company_id, now=now, facts=before)
    await _tell(tx, company_id, company.owner_id, changed.get("owner_id", company.owner_id), now=now, by=by)


async def _fit(tx: AsyncConnection, given: dict[str, Any], region: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, longest in TEXTS.items():
        if name in given:
            values[name] = clean(given[name] or "", longest).strip() or None
    if "name" in values:
        values["name"] = " ".join((values["name"] or "").split())
        if not values["name"]:
            raise Invalid("A company has a name", field="name")
    if "inn" in given:
        values["inn"] = inn_typed(given["inn"])
    if values.get("phone"):
        values["phone"] = read_number(values["phone"], region).e164 or values["phone"]
    if values.get("email") and not _MAIL.fullmatch(values["email"]):
        raise Invalid("An e-mail address looks like name@company.ru", field="email")
    if values.get("site"):
        values["site"] = _site(values["site"])
    if "owner_id" in given:
        await require_working(tx, given["owner_id"])
        values["owner_id"] = given["owner_id"]
    return values


def _site(text: str) -> str:
    """With its scheme; only what a browser opens as a page: it becomes a link."""
    address = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(address)
        fine = parts.scheme in ("http", "https") and "." in (parts.hostname or "") and not re.search(r"[\s<>\"']", address)
    except ValueError:
        fine = False
    if not fine:
        raise Invalid("A site is an address such as example.com", field="site")
    return address


async def _locked(tx: AsyncConnection, company_id: int) -> Row[Any]:
    row = await locked_row(tx, companies, company_id)
    if row.merged_into is not None:
        raise Conflict(msgid("This company was merged into another one; open that one"), merged_into=row.merged_into)
    return row


async def _tell(tx: AsyncConnection, company_id: int, *owners: int | None, now: datetime, by: int | None) -> None:
    event = Event(EventKind.COMPANY_CHANGED, now, keepers(*owners), user_id=by, facts={"company_id": company_id})
    await event_log.append(tx, [event])

"""What is exported of contacts, companies, deals and calls: page by page, and only what the actor may see."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Right, may_see_personal
from crm_core.calls.lines import CallLine
from crm_core.contacts.queries import CompanyLine, ContactLine
from crm_core.db import Database
from crm_core.deals.queries import DealLine
from crm_core.exporting.cells import MOST_ROWS, Cell, Money
from crm_core.fields.definitions import Field, FieldKind, definitions
from crm_core.fields.history import Noun
from crm_core.paging import MOST_ROWS as PAGE
from crm_core.paging import Page

T = TypeVar("T")

PageOf = Callable[[AsyncConnection, str | None, int], Awaitable[Page[T]]]
"""A page of the list that is exported: connection, cursor, how many."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "contacts": ("id", "name", "position", "company", "number", "email", "owner", "note", "created_at"),
    "companies": ("id", "name", "inn", "phone", "email", "site", "address", "owner", "note", "created_at"),
    "deals": ("id", "title", "contact.name", "contact.number", "company", "stage", "amount", "currency", "work_type", "source",
              "owner", "created_at", "closed_at", "closed_as"),
    "calls": ("id", "started_at", "direction", "outcome", "contact.number", "did", "contact.name", "company", "owner", "stage",
              "wait_seconds", "talk_seconds"),
}  # fmt: skip
"""Names of columns, as the page words them; imports guess most of them by these words."""


@dataclass(frozen=True, slots=True)
class OwnFields:
    """The added fields of a kind of record, as the actor may read them."""

    actor: Actor
    fields: tuple[Field, ...]

    def cells(self, custom: Mapping[str, Any], owner_id: int | None) -> list[Cell]:
        """A personal one is empty where it is not his to read."""
        reads = may_see_personal(self.actor, owner_id)
        return [_own(field, custom.get(str(field.id))) if reads or not field.personal else None for field in self.fields]

    @property
    def any_personal(self) -> bool:
        return any(field.personal for field in self.fields)


async def own_fields(connection: AsyncConnection, actor: Actor, noun: Noun) -> OwnFields:
    """Personal ones only where he may read any: of everybody, or of records of his own."""
    known = await definitions(connection, noun)
    if not (actor.may(Right.SEE_PERSONAL) or actor.may(Right.WORK)):
        known = tuple(field for field in known if not field.personal)
    return OwnFields(actor, known)


async def all_pages(database: Database, page_of: PageOf[T]) -> AsyncIterator[Sequence[T]]:
    """Each on a connection of its own, given back before the next: whoever downloads slowly holds none."""
    cursor: str | None = None
    for _ in range(MOST_ROWS // PAGE):
        async with database.read() as connection:
            page = await page_of(connection, cursor, PAGE)
        yield page.items
        if page.next_cursor is None:
            return
        cursor = page.next_cursor


def contact_cells(line: ContactLine, own: OwnFields) -> list[Cell]:
    owner = line.owner
    return [
        line.id, line.name, line.position, line.company.name if line.company else None,
        ", ".join(_shown(number.number) or "" for number in line.numbers), line.email, owner.name if owner else None, line.note,
        line.created_at, *own.cells(line.custom, owner.id if owner else None),
    ]  # fmt: skip


def company_cells(line: CompanyLine, own: OwnFields) -> list[Cell]:
    owner = line.owner
    return [
        line.id, line.name, line.inn, _shown(line.phone), line.email, line.site, line.address, owner.name if owner else None,
        line.note, line.created_at, *own.cells(line.custom, owner.id if owner else None),
    ]  # fmt: skip


def deal_cells(line: DealLine, own: OwnFields) -> list[Cell]:
    contact, owner = line.contact, line.owner
    return [
        line.id, line.title, contact.name if contact else None, _shown(line.number), line.company.name if line.company else None,
        line.stage.name, None if line.amount is None else Money(line.amount), line.currency,
        line.work_type.name if line.work_type else None, line.source, owner.name if owner else None, line.created_at,
        line.closed_at, line.closed_as, *own.cells(line.custom, owner.id if owner else None),
    ]  # fmt: skip


def call_cells(line: CallLine, outcome: str, direction: str) -> list[Cell]:
    """`outcome` and `direction` in the reader's words."""
    contact = line.contact
    return [
        line.id, line.started_at, direction, outcome, _shown(line.number), _shown(line.did), contact.name if contact else None,
        contact.company.name if contact and contact.company else None, line.user.name if line.user else None,
        line.stage.name if line.stage else None, round(line.wait_seconds), round(line.talk_seconds),
    ]  # fmt: skip


def _shown(number: str | None) -> str | None:
    return f"+{number}" if number and number.isdecimal() and len(number) > 6 else number


def _own(field: Field, value: Any) -> Cell:
    if value is None:
        return None
    if field.kind is FieldKind.MONEY:
        return Money(value)
    return ", ".join(value) if isinstance(value, list) else value

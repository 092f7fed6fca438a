"""One change is taken back: the field gets the value it had, by the deed that changes it by hand; the history keeps both."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, require_visible
from crm_core.contacts.company_edits import CompanyChanges, edit_company
from crm_core.contacts.edits import ContactChanges, edit_contact
from crm_core.contacts.tables import companies, contacts
from crm_core.deals.edits import DealChanges, assign_deal, edit_deal
from crm_core.deals.people import make_main, set_company
from crm_core.deals.work_type import choose_work_type
from crm_core.errors import Conflict, FirstringError, Invalid, NotFound
from crm_core.fields.history import Noun
from crm_core.fields.history_queries import TABLES, Change, change
from crm_core.fields.reading import may_read
from crm_core.fields.tables import field_changes
from crm_core.fields.values import set_values
from crm_core.owning import require_may_own
from crm_core.text import msgid

SO_ALREADY = msgid("The field has this value already.")
NOT_BY_HAND = msgid("This field is not changed by hand, so it is not restored.")
GONE = {
    "owner_id": msgid("This person does not work here any more."),
    "company_id": msgid("This company is there no more."),
    "contact_id": msgid("This contact is there no more."),
    "work_type_id": msgid("This work type is put away."),
}
NAMED = {"company_id": companies, "contact_id": contacts}
NO_FIELD = msgid("This field was put away.")
CANNOT_BE = msgid("The value that was there cannot be any more: %(why)s")


@dataclass(frozen=True, slots=True)
class _Restoring:
    """What a deed needs."""

    tx: AsyncConnection
    actor: Actor
    noun_id: int
    field: str
    value: Any
    now: datetime
    region: str


async def restore(tx: AsyncConnection, actor: Actor, change_id: int, region: str, *, now: datetime) -> Change:
    """Give the field the value it had before the change; tells the change that was taken back.

    Raises NotFound, Conflict where the field has that value already, Invalid in words for a page where it can no longer be:
    the work type was put away, the person left, the field is gone.
    """
    taken = await change(tx, actor, change_id)
    table = TABLES[taken.noun]
    row = (await tx.execute(select(table).where(table.c.id == taken.noun_id).with_for_update())).one()._mapping
    if _value(row, taken.field) == taken.old:
        raise Conflict(SO_ALREADY)
    deed = _deed(taken)
    before = await _newest(tx, taken)
    try:
        await _require_lawful(tx, actor, taken)
        await deed(_Restoring(tx, actor, taken.noun_id, taken.field, taken.old, now, region))
    except (Invalid, NotFound) as refused:
        raise _worded(taken, refused) from refused
    mine = (field_changes.c.noun == taken.noun, field_changes.c.noun_id == taken.noun_id, field_changes.c.field == taken.field)
    await tx.execute(update(field_changes).where(*mine, field_changes.c.id > before).values(restores_id=change_id))
    return taken


async def _require_lawful(tx: AsyncConnection, actor: Actor, taken: Change) -> None:
    """What nobody may do by hand he may not do by history either. Raises Forbidden, or NotFound for a card that is not his."""
    if taken.field == "owner_id":
        await require_may_own(tx, actor, TABLES[taken.noun], taken.noun_id, taken.old)
    elif taken.field in NAMED and taken.old is not None:
        await require_visible(tx, actor, NAMED[taken.field], taken.old)


async def _newest(tx: AsyncConnection, taken: Change) -> int:
    query = select(func.max(field_changes.c.id)).where(
        field_changes.c.noun == taken.noun, field_changes.c.noun_id == taken.noun_id
    )
    return int(await tx.scalar(query) or 0)


def _value(row: Mapping[Any, Any], field: str) -> Any:
    value = row["custom"].get(field.removeprefix("custom.")) if field.startswith("custom.") else row.get(field)
    return value.isoformat() if isinstance(value, datetime) else value


def restorable(taken: Change) -> bool:
    """Whether there is a deed that sets this field."""
    if taken.field.startswith("custom."):
        return taken.own is not None and not taken.own.archived
    return (taken.noun, taken.field) in _DEEDS or taken.field in _TEXTS[taken.noun]


def _deed(taken: Change) -> Callable[[_Restoring], Awaitable[None]]:
    if taken.field.startswith("custom."):
        if taken.own is None or taken.own.archived:
            raise Invalid(NO_FIELD)
        return _own_of(taken.noun)
    if (taken.noun, taken.field) in _DEEDS:
        return _DEEDS[taken.noun, taken.field]
    if taken.field in _TEXTS[taken.noun]:
        return _EDITS[taken.noun]
    raise Invalid(NOT_BY_HAND)


def _worded(taken: Change, refused: FirstringError) -> Invalid:
    if taken.field in GONE:
        return Invalid(GONE[taken.field])
    return Invalid(CANNOT_BE, why=refused.say)


async def _deal(asked: _Restoring) -> None:
    changes: DealChanges = {asked.field: asked.value}  # type: ignore[misc]
    await edit_deal(asked.tx, asked.noun_id, changes, by=asked.actor.user_id, now=asked.now)


async def _contact(asked: _Restoring) -> None:
    changes: ContactChanges = {asked.field: asked.value}  # type: ignore[misc]
    await edit_contact(asked.tx, asked.noun_id, changes, by=asked.actor.user_id, now=asked.now)


async def _company(asked: _Restoring) -> None:
    changes: CompanyChanges = {asked.field: asked.value}  # type: ignore[misc]
    await edit_company(asked.tx, asked.noun_id, changes, asked.region, by=asked.actor.user_id, now=asked.now)


async def _deal_owner(asked: _Restoring) -> None:
    await assign_deal(asked.tx, asked.noun_id, asked.value, by=asked.actor.user_id, now=asked.now)


async def _work_type(asked: _Restoring) -> None:
    await choose_work_type(asked.tx, asked.noun_id, asked.value, by=asked.actor.user_id, now=asked.now)


async def _deal_company(asked: _Restoring) -> None:
    await set_company(asked.tx, asked.noun_id, asked.value, by=asked.actor.user_id, now=asked.now)


async def _deal_contact(asked: _Restoring) -> None:
    await make_main(asked.tx, asked.noun_id, asked.value, by=asked.actor.user_id, now=asked.now)


def _own_of(noun: Noun) -> Callable[[_Restoring], Awaitable[None]]:
    async def own(asked: _Restoring) -> None:
        given = {asked.field.removeprefix("custom."): asked.value}
        personal = await may_read(asked.tx, asked.actor, noun, asked.noun_id)
        await set_values(
            asked.tx, noun, asked.noun_id, given, by=asked.actor.user_id, now=asked.now, may_personal=personal
        )  # fmt: skip

    return own


_TEXTS: Mapping[Noun, frozenset[str]] = {
    Noun.DEAL: frozenset(("title", "amount", "currency", "source")),
    Noun.CONTACT: frozenset(("name", "position", "email", "note", "company_id", "owner_id")),
    Noun.COMPANY: frozenset(("name", "inn", "phone", "email", "site", "address", "note", "owner_id")),
}
_EDITS: Mapping[Noun, Callable[[_Restoring], Awaitable[None]]] = {
    Noun.DEAL: _deal,
    Noun.CONTACT: _contact,
    Noun.COMPANY: _company,
}
_DEEDS: Mapping[tuple[Noun, str], Callable[[_Restoring], Awaitable[None]]] = {
    (Noun.DEAL, "owner_id"): _deal_owner, (Noun.DEAL, "work_type_id"): _work_type, (Noun.DEAL, "company_id"): _deal_company,
    (Noun.DEAL, "contact_id"): _deal_contact,
}  # fmt: skip

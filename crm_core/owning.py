"""Whose a contact, company or deal becomes: whom it may be given to, and whom it may be taken from.

Who owns a record hears its calls and reads what is personal on it. So whoever merely sees a colleague's customer, as he has a
deal with him, too, does not make him his own.
"""

from sqlalchemy import ColumnElement, Table, and_, exists, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Right, require_may_give
from crm_core.contacts.tables import contacts
from crm_core.deals.tables import deals
from crm_core.errors import Forbidden
from crm_core.scoped_rows import is_of


async def require_may_own(tx: AsyncConnection, actor: Actor, noun: Table, noun_id: int, owner_id: int | None) -> None:
    """Of a row that he sees anyway. Raises Forbidden, but not for the owner it has already."""
    row = (await tx.execute(select(noun.c.owner_id, takeable(actor, noun)).where(noun.c.id == noun_id))).one_or_none()
    if row is None or row.owner_id == owner_id:
        return
    require_may_give(actor, owner_id)
    if not row[1]:
        raise Forbidden


async def may_own_another(connection: AsyncConnection, actor: Actor, noun: Table, noun_id: int) -> bool:
    """Whether the actor may say whose this row is."""
    return bool(await connection.scalar(select(takeable(actor, noun)).where(noun.c.id == noun_id)))


def takeable(actor: Actor, noun: Table) -> ColumnElement[bool]:
    """Which rows of `noun` the actor may give on, as far as that hangs on whose they are: those of the people whose records he
    sees, and nobody's. A contact without an owner is theirs who have his deals.
    """
    people = None if actor.may(Right.REASSIGN) else actor.people(noun)
    if people is None:
        return true()
    nobodys: ColumnElement[bool] = noun.c.owner_id.is_(None)
    if noun is contacts:
        others = exists().where(
            deals.c.contact_id == contacts.c.id, deals.c.owner_id.is_not(None), ~is_of(deals.c.owner_id, people)
        )
        nobodys = and_(nobodys, ~others.correlate(contacts))
    return or_(is_of(noun.c.owner_id, people), nobodys)

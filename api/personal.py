"""What is personal on a card, asked for by whoever is about to show it."""

from sqlalchemy.ext.asyncio import AsyncConnection

from api.context import AppContext
from crm_core.access import Actor
from crm_core.fields import reading


async def personal_shown(context: AppContext, connection: AsyncConnection, actor: Actor, noun: str, noun_id: int) -> bool:
    """Whether the personal fields of a card (`deal`, `contact`, `company`) may be shown to the actor; then it is noted.

    To be asked only where there is something to show: what has no value was not read. Writes only for the first look.
    """
    if not await reading.may_read(connection, actor, noun, noun_id):
        return False
    now = context.now()
    if not await reading.is_noted(connection, actor, noun, noun_id, now=now):
        async with context.database.write() as tx:
            return await reading.personal(tx, actor, noun, noun_id, now=now)
    return True

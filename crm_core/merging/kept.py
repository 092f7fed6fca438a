"""Where a record that was merged leads."""

from collections.abc import Mapping

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, require_visible
from crm_core.contacts.tables import companies, contacts
from crm_core.fields.history import Noun

HOMES: Mapping[Noun, Table] = {Noun.CONTACT: contacts, Noun.COMPANY: companies}
LONGEST_WAY = 100  # merges of merges; a circle cannot be made, and would end here


async def kept_of(connection: AsyncConnection, noun: Noun, noun_id: int) -> int:
    """Itself, or over all its merges the one that was kept; an id that is nobody's stays."""
    home = HOMES[noun]
    for _ in range(LONGEST_WAY):
        into = await connection.scalar(select(home.c.merged_into).where(home.c.id == noun_id))
        if into is None:
            return noun_id
        noun_id = into
    return noun_id


async def led_to(connection: AsyncConnection, actor: Actor, noun: Noun, noun_id: int) -> int | None:
    """The record that was kept of it; None if it was not merged. Raises NotFound where that one is not the actor's to see."""
    kept = await kept_of(connection, noun, noun_id)
    if kept == noun_id:
        return None
    await require_visible(connection, actor, HOMES[noun], kept)
    return kept

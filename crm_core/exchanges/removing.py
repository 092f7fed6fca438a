"""An exchange that was never in use is taken away again. One with calls stays, switched off: calls belong to their exchange."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.calls.tables import calls, exchanges, gaps, journal
from crm_core.checkups.tables import checkups
from crm_core.dialling.tables import dial_attempts
from crm_core.errors import Conflict, NotFound
from crm_core.events import Event, EventKind
from crm_core.jobs import jobs
from crm_core.leads.tables import lead_rules
from crm_core.trust.tables import audited_days
from crm_core.users.audit import record
from crm_core.users.tables import user_extensions


class Hold(StrEnum):
    """Why an exchange cannot go."""

    LISTENED = "listened"
    CALLS = "calls"
    RULES = "rules"


SAY = {
    Hold.LISTENED: "It is listened to: switch it off first",
    Hold.CALLS: "Calls were told of it, and they belong to it: it stays, switched off",
    Hold.RULES: "A lead rule names it: change the rule first",
}


async def held_by(connection: AsyncConnection, exchange_id: int) -> Hold | None:
    """What stands against removing an exchange; raises NotFound."""
    active = await connection.scalar(select(exchanges.c.active).where(exchanges.c.id == exchange_id))
    if active is None:
        raise NotFound(noun="exchanges", id=exchange_id)
    if await connection.scalar(select(exists().where(calls.c.exchange_id == exchange_id))):
        return Hold.CALLS
    named = (lead_rules.c.when["exchange_id"].as_integer() == exchange_id) & lead_rules.c.archived_at.is_(None)
    if await connection.scalar(select(exists().where(named))):
        return Hold.RULES
    return Hold.LISTENED if active else None


async def remove(tx: AsyncConnection, exchange_id: int, *, now: datetime, by: int | None) -> None:
    """With its secrets, its journal and whose its phones were. Raises NotFound, and Conflict with the `hold`."""
    name = await tx.scalar(select(exchanges.c.name).where(exchanges.c.id == exchange_id).with_for_update())
    hold = await held_by(tx, exchange_id)
    if hold is not None:
        raise Conflict(SAY[hold], hold=hold)
    for table in (journal, gaps, user_extensions, audited_days, checkups):
        await tx.execute(delete(table).where(table.c.exchange_id == exchange_id))
    await tx.execute(update(dial_attempts).where(dial_attempts.c.exchange_id == exchange_id).values(exchange_id=None))
    await tx.execute(delete(jobs).where(jobs.c.payload["exchange_id"].as_integer() == exchange_id))
    await tx.execute(delete(exchanges).where(exchanges.c.id == exchange_id))
    await record(tx, by, "exchange_removed", "exchange", exchange_id, now=now, facts={"name": name})
    facts = {"exchange_id": exchange_id}
    await event_log.append(tx, [Event(EventKind.EXCHANGE_CHANGED, now, None, user_id=by, facts=facts)])

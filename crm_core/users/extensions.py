"""Whose phone is whose, and since when. A call keeps the user of its time, so periods are closed, never rewritten."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.errors import Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.text import clean
from crm_core.users.audit import record
from crm_core.users.tables import user_extensions, users


@dataclass(frozen=True, slots=True)
class Period:
    user_id: int
    since: datetime
    until: datetime | None


async def set_extension(
    tx: AsyncConnection, user_id: int, exchange_id: int, extension: str, *, now: datetime, by: int | None
) -> None:
    """The phone is this user's from `now` on; whoever had it has it no more, and he has no other on this exchange.

    Raises Invalid for an extension that cannot be one, NotFound for a user who is not there or has left.
    """
    wanted = clean(extension, 80).strip()
    if not wanted or any(sign.isspace() for sign in wanted):
        raise Invalid("An extension is a short number such as 101")
    if not await tx.scalar(select(users.c.active).where(users.c.id == user_id)):
        raise NotFound
    holder = await _holder(tx, exchange_id, wanted)
    if holder == user_id:
        return
    here = user_extensions.c.exchange_id == exchange_id
    await _close(tx, here, user_extensions.c.extension == wanted, now=now)
    await _close(tx, here, user_extensions.c.user_id == user_id, now=now)
    row = {"user_id": user_id, "exchange_id": exchange_id, "extension": wanted, "since": now}
    await tx.execute(insert(user_extensions).values(row))
    await _tell(tx, user_id, holder, wanted, now, by)


async def release(tx: AsyncConnection, user_id: int, exchange_id: int, *, now: datetime, by: int | None) -> None:
    """The user has no phone on this exchange from `now` on."""
    await _close(tx, user_extensions.c.user_id == user_id, user_extensions.c.exchange_id == exchange_id, now=now)
    await _tell(tx, user_id, None, None, now, by)


async def release_all(tx: AsyncConnection, user_id: int, *, now: datetime) -> None:
    await _close(tx, user_extensions.c.user_id == user_id, now=now)


def holder_at(found: Mapping[str, list[Period]], extension: str | None, at: datetime) -> int | None:
    """Whose phone it was at that moment."""
    for period in found.get(extension or "", ()):
        if period.since <= at and (period.until is None or at < period.until):
            return period.user_id
    return None


async def _holder(tx: AsyncConnection, exchange_id: int, extension: str) -> int | None:
    query = select(user_extensions.c.user_id).where(
        user_extensions.c.exchange_id == exchange_id,
        user_extensions.c.extension == extension,
        user_extensions.c.until.is_(None),
    )
    return await tx.scalar(query)


async def _close(tx: AsyncConnection, *whose: ColumnElement[bool], now: datetime) -> None:
    still_open = update(user_extensions).where(user_extensions.c.until.is_(None), *whose)
    await tx.execute(still_open.values(until=now))


async def _tell(
    tx: AsyncConnection, user_id: int, from_user: int | None, extension: str | None, now: datetime, by: int | None
) -> None:
    facts = {"extension": extension, "from_user": from_user}
    await record(tx, by, "extension_set", "user", user_id, now=now, facts=facts)
    changed = {user_id} | ({from_user} if from_user else set())
    told = [Event(EventKind.USER_CHANGED, now, (user,), user_id=by, facts={"user_id": user}) for user in sorted(changed)]
    await event_log.append(tx, told)

"""The one-time link by which the first administrator of a new installation makes himself known."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.errors import NotFound
from crm_core.users.accounts import NewUser, create_user
from crm_core.users.secret_tokens import new_token, token_hash
from crm_core.users.tables import Role, setup_links, users

LIFETIME = timedelta(days=1)
CLOSED = "This set-up link was used already or is too old; start Firstring again for a new one"


async def nobody_yet(connection: AsyncConnection) -> bool:
    """Whether the installation has no user at all."""
    return not await connection.scalar(select(func.count()).select_from(users))


async def make_link(tx: AsyncConnection, *, now: datetime) -> str:
    """A token for the set-up page; the links made before it open nothing any more."""
    token = new_token()
    await tx.execute(delete(setup_links).where(setup_links.c.used_at.is_(None)))
    await tx.execute(insert(setup_links).values(token_hash=token_hash(token), created_at=now))
    return token


async def opens(connection: AsyncConnection, token: str, *, now: datetime) -> bool:
    """Whether the link may be used: not used yet, not older than a day, and there is still no user."""
    query = select(setup_links.c.token_hash).where(*_usable(token, now))
    return await connection.scalar(query) is not None and await nobody_yet(connection)


async def use_link(tx: AsyncConnection, token: str, *, email: str, name: str, password_hash: str, now: datetime) -> int:
    """Make the first administrator; raises NotFound if the link opens nothing (any more)."""
    taken = await tx.execute(update(setup_links).where(*_usable(token, now)).values(used_at=now))
    if taken.rowcount != 1 or not await nobody_yet(tx):
        raise NotFound(CLOSED)
    new = NewUser(email=email, name=name, role=Role.ADMIN, password_hash=password_hash)
    return await create_user(tx, new, now=now, by=None)


def _usable(token: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        setup_links.c.token_hash == token_hash(token),
        setup_links.c.used_at.is_(None),
        setup_links.c.created_at > now - LIFETIME,
    )

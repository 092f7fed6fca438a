"""Server-side sessions: a cookie holds a random token, its row says whose it is and until when."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor
from crm_core.users.actors import ACTORS, actor
from crm_core.users.secret_tokens import new_token, token_hash
from crm_core.users.tables import sessions, users

LIFETIME = timedelta(days=14)


async def open_session(tx: AsyncConnection, user_id: int, *, now: datetime) -> str:
    """Begin a session and tell its token: the only time it is known."""
    token = new_token()
    row = {"token_hash": token_hash(token), "user_id": user_id, "created_at": now, "expires_at": now + LIFETIME}
    await tx.execute(insert(sessions).values(row))
    return token


OPEN = (
    ACTORS.add_columns(sessions.c.token_hash)
    .join(sessions, sessions.c.user_id == users.c.id)
    .where(sessions.c.expires_at > bindparam("now"), users.c.active)
)
ACTOR = OPEN.where(sessions.c.token_hash == bindparam("token"))
ACTORS_OF = OPEN.where(sessions.c.token_hash.in_(bindparam("hashes", expanding=True)))


async def actor_of(connection: AsyncConnection, token: str, *, now: datetime) -> Actor | None:
    """Whose session this is; None if it is unknown, over, or its user was deactivated."""
    row = (await connection.execute(ACTOR, {"token": token_hash(token), "now": now})).one_or_none()
    return None if row is None else actor(row)


async def actors_of(connection: AsyncConnection, hashes: Sequence[str], *, now: datetime) -> dict[str, Actor]:
    """The same for many sessions, which are named by the hashes of their tokens: those that are there yet."""
    rows = await connection.execute(ACTORS_OF, {"hashes": hashes, "now": now})
    return {row.token_hash: actor(row) for row in rows}


async def revoke(tx: AsyncConnection, token: str) -> None:
    """Log out: the token opens nothing any more."""
    await tx.execute(delete(sessions).where(sessions.c.token_hash == token_hash(token)))


async def revoke_all(tx: AsyncConnection, user_id: int) -> None:
    """End every session of a user: his password changed or he left."""
    await tx.execute(delete(sessions).where(sessions.c.user_id == user_id))


async def forget_expired(tx: AsyncConnection, *, now: datetime) -> None:
    await tx.execute(delete(sessions).where(sessions.c.expires_at <= now))

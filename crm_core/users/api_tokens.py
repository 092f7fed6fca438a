"""Bearer tokens for programs; each acts as the user it was made for."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor
from crm_core.users.actors import ACTORS, actor
from crm_core.users.audit import record
from crm_core.users.secret_tokens import new_token, token_hash
from crm_core.users.tables import api_tokens, users


async def create_token(tx: AsyncConnection, user_id: int, *, now: datetime, by: int | None) -> str:
    """Make a token for a user and tell it: the only time it is known."""
    token = new_token()
    row = {"token_hash": token_hash(token), "user_id": user_id, "created_at": now}
    made = (await tx.execute(insert(api_tokens).values(row).returning(api_tokens.c.id))).scalar_one()
    await record(tx, by, "token_created", "user", user_id, now=now, facts={"token": made})
    return token


OPEN = (
    ACTORS.add_columns(api_tokens.c.token_hash)
    .join(api_tokens, api_tokens.c.user_id == users.c.id)
    .where(api_tokens.c.revoked_at.is_(None), users.c.active)
)
ACTOR = OPEN.where(api_tokens.c.token_hash == bindparam("token"))
ACTORS_OF = OPEN.where(api_tokens.c.token_hash.in_(bindparam("hashes", expanding=True)))


async def actor_of(connection: AsyncConnection, token: str) -> Actor | None:
    """Whom a token acts as; None if it is unknown, revoked, or its user was deactivated."""
    row = (await connection.execute(ACTOR, {"token": token_hash(token)})).one_or_none()
    return None if row is None else actor(row)


async def actors_of(connection: AsyncConnection, hashes: Sequence[str]) -> dict[str, Actor]:
    """The same for many tokens, which are named by their hashes: those that are not revoked."""
    rows = await connection.execute(ACTORS_OF, {"hashes": hashes})
    return {row.token_hash: actor(row) for row in rows}


async def revoke_tokens(tx: AsyncConnection, user_id: int, *, now: datetime, by: int | None) -> None:
    """End every token of a user."""
    open_tokens = (api_tokens.c.user_id == user_id, api_tokens.c.revoked_at.is_(None))
    ended = await tx.execute(update(api_tokens).where(*open_tokens).values(revoked_at=now))
    if ended.rowcount:
        await record(tx, by, "tokens_revoked", "user", user_id, now=now)

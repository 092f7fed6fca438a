"""Users come, change, and leave; nothing they did leaves with them (G5)."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.text import clean
from crm_core.users import api_tokens, extensions, sessions
from crm_core.users.audit import record
from crm_core.users.tables import Role, users

EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True)
class NewUser:
    """`password_hash` from `passwords.hashed`, made before the transaction is opened; None: cannot log in yet."""

    email: str
    name: str
    role: Role
    password_hash: str | None = field(default=None, repr=False)
    language: str | None = None
    may_listen: bool = False


async def create_user(tx: AsyncConnection, new: NewUser, *, now: datetime, by: int | None) -> int:
    """Make a user and tell his id; raises Conflict if the e-mail is taken, Invalid if it is none."""
    email = _email(new.email)
    if await tx.scalar(select(users.c.id).where(users.c.email == email)) is not None:
        raise Conflict(f"There is a user {email} already")
    row = {
        "email": email, "name": clean(new.name, 200).strip() or email, "role": new.role, "password_hash": new.password_hash,
        "language": new.language, "may_listen": new.may_listen, "created_at": now,
    }  # fmt: skip
    user_id: int = (await tx.execute(insert(users).values(row).returning(users.c.id))).scalar_one()
    await _tell(tx, user_id, "user_created", now, by, {"role": new.role.value})
    return user_id


async def by_email(connection: AsyncConnection, email: str) -> Row[Any] | None:
    """The row of `users`, password hash included, for the login; None if there is no such active user."""
    folded = _folded(email)
    if clean(folded, 254) != folded:
        return None  # nobody has such an address, and not every database would look for it
    query = select(users).where(users.c.email == folded, users.c.active)
    return (await connection.execute(query)).one_or_none()


async def set_password(tx: AsyncConnection, user_id: int, password_hash: str, *, now: datetime, by: int | None) -> None:
    """Give a user a new password; he must log in again everywhere."""
    await _change(tx, user_id, {"password_hash": password_hash})
    await sessions.revoke_all(tx, user_id)
    await _tell(tx, user_id, "password_set", now, by)


async def edit_user(
    tx: AsyncConnection, user_id: int, *, now: datetime, by: int | None,
    name: str | None = None, role: Role | None = None, may_listen: bool | None = None, language: str | None = None,
    may_dial_unknown: bool | None = None, may_dial_for_others: bool | None = None,
) -> None:  # fmt: skip
    """Change what is given; raises Conflict if nobody would be left to administer."""
    if role is not None and role is not Role.ADMIN:
        await _keep_an_admin(tx, user_id)
    named = None if name is None else clean(name, 200).strip() or None
    given = {
        "name": named, "role": role, "may_listen": may_listen, "language": language, "may_dial_unknown": may_dial_unknown,
        "may_dial_for_others": may_dial_for_others,
    }  # fmt: skip
    changed = {column: value for column, value in given.items() if value is not None}
    if changed:
        await _change(tx, user_id, changed)
        await _tell(tx, user_id, "user_edited", now, by, {"changed": sorted(changed)})


async def deactivate(tx: AsyncConnection, user_id: int, *, now: datetime, by: int | None) -> None:
    """He leaves: no login, no token, no extension from now on. All he did stays, under his name (G5)."""
    await _keep_an_admin(tx, user_id)
    await _change(tx, user_id, {"active": False})
    await sessions.revoke_all(tx, user_id)
    await api_tokens.revoke_tokens(tx, user_id, now=now, by=by)
    await extensions.release_all(tx, user_id, now=now)
    await _tell(tx, user_id, "user_deactivated", now, by)


async def reactivate(tx: AsyncConnection, user_id: int, *, now: datetime, by: int | None) -> None:
    await _change(tx, user_id, {"active": True})
    await _tell(tx, user_id, "user_reactivated", now, by)


async def require_working(connection: AsyncConnection, user_id: int | None) -> None:
    """Raises NotFound for somebody who does not work here (any more); None is nobody, who may have anything."""
    if user_id is not None and not await connection.scalar(select(users.c.active).where(users.c.id == user_id)):
        raise NotFound(noun="users", id=user_id)


async def _keep_an_admin(tx: AsyncConnection, user_id: int) -> None:
    others = select(func.count()).where(users.c.role == Role.ADMIN, users.c.active, users.c.id != user_id)
    role = await tx.scalar(select(users.c.role).where(users.c.id == user_id, users.c.active))
    if role == Role.ADMIN and not await tx.scalar(others):
        raise Conflict("This is the only administrator left")


async def _change(tx: AsyncConnection, user_id: int, values: dict[str, Any]) -> None:
    changed = await tx.execute(update(users).where(users.c.id == user_id).values(values))
    if changed.rowcount != 1:
        raise NotFound


async def _tell(
    tx: AsyncConnection, user_id: int, deed: str, now: datetime, by: int | None, facts: dict[str, Any] | None = None
) -> None:
    await record(tx, by, deed, "user", user_id, now=now, facts=facts)
    told = {"user_id": user_id, "deed": deed}
    await event_log.append(tx, [Event(EventKind.USER_CHANGED, now, (user_id,), user_id=by, facts=told)])


def _email(text: str) -> str:
    email = _folded(text)
    if len(email) > 254 or not EMAIL.fullmatch(email) or clean(email, 254) != email:
        raise Invalid(f"{text[:80]!r} is no e-mail address")
    return email


def _folded(text: str) -> str:
    return text.strip().casefold()

"""`firstring user` and `firstring token`."""

import secrets
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from api.commands.ready import Desk, with_database
from crm_core.errors import NotFound
from crm_core.exchanges import registry
from crm_core.exchanges.secret_files import secret_in
from crm_core.users import accounts, api_tokens, extensions, passwords
from crm_core.users.accounts import NewUser
from crm_core.users.tables import Role


def add(
    email: str, role: str, extension: str | None, exchange: str, name: str, password_file: Path | None, *, may_listen: bool
) -> None:
    """Add a person; prints the password that was made for him, if none was given."""
    password = secrets.token_urlsafe(12) if password_file is None else secret_in(password_file)
    passwords.require_usable(password)

    async def work(desk: Desk) -> None:
        password_hash = await passwords.hashed(password)
        new = NewUser(email, name, Role(role), password_hash, may_listen=may_listen)
        async with desk.database.write() as tx:
            user_id = await accounts.create_user(tx, new, now=desk.now, by=None)
            if extension is not None:
                exchange_id = await _exchange_id(tx, exchange)
                await extensions.set_extension(tx, user_id, exchange_id, extension, now=desk.now, by=None)

    with_database(work)
    if password_file is None:
        print(password)


def create_token(email: str) -> None:
    async def work(desk: Desk) -> str:
        async with desk.database.write() as tx:
            user = await accounts.by_email(tx, email)
            if user is None:
                raise NotFound(f"There is no active user {email}: firstring user add {email} --role manager")
            return await api_tokens.create_token(tx, user.id, now=desk.now, by=None)

    print(with_database(work))


async def _exchange_id(tx: AsyncConnection, name: str) -> int:
    for row in await registry.listed(tx):
        if row.name == name:
            return int(row.id)
    raise NotFound(f"There is no exchange {name}: firstring exchange add {name}, then give the extension")

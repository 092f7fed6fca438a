"""Fields of cards that hold an id, and what it names: people read names."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.contacts.tables import companies, contacts
from crm_core.products.tables import work_types
from crm_core.users.tables import users

NAMING: Mapping[str, Table] = {
    "owner_id": users, "user_id": users, "company_id": companies, "contact_id": contacts, "work_type_id": work_types,
}  # fmt: skip


async def names_of(connection: AsyncConnection, field: str, values: Iterable[Any]) -> dict[Any, str]:
    """By id; nothing for a field that holds no ids. What has no name is told by its number."""
    ids = {value for value in values if isinstance(value, int)}
    if field not in NAMING or not ids:
        return {}
    home = NAMING[field]
    found = await connection.execute(select(home.c.id, home.c.name).where(home.c.id.in_(sorted(ids))))
    return {row.id: row.name or f"№ {row.id}" for row in found}

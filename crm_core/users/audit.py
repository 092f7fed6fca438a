"""The audit trail: who did what to which record, in the transaction that did it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.users.tables import audit


async def record(
    tx: AsyncConnection, by: int | None, deed: str, noun: str, noun_id: int | None, *,
    now: datetime, facts: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write one line; `by` is None for the product itself. Never put a secret or a spoken word into `facts`."""
    row = {"at": now, "user_id": by, "deed": deed, "noun": noun, "noun_id": noun_id, "facts": dict(facts) if facts else None}
    await tx.execute(insert(audit).values(row))

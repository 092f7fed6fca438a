"""What every field of a deal, contact or company was before, who changed it and when (G7)."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.fields.tables import field_changes


class Noun(StrEnum):
    """What has fields, as `fields.noun` and `field_changes.noun` name it."""

    DEAL = "deal"
    CONTACT = "contact"
    COMPANY = "company"


Changes = Mapping[str, tuple[Any, Any]]
"""{field: (old, new)}: a column's name, or `custom.<id of the field>`; values as they stand in the row."""


async def note_changes(
    tx: AsyncConnection, noun: Noun | str, noun_id: int, changes: Changes, *, by: int | None, now: datetime,
    restores_id: int | None = None,
) -> None:  # fmt: skip
    """Keep what changed, in the transaction that changes it; a field whose value stays is left out.

    `by` is None where the product itself did it. `restores_id`: the change that is taken back by this one.
    """
    told = {"noun": str(noun), "noun_id": noun_id, "at": now, "user_id": by, "restores_id": restores_id}
    rows = [{**told, "field": field, "old": _kept(old), "new": _kept(new)} for field, (old, new) in changes.items() if old != new]
    if rows:
        await tx.execute(insert(field_changes), rows)


def custom_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs between two of a row's `custom`, as `note_changes` takes it."""
    ids = sorted({*old, *new}, key=lambda known: (len(known), known))
    return {f"custom.{known}": (old.get(known), new.get(known)) for known in ids if old.get(known) != new.get(known)}


def _kept(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value

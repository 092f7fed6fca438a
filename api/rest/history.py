"""`history`."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from api.deps import Context, CurrentActor, Cursor, Limit, RowId
from api.paths import PathId
from api.rest.models import Page
from crm_core.access import Right, require
from crm_core.fields.history import Noun
from crm_core.fields.history_queries import Change, change, list_changes
from crm_core.fields.reading import personal
from crm_core.fields.restoring import restore

router = APIRouter(tags=["history"])


class ChangeOut(BaseModel):
    """`field`: a column's name, or `custom.<id>`; `by` null: the product itself. `restores_id`: the change this one took back."""

    id: int
    noun: Noun
    noun_id: int
    field: str
    old: Any
    new: Any
    at: datetime
    by: int | None
    restores_id: int | None

    @classmethod
    def of(cls, line: Change) -> "ChangeOut":
        return cls(
            id=line.id, noun=line.noun, noun_id=line.noun_id, field=line.field, old=line.old, new=line.new, at=line.at,
            by=line.by.id if line.by else None, restores_id=line.restores_id,
        )  # fmt: skip


@router.get("/history", response_model=Page[ChangeOut])
async def list_of_changes(
    noun: Noun, id: RowId, actor: CurrentActor, context: Context, cursor: Cursor = None, limit: Limit = 50  # noqa: A002
) -> Page[ChangeOut]:  # fmt: skip
    """What the fields of a deal, contact or company were before, the newest first. Reading personal ones is noted."""
    async with context.database.read() as connection:
        page = await list_changes(connection, actor, noun, id, cursor=cursor, limit=limit)
    if any(line.personal for line in page.items):
        async with context.database.write() as tx:
            await personal(tx, actor, noun, id, now=context.now())
    return Page(items=[ChangeOut.of(line) for line in page.items], next_cursor=page.next_cursor)


@router.post("/history/{change_id}/restore", response_model=ChangeOut)
async def take_back(change_id: PathId, actor: CurrentActor, context: Context) -> ChangeOut:
    """The field gets the value it had; answers the change that was taken back. 409: it has it already; 422: it cannot be."""
    require(actor, Right.WORK)
    async with context.database.write() as tx:
        await restore(tx, actor, change_id, context.settings.region, now=context.now())
        return ChangeOut.of(await change(tx, actor, change_id))

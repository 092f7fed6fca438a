"""`duplicates` and `merges`."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.deps import Context, CurrentActor, Cursor, Limit, ReadDb
from api.paths import BodyId, PathId
from api.rest.models import Page
from crm_core.access import Right, require, require_visible
from crm_core.errors import Invalid
from crm_core.fields.history import Noun
from crm_core.merging import merges, queries
from crm_core.merging.kept import HOMES

router = APIRouter(tags=["merges"])

Mergeable = Annotated[Noun, Query(json_schema_extra={"enum": [noun.value for noun in HOMES]})]


class SideOut(BaseModel):
    """One of two that may be one."""

    id: int
    name: str | None
    email: str | None
    numbers: list[str]
    company: str | None
    inn: str | None
    deals: int
    contacts: int

    @classmethod
    def of(cls, side: queries.Side) -> "SideOut":
        return cls(
            id=side.id, name=side.name, email=side.email, numbers=list(side.numbers), company=side.company, inn=side.inn,
            deals=side.deals, contacts=side.contacts,
        )  # fmt: skip


class DuplicateOut(BaseModel):
    """`why`: email, inn, phone, name_and_company, name_and_number, name."""

    id: int
    noun: Noun
    why: list[str]
    one: SideOut
    other: SideOut


class MergeOut(BaseModel):
    """`moved`: how many rows went over, by table; `filled`: fields of the kept one that the other one filled."""

    id: int
    noun: Noun
    kept_id: int
    gone_id: int
    at: datetime
    by: int | None
    moved: dict[str, int]
    filled: list[str]
    undone_at: datetime | None

    @classmethod
    def of(cls, line: queries.MergeLine) -> "MergeOut":
        return cls(
            id=line.id, noun=line.noun, kept_id=line.kept_id, gone_id=line.gone_id, at=line.at,
            by=line.by.id if line.by else None, moved=dict(line.rows), filled=list(line.fields), undone_at=line.undone_at,
        )  # fmt: skip


class UndoneOut(BaseModel):
    """By table: rows that went back, that are elsewhere by now, that came since and stay with the kept one; `fields` stay too."""

    kept_id: int
    gone_id: int
    back: dict[str, int]
    elsewhere: dict[str, int]
    since: dict[str, int]
    fields: list[str]


class MergeIn(BaseModel):
    noun: Noun = Field(json_schema_extra={"enum": [noun.value for noun in HOMES]})
    kept_id: BodyId
    gone_id: BodyId


@router.get("/duplicates", response_model=Page[DuplicateOut])
async def list_of_duplicates(
    actor: CurrentActor, connection: ReadDb, noun: Mergeable = Noun.CONTACT, cursor: Cursor = None, limit: Limit = 50
) -> Page[DuplicateOut]:
    """Pairs that may be one and the same, of which you may see both."""
    require(actor, Right.MERGE)
    page = await queries.list_duplicates(connection, actor, _mergeable(noun), cursor=cursor, limit=limit)
    items = [
        DuplicateOut(id=pair.id, noun=pair.noun, why=list(pair.why), one=SideOut.of(pair.one), other=SideOut.of(pair.other))
        for pair in page.items
    ]
    return Page(items=items, next_cursor=page.next_cursor)


@router.get("/merges", response_model=Page[MergeOut])
async def list_of_merges(actor: CurrentActor, connection: ReadDb, cursor: Cursor = None, limit: Limit = 50) -> Page[MergeOut]:
    require(actor, Right.MERGE)
    page = await queries.list_merges(connection, actor, cursor=cursor, limit=limit)
    return Page(items=[MergeOut.of(line) for line in page.items], next_cursor=page.next_cursor)


@router.post("/merges", response_model=MergeOut, status_code=201)
async def merge(asked: MergeIn, actor: CurrentActor, context: Context) -> MergeOut:
    """All that belongs to `gone_id` goes to `kept_id`, whose own fields win. 409 where one of them was merged before."""
    require(actor, Right.MERGE)
    async with context.database.write() as tx:
        for noun_id in (asked.kept_id, asked.gone_id):
            await require_visible(tx, actor, HOMES[_mergeable(asked.noun)], noun_id)
        merge_id = await merges.merge(tx, asked.noun, asked.kept_id, asked.gone_id, by=actor.user_id, now=context.now())
        return MergeOut.of(await queries.merge_line(tx, actor, merge_id))


@router.post("/merges/{merge_id}/undo", response_model=UndoneOut)
async def undo(merge_id: PathId, actor: CurrentActor, context: Context) -> Any:
    """409 where it was undone already, or the kept one was itself merged since (`merge_first`)."""
    require(actor, Right.MERGE)
    async with context.database.write() as tx:
        await queries.merge_line(tx, actor, merge_id)
        undone = await merges.undo(tx, merge_id, by=actor.user_id, now=context.now())
    return UndoneOut(
        kept_id=undone.kept_id, gone_id=undone.gone_id, back=undone.back, elsewhere=undone.elsewhere, since=undone.since,
        fields=list(undone.fields),
    )  # fmt: skip


def _mergeable(noun: Noun) -> Noun:
    if noun not in HOMES:
        raise Invalid("Contacts and companies are merged, deals are not", field="noun")
    return noun

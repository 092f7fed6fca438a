"""`stages`: what a manager is told on one, what it asks for before a deal goes on, what it sets when a deal comes."""

from typing import Any, cast

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from api.deps import Context, CurrentActor, ReadDb
from api.paths import BodyId, PathId
from api.rest.models import Answer
from crm_core.access import Right, require
from crm_core.deals import stage_edits
from crm_core.deals.stage_queries import whole_stage
from crm_core.deals.stage_settings import LONGEST_NAME, LONGEST_TEXT, StageChanges

router = APIRouter(tags=["pipelines"])


class Gated(BaseModel):
    """`gate`: a name of `gates`; `settings` as that kind has them."""

    model_config = ConfigDict(from_attributes=True)

    gate: str = Field(max_length=80)
    settings: dict[str, Any] = Field(default_factory=dict)


class EntryTask(BaseModel):
    """`in_hours`: only working time counts until it is due. `unless`: `first_contact_by_phone`, or null."""

    kind: str = Field("other", max_length=20)
    title: str | None = Field(None, max_length=300)
    within_minutes: int = Field(60, ge=0)
    in_hours: bool = False
    unless: str | None = Field(None, max_length=40)


class StageWholeOut(Answer):
    """`version`: send it back with a change, and the change is refused if somebody was first. `deals`: open ones on it."""

    id: int
    name: str
    short_name: str | None
    goal: str | None
    criteria: str | None
    tools: str | None
    algorithm: str | None
    kind: str
    gates: list[Gated]
    entry_tasks: list[EntryTask]
    limit_hours: float | None
    chance: int | None
    archived: bool
    version: str
    deals: int

    @classmethod
    async def read(cls, connection: AsyncConnection, stage_id: int) -> "StageWholeOut":
        return cls.model_validate(await whole_stage(connection, stage_id))


class StageChange(BaseModel):
    """What is left out stays. `version`: of the stage you saw. `kind`: open or won."""

    name: str | None = Field(None, min_length=1, max_length=LONGEST_NAME)
    short_name: str | None = Field(None, max_length=LONGEST_NAME)
    goal: str | None = Field(None, max_length=LONGEST_TEXT)
    criteria: str | None = Field(None, max_length=LONGEST_TEXT)
    tools: str | None = Field(None, max_length=LONGEST_TEXT)
    algorithm: str | None = Field(None, max_length=LONGEST_TEXT)
    kind: str = Field("open", max_length=10)
    gates: list[Gated] = Field(default_factory=list)
    entry_tasks: list[EntryTask] = Field(default_factory=list)
    limit_hours: float | None = Field(None, gt=0)
    chance: int | None = Field(None, ge=0, le=100)
    version: str | None = Field(None, max_length=16)

    def changes(self) -> StageChanges:
        """What was given of it."""
        given = self.model_dump(exclude_unset=True, exclude={"version"})
        return cast("StageChanges", {name: value for name, value in given.items() if name != "name" or value is not None})


class StageIn(StageChange):
    name: str = Field(min_length=1, max_length=LONGEST_NAME)


class Removal(BaseModel):
    """`deals_to`: the open stage of the same pipeline that its open deals go to."""

    deals_to: BodyId | None = None


@router.get("/stages/{stage_id}", response_model=StageWholeOut)
async def one_stage(stage_id: PathId, _actor: CurrentActor, connection: ReadDb) -> StageWholeOut:
    return await StageWholeOut.read(connection, stage_id)


@router.patch("/stages/{stage_id}", response_model=StageWholeOut)
async def change(stage_id: PathId, change: StageChange, actor: CurrentActor, context: Context) -> StageWholeOut:
    """409 with `changed_by` if somebody changed it since `version`; 422 with `field` for what cannot be."""
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        await stage_edits.change_stage(tx, stage_id, change.changes(), by=actor.user_id, now=context.now(), seen=change.version)
        return await StageWholeOut.read(tx, stage_id)


@router.post("/stages/{stage_id}/remove", response_model=StageWholeOut)
async def remove(stage_id: PathId, removal: Removal, actor: CurrentActor, context: Context) -> StageWholeOut:
    """409 with `deals` if open deals stand on it and it is not said where they go, with `named_by` if something names it."""
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        await stage_edits.remove_stage(tx, stage_id, deals_to=removal.deals_to, by=actor.user_id, now=context.now())
        return await StageWholeOut.read(tx, stage_id)


@router.post("/stages/{stage_id}/restore", response_model=StageWholeOut)
async def restore(stage_id: PathId, actor: CurrentActor, context: Context) -> StageWholeOut:
    """At the end of its pipeline."""
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        await stage_edits.put_back(tx, stage_id, by=actor.user_id, now=context.now())
        return await StageWholeOut.read(tx, stage_id)

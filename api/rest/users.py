"""`users`: who works here. Managers see themselves; administrators add and change."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.context import AppContext
from api.deps import Context, CurrentActor, Cursor, Limit, ReadDb
from api.paths import PathId
from api.rest.models import Page, UserOut
from crm_core.access import Actor, Right, require
from crm_core.users import accounts, passwords, queries
from crm_core.users.accounts import NewUser
from crm_core.users.tables import Role

router = APIRouter(tags=["users"])


class UserIn(BaseModel):
    email: str = Field(max_length=254)
    name: str = Field(max_length=200)
    role: Role
    password: str | None = Field(None, description="without one he cannot log in yet")
    may_listen: bool = False


class UserChange(BaseModel):
    """What is left out stays."""

    name: str | None = Field(None, max_length=200)
    role: Role | None = None
    may_listen: bool | None = None
    may_dial_unknown: bool | None = Field(None, description="may call numbers by a click that nobody knows")
    may_dial_for_others: bool | None = Field(None, description="may have a colleague's phone ring for a call by a click")
    active: bool | None = None


@router.get("/users", response_model=Page[UserOut])
async def list_of_users(
    actor: CurrentActor,
    connection: ReadDb,
    role: Role | None = None,
    active: bool | None = None,
    sort: Annotated[str, Query(json_schema_extra={"enum": sorted(queries.USER_SORTS)})] = "name",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[UserOut]:
    page = await queries.list_users(connection, actor, role=role, active=active, sort=sort, cursor=cursor, limit=limit)
    return Page(items=[UserOut.of(line) for line in page.items], next_cursor=page.next_cursor)


@router.get("/users/{user_id}", response_model=UserOut)
async def one_user(user_id: PathId, actor: CurrentActor, connection: ReadDb) -> UserOut:
    return UserOut.of(await queries.user(connection, actor, user_id))


@router.post("/users", response_model=UserOut, status_code=201)
async def add_user(new: UserIn, actor: CurrentActor, context: Context) -> UserOut:
    require(actor, Right.SETTINGS)
    password_hash = await _hashed(new.password)
    made = NewUser(new.email, new.name, new.role, password_hash, may_listen=new.may_listen)
    async with context.database.write() as tx:
        user_id = await accounts.create_user(tx, made, now=context.now(), by=actor.user_id)
    return await _now(context, actor, user_id)


@router.patch("/users/{user_id}", response_model=UserOut)
async def change_user(user_id: PathId, change: UserChange, actor: CurrentActor, context: Context) -> UserOut:
    """Deactivating ends his sessions, tokens and extensions; all he did stays."""
    require(actor, Right.SETTINGS)
    now, by = context.now(), actor.user_id
    async with context.database.write() as tx:
        await queries.user(tx, actor, user_id)
        await accounts.edit_user(
            tx, user_id, now=now, by=by, name=change.name, role=change.role, may_listen=change.may_listen,
            may_dial_unknown=change.may_dial_unknown, may_dial_for_others=change.may_dial_for_others,
        )  # fmt: skip
        if change.active is not None:
            await (accounts.reactivate if change.active else accounts.deactivate)(tx, user_id, now=now, by=by)
    return await _now(context, actor, user_id)


async def _hashed(password: str | None) -> str | None:
    if password is None:
        return None
    passwords.require_usable(password)
    return await passwords.hashed(password)


async def _now(context: AppContext, actor: Actor, user_id: int) -> UserOut:
    async with context.database.read() as connection:
        return UserOut.of(await queries.user(connection, actor, user_id))

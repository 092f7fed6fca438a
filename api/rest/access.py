"""`access`: what each role sees and may do, and who read what is personal. Effective with everybody's next request."""

from fastapi import APIRouter
from pydantic import BaseModel

from api.context import AppContext
from api.deps import Context, CurrentActor, Cursor, Limit, ReadDb, RowId
from api.rest.models import Answer, Moment, Page, PersonOut
from crm_core.access import Actor, Noun, Policy, Right, Scope, may_be_set, require
from crm_core.fields import reading
from crm_core.teams import policies
from crm_core.users.tables import Role

router = APIRouter(tags=["access"])


class PolicyOut(Answer):
    scopes: dict[Noun, Scope]
    rights: list[Right]


class RoleOut(Answer):
    """`usual`: as it is while nothing is set. `fixed`: rights that nobody may give to this role or take from it."""

    role: Role
    people: int
    scopes: dict[Noun, Scope]
    rights: list[Right]
    usual: PolicyOut
    fixed: list[Right]

    @classmethod
    def of(cls, told: policies.RolePolicy) -> "RoleOut":
        fixed = [right for right in Right if not may_be_set(told.role, right)]
        now, usual = _policy(told.policy), _policy(told.usual)
        return cls(role=told.role, people=told.people, scopes=now.scopes, rights=now.rights, usual=usual, fixed=fixed)


class RoleChange(BaseModel):
    """What is left out stays."""

    scopes: dict[Noun, Scope] = {}
    rights: dict[Right, bool] = {}


class ReadingOut(Answer):
    """`noun_id` and `name` are null where the card is not yours to see."""

    at: Moment
    reader: PersonOut
    noun: str
    noun_id: int | None
    name: str | None


@router.get("/access", response_model=Page[RoleOut])
async def access_of_roles(actor: CurrentActor, connection: ReadDb) -> Page[RoleOut]:
    return Page(items=[RoleOut.of(one) for one in await policies.policies(connection, actor)], next_cursor=None)


@router.patch("/access/{role}", response_model=RoleOut)
async def change_access(role: Role, change: RoleChange, actor: CurrentActor, context: Context) -> RoleOut:
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        await policies.set_policy(tx, role, scopes=change.scopes, rights=change.rights, now=context.now(), by=actor.user_id)
    return await _now(context, actor, role)


@router.get("/access/readings", response_model=Page[ReadingOut])
async def readings_of_personal_fields(
    actor: CurrentActor, connection: ReadDb, reader_id: RowId | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[ReadingOut]:
    """Who read what is personal, the newest first."""
    page = await reading.list_readings(connection, actor, reader_id=reader_id, cursor=cursor, limit=limit)
    return Page(items=[_reading(one) for one in page.items], next_cursor=page.next_cursor)


def _policy(policy: Policy) -> PolicyOut:
    return PolicyOut(scopes=dict(policy.scopes), rights=[right for right in Right if right in policy.rights])


def _reading(one: reading.Reading) -> ReadingOut:
    noun_id = one.noun_id if one.may_open else None
    return ReadingOut(at=one.at, reader=PersonOut.model_validate(one.reader), noun=one.noun, noun_id=noun_id, name=one.name)


async def _now(context: AppContext, actor: Actor, role: Role) -> RoleOut:
    async with context.database.read() as connection:
        return RoleOut.of(await policies.role_policy(connection, actor, role))

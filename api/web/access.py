"""Access: what each role sees and may do, what one person would see, and who read what is personal."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from api.paths import PathId
from api.web.access_words import AccessWords
from api.web.menu import menu
from api.web.visit import Visit, VisitNow
from crm_core.access import Noun, Right, Scope, may_be_set
from crm_core.errors import Invalid
from crm_core.fields import reading
from crm_core.teams import policies, queries, sight
from crm_core.users.desk_queries import badges
from crm_core.users.queries import list_users
from crm_core.users.tables import Role

router = APIRouter()

MOST_PEOPLE = 200


@router.get("/access")
async def page(visit: VisitNow, role: Role = Role.MANAGER, saved: bool = False) -> Response:
    visit.require(Right.SETTINGS)
    told = await policies.policies(visit.connection, visit.actor)
    loose = await queries.without_team(visit.connection, visit.actor)
    chosen = next(one for one in told if one.role is role)
    waits = role is Role.MANAGER and Scope.TEAM in chosen.policy.scopes.values()
    facts = {"roles": told, "chosen": chosen, "saved": saved, "loose": loose if waits else (), **_choices()}
    return await visit.page("access/roles.html", "access", tab="roles", words=words_of(visit), **facts)


@router.post("/access/{role}")
async def set_role(request: Request, visit: VisitNow, role: Role) -> Response:
    """The form sends every scope, and of the rights those that are ticked. Raises Invalid for what no form of ours sends."""
    visit.require(Right.SETTINGS)
    form = await request.form()
    given = {name: value for name, value in form.items() if isinstance(value, str)}
    try:
        scopes = {noun: Scope(given[noun.value]) for noun in Noun if noun.value in given}
    except ValueError as error:
        raise Invalid("A scope is own, team or everybody") from error
    rights = {right: right.value in given for right in Right if may_be_set(role, right)}
    async with visit.context.database.write() as tx:
        await policies.set_policy(tx, role, scopes=scopes, rights=rights, now=visit.now, by=visit.actor.user_id)
    return RedirectResponse(f"/access?role={role.value}&saved=1", 303)


@router.get("/access/sight")
async def choose_person(visit: VisitNow) -> Response:
    visit.require(Right.SETTINGS)
    return await _sight_page(visit, seen=None)


@router.get("/access/sight/{user_id}")
async def sight_of(visit: VisitNow, user_id: PathId) -> Response:
    """What this person would see, without becoming him; that it was looked at is kept."""
    visit.require(Right.SETTINGS)
    seen = await sight.sight_of(visit.connection, visit.actor, user_id)
    async with visit.context.database.write() as tx:
        await sight.note_look(tx, visit.actor, user_id, now=visit.now)
    counted = await badges(visit.connection, seen.person, visit.today[1])
    items = menu(seen.person, counted, visit.look.wording.texts) if seen.active else []
    return await _sight_page(visit, seen=seen, items=items)


@router.get("/access/readings")
async def readings(visit: VisitNow) -> Response:
    return await visit.page("access/readings.html", "access", tab="readings", **await _read(visit, None))


@router.get("/access/readings/more")
async def more_readings(visit: VisitNow, cursor: Annotated[str, Query(max_length=500)]) -> Response:
    return visit.part("access/_readings.html", **await _read(visit, cursor))


async def _read(visit: Visit, cursor: str | None) -> dict[str, Any]:
    return {"found": await reading.list_readings(visit.connection, visit.actor, cursor=cursor)}


async def _sight_page(visit: Visit, **facts: Any) -> Response:
    people = (await list_users(visit.connection, visit.actor, active=True, limit=MOST_PEOPLE)).items
    facts = {"items": [], "people": people, "rights": tuple(Right), **facts}
    return await visit.page("access/sight.html", "access", tab="sight", words=words_of(visit), **facts)


def words_of(visit: Visit) -> AccessWords:
    return AccessWords(visit.look.wording.texts)


def _choices() -> dict[str, Any]:
    """Rights in the order of daily work, of leading and of looking."""
    order = (
        Right.WORK, Right.LISTEN, Right.OVERRIDE, Right.REASSIGN, Right.REVIEW, Right.SEE_FIGURES, Right.PLAN, Right.SEE_PERSONAL,
        Right.MERGE, Right.IMPORT, Right.EXPORT, Right.SEE_PEOPLE, Right.SEE_EXCHANGES, Right.SETTINGS,
    )  # fmt: skip
    return {"nouns": tuple(Noun), "scopes": tuple(Scope), "rights": order}

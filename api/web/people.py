"""People: who works here, in which role, at which phone."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from api.paths import BodyId, PathId
from api.web.visit import Visit, VisitNow, back_to
from crm_core.access import Right
from crm_core.calls.exchange_queries import ExchangeLine, list_exchanges
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.users import accounts, passwords, queries
from crm_core.users.accounts import NewUser
from crm_core.users.extensions import release, set_extension
from crm_core.users.tables import Role

router = APIRouter()

Text = Annotated[str, Form(max_length=300)]
MaybeText = Annotated[str | None, Form(max_length=300)]
FormId = Annotated[BodyId, Form()]

AT_ONCE = 50
LEFT = "left."  # begins the cursor among those who left
NOTHING_TYPED = {"name": "", "email": "", "role": "manager", "extension": ""}


@router.get("/people")
async def page(visit: VisitNow) -> Response:
    return await people_page(visit)


async def people_page(
    visit: Visit, *, refused: str | None = None, typed: dict[str, str] | None = None, status: int = 200
) -> Response:
    visit.require(Right.SEE_PEOPLE)
    facts = {**await _listed(visit), "exchanges": await _exchanges(visit), "refused": refused, "told": None}
    return await visit.page("people/page.html", "people", status, typed=typed or NOTHING_TYPED, **facts)


@router.get("/people/more")
async def more(visit: VisitNow, cursor: Annotated[str, Query(max_length=500)]) -> Response:
    visit.require(Right.SEE_PEOPLE)
    return visit.part("people/_rows.html", exchanges=await _exchanges(visit), **await _listed(visit, cursor))


async def _listed(visit: Visit, cursor: str | None = None) -> dict[str, Any]:
    """By name; whoever left stands after all who work here, so a cursor says in which of both it goes on."""
    left = cursor is not None and cursor.startswith(LEFT)
    place = cursor.removeprefix(LEFT) if cursor else None
    page = await queries.list_users(visit.connection, visit.actor, active=not left, cursor=place, limit=AT_ONCE)
    people, after = page.items, page.next_cursor
    if after is None and not left:
        gone = await queries.list_users(visit.connection, visit.actor, active=False, limit=AT_ONCE)
        people, after, left = (*people, *gone.items), gone.next_cursor, True
    return {"people": people, "next_cursor": f"{LEFT}{after}" if left and after else after}


async def _exchanges(visit: Visit) -> tuple[ExchangeLine, ...]:
    return await list_exchanges(visit.connection, visit.actor) if visit.may(Right.SEE_EXCHANGES) else ()


@router.post("/people")
async def add(
    visit: VisitNow, name: Text, email: Text, password: Text, role: Annotated[Role, Form()] = Role.MANAGER,
    extension: Text = "", exchange_id: Annotated[BodyId | None, Form()] = None,
) -> Response:  # fmt: skip
    visit.require(Right.SETTINGS)
    typed = {"name": name, "email": email, "role": role.value, "extension": extension}
    try:
        passwords.require_usable(password)
        new = NewUser(email, name, role, await passwords.hashed(password))
        async with visit.context.database.write() as tx:
            user_id = await accounts.create_user(tx, new, now=visit.now, by=visit.actor.user_id)
            if extension.strip() and exchange_id is not None:
                await set_extension(tx, user_id, exchange_id, extension, now=visit.now, by=visit.actor.user_id)
    except Conflict:
        return await people_page(visit, refused=visit.say("There is somebody with this e-mail already."), typed=typed, status=409)
    except (Invalid, NotFound):
        refused = visit.say("Look at the e-mail, the password and the extension again.")
        return await people_page(visit, refused=refused, typed=typed, status=422)
    return back_to("/people")


@router.post("/people/{user_id}/extension")
async def give_extension(visit: VisitNow, user_id: PathId, exchange_id: FormId, extension: Text = "") -> Response:
    """The phone is his from now on; an empty one takes his away. Earlier calls stay with whoever had it then."""
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            await queries.user(tx, visit.actor, user_id)
            if extension.strip():
                await set_extension(tx, user_id, exchange_id, extension, now=visit.now, by=visit.actor.user_id)
            else:
                await release(tx, user_id, exchange_id, now=visit.now, by=visit.actor.user_id)
    except Invalid:
        return await people_page(visit, refused=visit.say("An extension is a short number such as 101."), status=422)
    return back_to("/people")


@router.post("/people/{user_id}/listening")
async def allow_listening(visit: VisitNow, user_id: PathId, may_listen: Text = "") -> Response:
    visit.require(Right.SETTINGS)
    async with visit.context.database.write() as tx:
        await accounts.edit_user(tx, user_id, now=visit.now, by=visit.actor.user_id, may_listen=bool(may_listen))
    return back_to("/people")


@router.post("/people/{user_id}/dialling")
async def allow_dialling(
    visit: VisitNow, user_id: PathId, may_dial_unknown: MaybeText = None, may_dial_for_others: MaybeText = None
) -> Response:
    """What he may beyond the exchange's rules for calls by a click; what is not sent stays."""
    visit.require(Right.SETTINGS)
    unknown = None if may_dial_unknown is None else bool(may_dial_unknown)
    others = None if may_dial_for_others is None else bool(may_dial_for_others)
    async with visit.context.database.write() as tx:
        await accounts.edit_user(
            tx, user_id, now=visit.now, by=visit.actor.user_id, may_dial_unknown=unknown, may_dial_for_others=others
        )
    return back_to("/people")


@router.post("/people/{user_id}/deactivate")
async def deactivate(visit: VisitNow, user_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            await accounts.deactivate(tx, user_id, now=visit.now, by=visit.actor.user_id)
    except Conflict:
        return await people_page(visit, refused=visit.say("This is the only administrator left."), status=409)
    return back_to("/people")


@router.post("/people/{user_id}/reactivate")
async def reactivate(visit: VisitNow, user_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    async with visit.context.database.write() as tx:
        await accounts.reactivate(tx, user_id, now=visit.now, by=visit.actor.user_id)
    return back_to("/people")

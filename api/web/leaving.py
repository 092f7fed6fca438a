"""Somebody leaves: what he keeps, to whom it goes, and the way back."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api import handing
from api.paths import PathId
from api.web.visit import Visit, VisitNow, back_to
from crm_core.access import Noun, Right
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.paging import LARGEST_ID
from crm_core.text import whole_number
from crm_core.users import leaving
from crm_core.users.leaving import MOST_SHARES
from crm_core.users.queries import on_duty

router = APIRouter()


@router.get("/people/{user_id}/leaving")
async def page(visit: VisitNow, user_id: PathId) -> Response:
    return await _page(visit, user_id)


@router.post("/people/{user_id}/leaving")
async def hand_over(visit: VisitNow, user_id: PathId) -> Response:
    """The form says whose turn it is by a share beside each name: empty, none."""
    visit.require(Right.REASSIGN)
    form = await visit.request.form(max_fields=500)
    typed = {name: value for name, value in form.items() if isinstance(value, str)}
    try:
        deactivate = bool(typed.get("deactivate"))
        shares = _shares(typed, needed=not deactivate)
        await handing.hand_over(
            visit.context, visit.actor, user_id, shares, closed=bool(typed.get("closed")), deactivate=deactivate
        )
    except Conflict:
        return await _page(visit, user_id, visit.say("This is the only administrator left."), 409)
    except (Invalid, NotFound):
        say = visit.say("Say to whom: beside at least one colleague stands a share from 1 to 100.")
        return await _page(visit, user_id, say, 422)
    return back_to(f"/people/{user_id}/leaving")


@router.post("/people/{user_id}/hand-back")
async def hand_back(visit: VisitNow, user_id: PathId) -> Response:
    await handing.hand_back(visit.context, visit.actor, user_id)
    return back_to(f"/people/{user_id}/leaving")


async def _page(visit: Visit, user_id: int, refused: str | None = None, status: int = 200) -> Response:
    async with visit.context.database.read() as connection:  # also after a deed: what stands there now
        person = await handing.person_handled(connection, visit.actor, user_id)
        colleagues = await on_duty(connection, visit.actor.people(Noun.DEALS))
        facts: dict[str, Any] = {
            "person": person, "held": await leaving.holdings(connection, user_id),
            "heirs": [(id_, name) for id_, name in colleagues if id_ != user_id],
            "last": await leaving.last_hand_over(connection, user_id),
            "refused": refused, "most_shares": MOST_SHARES,
        }  # fmt: skip
        return await visit.page("people/leaving.html", "people", status, **facts)


def _shares(typed: dict[str, str], *, needed: bool) -> dict[int, int]:
    """`share_12=2` → {12: 2}; raises Invalid for what is no number, and for nobody where somebody is needed."""
    shares: dict[int, int] = {}
    for name, value in typed.items():
        if name.startswith("share_") and value.strip():
            heir, share = _whole(name.removeprefix("share_")), _whole(value.strip())
            shares |= {heir: share} if share else {}
    if needed and not shares:
        raise Invalid("Say to whom")
    return shares


def _whole(text: str) -> int:
    number = whole_number(text)
    if number is None or number > LARGEST_ID:
        raise Invalid("A share is a whole number")
    return number

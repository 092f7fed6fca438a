"""People: who works here, in which role, at which phone."""

from fastapi import APIRouter
from starlette.responses import Response

from api.web.visit import Visit, VisitNow
from crm_core.access import Right
from crm_core.calls.exchange_queries import ExchangeLine, list_exchanges
from crm_core.users.queries import list_users

router = APIRouter()

NOTHING_TYPED = {"name": "", "email": "", "role": "manager", "extension": ""}


@router.get("/people")
async def page(visit: VisitNow) -> Response:
    return await people_page(visit)


async def people_page(
    visit: Visit, *, refused: str | None = None, typed: dict[str, str] | None = None, status: int = 200
) -> Response:
    visit.require(Right.SEE_PEOPLE)
    people = (await list_users(visit.connection, visit.actor)).items
    ordered = sorted(people, key=lambda user: (not user.active, user.name.casefold()))
    facts = {"people": ordered, "exchanges": await _exchanges(visit), "refused": refused, "told": None}
    return await visit.page("people/page.html", "people", status, typed=typed or NOTHING_TYPED, **facts)


async def _exchanges(visit: Visit) -> tuple[ExchangeLine, ...]:
    return await list_exchanges(visit.connection, visit.actor) if visit.may(Right.SEE_EXCHANGES) else ()

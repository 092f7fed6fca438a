"""What only an opened menu or form of a deal's card needs: fetched when it opens, and anew each time."""

from collections.abc import Sequence
from enum import StrEnum

from fastapi import APIRouter
from starlette.responses import Response

from api.paths import PathId
from api.web.visit import Visit, VisitNow
from crm_core.access import Right, may_give_to
from crm_core.deals.loss_reasons import list_loss_reasons
from crm_core.deals.people import people_of
from crm_core.deals.queries import DealLine, deal
from crm_core.errors import NotFound
from crm_core.meetings.queries import Meeting, meeting
from crm_core.products.deal_lines import products_of
from crm_core.products.work_types import list_work_types
from crm_core.users.queries import on_duty

router = APIRouter()


class DealForm(StrEnum):
    EDIT = "edit"
    GIVE = "give"
    LOSE = "lose"
    MEETING = "meeting"


@router.get("/deals/{deal_id}/forms/{which}")
async def form(visit: VisitNow, deal_id: PathId, which: DealForm) -> Response:
    line = await _worked_on(visit, deal_id)
    match which:
        case DealForm.EDIT:
            kinds = await list_work_types(visit.connection)
            return visit.part("deals/forms/_edit.html", line=line, work_types=kinds)
        case DealForm.GIVE:
            return visit.part("deals/forms/_give.html", line=line, owners=await _owners(visit))
        case DealForm.LOSE:
            reasons = await list_loss_reasons(visit.connection)
            return visit.part("deals/forms/_lose.html", line=line, loss_reasons=reasons)
        case DealForm.MEETING:
            return await _meeting_form(visit, line)


@router.get("/deals/{deal_id}/meetings/{meeting_id}")
async def menu_of_meeting(visit: VisitNow, deal_id: PathId, meeting_id: PathId) -> Response:
    """What became of it, or what is said of it otherwise."""
    line, found = await _worked_on(visit, deal_id), await meeting(visit.connection, visit.actor, meeting_id)
    if found.deal.id != deal_id:
        raise NotFound(noun="meetings", id=meeting_id)
    return await _meeting_form(visit, line, found)


@router.get("/deals/{deal_id}/products/{line_id}")
async def menu_of_product(visit: VisitNow, deal_id: PathId, line_id: PathId) -> Response:
    """Its quantity and price."""
    line = await _worked_on(visit, deal_id)
    found = next((one for one in (await products_of(visit.connection, deal_id)).lines if one.id == line_id), None)
    if found is None:
        raise NotFound(noun="deal_products", id=line_id)
    return visit.part("deals/forms/_product.html", line=line, product=found)


async def _worked_on(visit: Visit, deal_id: int) -> DealLine:
    """Raises Forbidden, NotFound."""
    visit.require(Right.WORK)
    return await deal(visit.connection, visit.actor, deal_id)


async def _owners(visit: Visit) -> Sequence[tuple[int, str]]:
    """Whom he may give a deal."""
    return await on_duty(visit.connection, may_give_to(visit.actor))


async def _meeting_form(visit: Visit, line: DealLine, known: Meeting | None = None) -> Response:
    """Whom he may send: whom he may give deals to, the deal's owner and himself."""
    own = {line.owner.id: line.owner.name} if line.owner else {}
    goers = list(({visit.actor.user_id: visit.actor.name} | own | dict(await _owners(visit))).items())
    people = await people_of(visit.connection, visit.actor, line.id)
    return visit.part("deals/forms/_meeting.html", line=line, meeting=known, goers=goers, people=people)

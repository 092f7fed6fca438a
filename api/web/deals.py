"""A deal's moves along its pipeline. The list is in `deal_list`, the board in `board`, one deal's card in `deal_card`."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from api.paths import BodyId, PathId
from api.web.deal_card import BOARD, From, after_deed, of_mine
from api.web.visit import Visit, VisitNow
from crm_core.deals import moves
from crm_core.errors import Conflict

router = APIRouter()

FormId = Annotated[BodyId, Form()]


@router.post("/deals/{deal_id}/move")
async def move(visit: VisitNow, deal_id: PathId, stage: FormId, expected: FormId, on: From = "") -> Response:
    """To another stage, from the card or the board (`on`); refused where a colleague was faster."""
    try:
        async with of_mine(visit, deal_id) as tx:
            await moves.move(tx, deal_id, stage, by=visit.actor.user_id, now=visit.now, expected_stage=expected)
    except Conflict as error:
        if on == BOARD:
            return visit.part("_told.html", 409, say=_moved_to(visit, error))
        return await after_deed(visit, deal_id, _moved_to(visit, error), 409)
    return Response(status_code=204) if on == BOARD else await after_deed(visit, deal_id)


def _moved_to(visit: Visit, error: Conflict) -> str:
    moved_to = error.facts.get("moved_to")
    name = moved_to["name"] if isinstance(moved_to, dict) else ""
    return visit.say("Somebody was faster: the deal stands on “%(stage)s” already.") % {"stage": name}

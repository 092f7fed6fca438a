"""A deal is moved from its card or the board. A refusal says what is missing and asks for it; who has the right overrides."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.deps import RowId
from api.paths import BodyId, PathId
from api.web.deal_card import BOARD, From, after_deed, card_facts, of_mine
from api.web.gate_form import GateForm, gate_form, read_form, typed_of
from api.web.visit import Visit, VisitNow
from crm_core.access import Right
from crm_core.deals.card_queries import deal_card
from crm_core.deals.deed import locked
from crm_core.deals.filling import Filling, fill
from crm_core.deals.gate import Refused
from crm_core.deals.judging import judge_leaving
from crm_core.deals.moves import move
from crm_core.errors import Conflict, Invalid

router = APIRouter()

FormId = Annotated[BodyId, Form()]
Reason = Annotated[str, Form(max_length=4000)]


@router.post("/deals/{deal_id}/move")
async def move_deal(
    visit: VisitNow, deal_id: PathId, stage: FormId, expected: FormId, reason: Reason = "", on: From = ""
) -> Response:
    """To another stage; `reason`: why what is missing is set aside. Refused with 409, also where a colleague was faster."""
    return await _moved(visit, deal_id, stage, expected, reason, on)


@router.post("/deals/{deal_id}/supply")
async def supply(visit: VisitNow, deal_id: PathId, stage: FormId, expected: FormId, on: From = "") -> Response:
    """What was missing is put in, and the move is tried again. What was put in stays, whether more is missing or not."""
    sent = await visit.request.form()
    try:
        async with of_mine(visit, deal_id) as tx:
            await locked(tx, deal_id)  # sent twice at once, the second finds what the first put in
            form = await _form_for(visit, tx, deal_id, stage)
            if form is not None:
                filling = Filling(visit.actor.user_id, visit.now, visit.context.settings.region)
                await fill(tx, deal_id, read_form(visit, form, sent), filling)
    except (Invalid, Conflict) as error:
        return await _told(visit, deal_id, on, _what_is_wrong(visit, error), 422, to=stage, typed=typed_of(sent))
    return await _moved(visit, deal_id, stage, expected, "", on)


@router.get("/deals/{deal_id}/refusal")
async def refusal(visit: VisitNow, deal_id: PathId, to: RowId) -> Response:
    """What the board's dialog says, as it is now: fetched anew when something happens on the deal."""
    return await _told(visit, deal_id, BOARD, to=to)


async def _moved(visit: Visit, deal_id: int, stage: int, expected: int, reason: str, on: str) -> Response:
    by, may_override = visit.actor.user_id, visit.may(Right.OVERRIDE)
    try:
        async with of_mine(visit, deal_id) as tx:
            await move(
                tx, deal_id, stage, by=by, now=visit.now, expected_stage=expected, override=reason, may_override=may_override
            )  # fmt: skip
    except Refused:
        return await _told(visit, deal_id, on, status=409, to=stage)
    except Conflict as error:
        return await _told(visit, deal_id, on, _moved_to(visit, error), 409)
    return Response(status_code=204) if on == BOARD else await after_deed(visit, deal_id)


async def _told(
    visit: Visit, deal_id: int, on: str, say: str | None = None, status: int = 200, *,
    to: int | None = None, typed: Mapping[str, list[str]] | None = None,
) -> Response:  # fmt: skip
    """In place of the card, or in the board's dialog."""
    if on != BOARD:
        return await after_deed(visit, deal_id, say, status, to=to, typed=typed)
    if to is None:
        return visit.part("_told.html", status, say=say)
    return visit.part("deals/_refusal.html", status, **await card_facts(visit, deal_id, say, 1, to=to, typed=typed))


async def _form_for(visit: Visit, tx: AsyncConnection, deal_id: int, stage: int) -> GateForm | None:
    """The form as it is now: what somebody else filled meanwhile is not asked for, and not overwritten."""
    card = await deal_card(tx, visit.actor, deal_id, shown=1)
    return await gate_form(visit, tx, card, (await judge_leaving(tx, deal_id, stage)).lacks, {})


def _what_is_wrong(visit: Visit, error: Invalid | Conflict) -> str:
    part = error.facts.get("part")
    if isinstance(part, str):
        return visit.say("“%(part)s” cannot be read. Please look at it once more.") % {"part": part}
    if "contact_id" in error.facts:
        return visit.say("Another contact has this number.")
    return visit.say("Something of it cannot be so: %(why)s") % {"why": visit.look.wording.texts.gettext(error.say)}


def _moved_to(visit: Visit, error: Conflict) -> str:
    moved_to = error.facts.get("moved_to")
    name = moved_to["name"] if isinstance(moved_to, dict) else ""
    return visit.say("Somebody was faster: the deal stands on “%(stage)s” already.") % {"stage": name}

"""What is done on one deal's card: it is named, priced, classified, given to somebody, lost, noted on, and given tasks."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from api.paths import BodyId, PathId
from api.web.deal_card import BOARD, From, after_deed, of_mine
from api.web.typed import amount_typed, moment_typed
from api.web.visit import VisitNow
from crm_core.access import require_may_give
from crm_core.deals import edits, notes
from crm_core.errors import Invalid
from crm_core.tasks.deeds import NewTask, set_task

router = APIRouter()

Text = Annotated[str, Form(max_length=12_000)]
FormId = Annotated[BodyId, Form()]


@router.post("/deals/{deal_id}/lose")
async def lose(visit: VisitNow, deal_id: PathId, reason_id: FormId, words: Text = "", on: From = "") -> Response:
    """Nothing will come of it; the reason is kept with the stage it was lost on."""
    try:
        async with of_mine(visit, deal_id) as tx:
            await edits.lose_deal(tx, deal_id, reason_id, words, by=visit.actor.user_id, now=visit.now)
    except Invalid:
        gone = visit.say("This reason is not on the list any more. Choose another one.")
        return visit.part("_told.html", 422, say=gone) if on == BOARD else await after_deed(visit, deal_id, gone, 422)
    return Response(status_code=204) if on == BOARD else await after_deed(visit, deal_id)


@router.post("/deals/{deal_id}/reopen")
async def reopen(visit: VisitNow, deal_id: PathId) -> Response:
    async with of_mine(visit, deal_id) as tx:
        await edits.reopen_deal(tx, deal_id, by=visit.actor.user_id, now=visit.now)
    return await after_deed(visit, deal_id)


@router.post("/deals/{deal_id}/edit")
async def edit(visit: VisitNow, deal_id: PathId, title: Text = "", amount: Text = "") -> Response:
    try:
        changes = edits.DealChanges(title=title.strip() or None, amount=amount_typed(amount))
        async with of_mine(visit, deal_id) as tx:
            await edits.edit_deal(tx, deal_id, changes, by=visit.actor.user_id, now=visit.now)
    except Invalid:
        return await after_deed(visit, deal_id, visit.say("The amount is a number such as 240 000."), 422)
    return await after_deed(visit, deal_id)


@router.post("/deals/{deal_id}/owner")
async def give(visit: VisitNow, deal_id: PathId, owner_id: FormId) -> Response:
    """To those to whom he may; a manager takes what is nobody's."""
    require_may_give(visit.actor, owner_id)
    async with of_mine(visit, deal_id) as tx:
        await edits.assign_deal(tx, deal_id, owner_id, by=visit.actor.user_id, now=visit.now)
    return await after_deed(visit, deal_id)


@router.post("/deals/{deal_id}/notes")
async def note(visit: VisitNow, deal_id: PathId, text: Text) -> Response:
    async with of_mine(visit, deal_id) as tx:
        await notes.note_deal(tx, deal_id, text, by=visit.actor.user_id, now=visit.now)
    return await after_deed(visit, deal_id)


@router.post("/deals/{deal_id}/tasks")
async def add_task(visit: VisitNow, deal_id: PathId, title: Text, due: Text) -> Response:
    """One's own, on this deal."""
    new = NewTask(title, moment_typed(due, visit.context.settings.zone), deal_id=deal_id, owner_id=visit.actor.user_id)
    async with of_mine(visit, deal_id) as tx:
        await set_task(tx, new, by=visit.actor.user_id, now=visit.now)
    return await after_deed(visit, deal_id)

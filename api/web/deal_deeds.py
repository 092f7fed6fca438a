"""What is done on one deal's card: it is named, priced, classified, given to somebody, lost, noted on, and given tasks."""

from functools import partial
from typing import Annotated, Any, cast

from fastapi import APIRouter, Form
from starlette.responses import Response

from api.paths import BodyId, PathId
from api.web.custom_fields import fill_in, personal_part
from api.web.deal_card import BOARD, From, after_deed, of_mine
from api.web.field_words import field_names
from api.web.seen import Reader, Shown, given_in, overtaken, seen_in
from api.web.typed import amount_typed, id_typed, moment_typed, text_typed
from api.web.visit import Visit, VisitNow
from crm_core.access import require_may_give
from crm_core.deals import edits, notes
from crm_core.deals.work_type import choose_work_type
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.fields.history import Noun
from crm_core.tasks.deeds import NewTask, set_task

router = APIRouter()

Text = Annotated[str, Form(max_length=12_000)]
FormId = Annotated[BodyId, Form()]
READERS: dict[str, Reader] = {"title": partial(text_typed, longest=300), "amount": amount_typed, "work_type_id": id_typed}


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
async def edit(visit: VisitNow, deal_id: PathId) -> Response:
    """What it is about, its work type and amount: what the form has changed, field by field."""
    form = await visit.request.form()
    try:
        given, seen = given_in(form, READERS), seen_in(form, READERS)
        if form.get("agreed"):
            seen.pop("amount", None)  # he says that this is the amount, though it is the one that stood there
        async with of_mine(visit, deal_id) as tx:
            if "work_type_id" in given:
                chosen = given.pop("work_type_id")
                await choose_work_type(tx, deal_id, chosen, by=visit.actor.user_id, now=visit.now, seen=seen)
                if "work_type_id" in seen and seen["work_type_id"] != chosen and seen.get("amount") == given.get("amount"):
                    given.pop("amount", None)  # he left it as it was: it follows the work type
            changes = cast("edits.DealChanges", given)
            await edits.edit_deal(tx, deal_id, changes, by=visit.actor.user_id, now=visit.now, seen=seen)
    except Invalid as error:
        return await after_deed(visit, deal_id, _refusal(visit, error), 422)
    except Conflict as error:
        return await after_deed(visit, deal_id, await overtaken(visit, error, _shown(visit)), 409)
    except NotFound as error:
        if error.facts.get("noun") != "work_types":
            raise
        return await after_deed(visit, deal_id, visit.say("This work type is not there any more. Choose another one."), 422)
    return await after_deed(visit, deal_id)


@router.post("/deals/{deal_id}/fields")
async def fill_in_fields(visit: VisitNow, deal_id: PathId) -> Response:
    said = await fill_in(visit, Noun.DEAL, deal_id)
    return await after_deed(visit, deal_id, *said) if said else await after_deed(visit, deal_id)


@router.get("/deals/{deal_id}/personal")
async def personal(visit: VisitNow, deal_id: PathId) -> Response:
    """The personal fields; that they were looked at is written down."""
    return await personal_part(visit, Noun.DEAL, deal_id)


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


def _refusal(visit: Visit, error: Invalid) -> str:
    if error.facts.get("field") in ("work_type_id", "id"):
        return visit.say("This work type is not there any more. Choose another one.")
    return visit.say("The amount is a number such as 240 000.")


def _shown(visit: Visit) -> Shown:
    names = field_names(visit.look.wording.texts)

    def shown(field: str, value: Any) -> tuple[str, str]:
        return names.get(field, field), visit.look.wording.money(value) if field == "amount" else str(value or "")

    return shown

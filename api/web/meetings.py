"""Meetings on the deal's card: set, changed, put off, held, cancelled."""

from functools import partial
from typing import Annotated, Any, cast

from fastapi import APIRouter, Form
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.paths import PathId
from api.web.deal_card import after_deed, of_mine
from api.web.seen import Reader, given_in, overtaken, seen_in
from api.web.typed import id_typed, moment_typed, text_typed
from api.web.visit import Visit, VisitNow
from crm_core.access import require_visible
from crm_core.contacts.tables import contacts
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.meetings import deeds
from crm_core.meetings.deeds import MeetingChanges, NewMeeting
from crm_core.meetings.queries import meeting

router = APIRouter()

Words = Annotated[str, Form(max_length=12_000)]


@router.post("/deals/{deal_id}/meetings")
async def set_meeting(visit: VisitNow, deal_id: PathId) -> Response:
    try:
        given = given_in(await visit.request.form(), _readers(visit))
        async with of_mine(visit, deal_id) as tx:
            await _require_known(visit, tx, given)
            await deeds.set_meeting(tx, NewMeeting(deal_id, **given), by=visit.actor.user_id, now=visit.now)
    except (Invalid, NotFound) as error:
        return await _refused(visit, deal_id, error)
    return await after_deed(visit, deal_id)


@router.post("/deals/{deal_id}/meetings/{meeting_id}")
async def change_meeting(visit: VisitNow, deal_id: PathId, meeting_id: PathId) -> Response:
    """What the form has changed, field by field."""
    form = await visit.request.form()
    try:
        given, seen = given_in(form, _readers(visit)), seen_in(form, _readers(visit))
        async with of_mine(visit, deal_id) as tx:
            await _require_of(visit, tx, deal_id, meeting_id)
            await _require_known(visit, tx, given)
            changes = cast("MeetingChanges", given)
            await deeds.change_meeting(tx, meeting_id, changes, by=visit.actor.user_id, now=visit.now, seen=seen)
    except Conflict as error:
        return await after_deed(visit, deal_id, await _conflict(visit, error), 409)
    except Invalid as error:
        return await _refused(visit, deal_id, error)
    return await after_deed(visit, deal_id)


@router.post("/deals/{deal_id}/meetings/{meeting_id}/held")
async def hold_meeting(visit: VisitNow, deal_id: PathId, meeting_id: PathId, agreements: Words) -> Response:
    try:
        async with of_mine(visit, deal_id) as tx:
            await _require_of(visit, tx, deal_id, meeting_id)
            await deeds.hold_meeting(tx, meeting_id, agreements, by=visit.actor.user_id, now=visit.now)
    except Conflict as error:
        return await after_deed(visit, deal_id, await _conflict(visit, error), 409)
    except Invalid:
        return await after_deed(visit, deal_id, visit.say("Say what was agreed, even if it was nothing."), 422)
    return await after_deed(visit, deal_id)


@router.post("/deals/{deal_id}/meetings/{meeting_id}/cancel")
async def cancel_meeting(visit: VisitNow, deal_id: PathId, meeting_id: PathId, reason: Words = "") -> Response:
    try:
        async with of_mine(visit, deal_id) as tx:
            await _require_of(visit, tx, deal_id, meeting_id)
            await deeds.cancel_meeting(tx, meeting_id, reason, by=visit.actor.user_id, now=visit.now)
    except Conflict as error:
        return await after_deed(visit, deal_id, await _conflict(visit, error), 409)
    return await after_deed(visit, deal_id)


async def _require_of(visit: Visit, tx: AsyncConnection, deal_id: int, meeting_id: int) -> None:
    if (await meeting(tx, visit.actor, meeting_id)).deal.id != deal_id:
        raise NotFound(noun="meetings", id=meeting_id)


async def _require_known(visit: Visit, tx: AsyncConnection, given: dict[str, Any]) -> None:
    """Whom he names he may see; else he would learn of a colleague's customer by guessing."""
    if given.get("contact_id") is not None:
        await require_visible(tx, visit.actor, contacts, given["contact_id"])


def _readers(visit: Visit) -> dict[str, Reader]:
    zone = visit.context.settings.zone
    words = {name: partial(text_typed, longest=longest) for name, longest in deeds.TEXTS.items()}
    return {"at": lambda text: moment_typed(text, zone) if text else None, "user_id": id_typed, "contact_id": id_typed, **words}


async def _conflict(visit: Visit, error: Conflict) -> str:
    if "changed" not in error.facts:
        return visit.say("This meeting is over: it was held or cancelled meanwhile.")
    return await overtaken(visit, error, lambda field, value: (_name(visit, field), _shown(visit, field, value)))


def _name(visit: Visit, field: str) -> str:
    return visit.look.names.meeting_lack({"user_id": "user", "contact_id": "contact", "with_whom": "contact"}.get(field, field))


def _shown(visit: Visit, field: str, value: Any) -> str:
    return visit.look.wording.at(value, visit.now) if field == "at" and value else str(value or "")


async def _refused(visit: Visit, deal_id: int, error: Invalid | NotFound) -> Response:
    if isinstance(error, NotFound) and error.facts.get("noun") == "deals":
        raise error
    if isinstance(error, NotFound):
        return await after_deed(visit, deal_id, visit.say("Whoever was named is not there any more."), 422)
    return await after_deed(visit, deal_id, visit.say("A meeting is on a day and at a time."), 422)

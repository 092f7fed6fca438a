"""Calls by a click in the browser: the button's deed, and what stands under the strip until the own phone is picked up."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from api.auth import local_path
from api.paths import BodyId
from api.rest.dialling import ordered, status_of
from api.web.dial_words import why_words
from api.web.visit import Visit, VisitNow, back_to
from crm_core.access import Noun, Right
from crm_core.dialling import queries
from crm_core.dialling.asking import Asked
from crm_core.dialling.phones import Phone, Wanted
from crm_core.dialling.refusals import Reason, Refusal

router = APIRouter()

Text = Annotated[str, Form(max_length=80)]
Back = Annotated[str, Form(max_length=500)]
MaybeId = Annotated[BodyId | None, Form()]


@dataclass(frozen=True, slots=True)
class Refused:
    """`phones`: to choose from, where the user has several; `to`: the number as he sent it."""

    say: str
    to: str
    phones: tuple[Phone, ...] = ()


@router.post("/dial")
async def dial(visit: VisitNow, to: Text, extension: Text = "", exchange_id: MaybeId = None, back: Back = "/") -> Response:
    """Order the call; what a script asks for is answered with the bar, else with the page one came from."""
    asked = await ordered(visit.context, visit.actor, Wanted(to, extension or None, exchange_id))
    if asked.refusal is None:
        return await _bar(visit) if visit.wants_part else back_to(local_path(back))
    refused = await _refused(visit, asked, asked.refusal, to)
    status = status_of(asked.refusal)
    if visit.wants_part:
        return visit.part("dialling/_mine.html", status, mine=None, refused=refused)
    return await visit.page("dialling/refused.html", "calls", status, refused=refused, back=local_path(back))


@router.get("/dial/mine")
async def mine(visit: VisitNow) -> Response:
    return await _bar(visit)


@router.get("/dial/near")
async def near(visit: VisitNow) -> Response:
    """Who is near a cap, for head and administrator."""
    visit.require(Right.SEE_EXCHANGES)
    whose = visit.actor.people(Noun.FIGURES)
    found = await queries.near_caps(visit.connection, now=visit.now, zone=visit.context.settings.zone, people=whose)
    return visit.part("dialling/_near.html", near_caps=found)


async def _bar(visit: Visit) -> Response:
    async with visit.context.database.read() as connection:  # a later moment than that of the request's own
        newest = await queries.newest_of(connection, visit.actor.user_id, now=visit.context.now())
    return visit.part("dialling/_mine.html", mine=newest, refused=None)


async def _refused(visit: Visit, asked: Asked, refusal: Refusal, to: str) -> Refused:
    say = why_words(visit.look.wording.texts, refusal.reason)
    if refusal.reason is not Reason.CHOOSE_EXTENSION:
        return Refused(say, to)
    own = await queries.phones_of(visit.connection, visit.actor.user_id)
    return Refused(say, to, tuple(phone for phone in own if phone.can_dial))

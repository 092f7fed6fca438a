"""What stands around every page: menu, tab bar, call strip; and the choice of language."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from api.auth import is_https, local_path
from api.web.menu import first_page
from api.web.translations import LANGUAGES
from api.web.visit import LANGUAGE_COOKIE, VisitNow, back_to
from crm_core.calls.pop_queries import current_calls_for
from crm_core.db import in_one_step
from crm_core.errors import Invalid
from crm_core.users.accounts import edit_user

router = APIRouter()

YEAR = 365 * 24 * 3600


@router.get("/")
async def first(visit: VisitNow) -> Response:
    return back_to(first_page(visit.actor))


@router.get("/strip")
async def strip(visit: VisitNow) -> Response:
    """The calls on the visitor's own phone now."""
    pops = await in_one_step(visit.connection, current_calls_for(visit.connection, visit.actor, visit.now))
    return visit.part("strip/_strip.html", pops=pops)


@router.get("/nav")
async def nav(visit: VisitNow, at: str = "") -> Response:
    return visit.part("_nav.html", **await visit.menu(at))


@router.get("/tabs")
async def tabs(visit: VisitNow, at: str = "") -> Response:
    return visit.part("_tabs.html", **await visit.menu(at))


@router.post("/language")
async def choose_language(
    visit: VisitNow, language: Annotated[str, Form()], back: Annotated[str, Form(max_length=500)] = "/"
) -> Response:
    """Kept with the user, and in the browser for the pages before the login."""
    if language not in LANGUAGES:
        raise Invalid("There is no such language")
    async with visit.context.database.write() as tx:
        await edit_user(tx, visit.actor.user_id, now=visit.now, by=visit.actor.user_id, language=language)
    answer = back_to(local_path(back))
    answer.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR, samesite="lax", httponly=True, secure=is_https(visit.request))
    return answer

"""Settings: the forms of web sites that may send requests, each with its key and what to put on the site."""

from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.responses import Response

from api.auth import is_https
from api.paths import PathId
from api.web.visit import Visit, VisitNow, back_to, status_after
from crm_core.access import Right
from crm_core.errors import Conflict, Invalid
from crm_core.requests import forms
from crm_core.requests.forms import NewForm

router = APIRouter()

Line = Annotated[str, Form(max_length=4000)]
Lines = Annotated[str, Form(max_length=20_000)]
EMPTY = {"name": "", "source": "", "origins": "", "thanks_url": ""}


@router.get("/request-forms")
async def page(visit: VisitNow) -> Response:
    return await _all(visit)


async def _all(visit: Visit, *, typed: dict[str, str] | None = None, refused: str | None = None, status: int = 200) -> Response:
    visit.require(Right.SETTINGS)
    found = await forms.list_forms(visit.connection)
    return await visit.page("requests/forms.html", "request_forms", status, forms=found, typed=typed or EMPTY, refused=refused)


@router.post("/request-forms")
async def add(visit: VisitNow, name: Line = "", source: Line = "", origins: Lines = "", thanks_url: Line = "") -> Response:
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            new = NewForm(name, source, origins.split(), thanks_url)
            made = await forms.add_form(tx, new, by=visit.actor.user_id, now=visit.now)
    except (Invalid, Conflict) as error:
        typed = {"name": name, "source": source, "origins": origins, "thanks_url": thanks_url}
        return await _all(visit, typed=typed, refused=_words(visit, error), status=status_after(error))
    return back_to(f"/request-forms/{made}")


@router.get("/request-forms/{form_id}")
async def one(visit: VisitNow, form_id: PathId) -> Response:
    return await _one(visit, form_id)


async def _one(
    visit: Visit, form_id: int, *, typed: dict[str, str] | None = None, refused: str | None = None, status: int = 200
) -> Response:
    visit.require(Right.SETTINGS)
    form = await forms.form(visit.connection, form_id)
    kept = {
        "name": form.name, "source": form.source or "", "origins": "\n".join(form.origins), "thanks_url": form.thanks_url or "",
    }  # fmt: skip
    facts: dict[str, Any] = {"form": form, "typed": typed or kept, "refused": refused, "here_at": _own_address(visit)}
    return await visit.page("requests/form.html", "request_forms", status, **facts)


@router.post("/request-forms/{form_id}")
async def change(
    visit: VisitNow, form_id: PathId, name: Line = "", source: Line = "", origins: Lines = "", thanks_url: Line = ""
) -> Response:
    visit.require(Right.SETTINGS)
    form = await forms.form(visit.connection, form_id)
    try:
        async with visit.context.database.write() as tx:
            new = NewForm(name, source, origins.split(), thanks_url, form.active)
            await forms.change_form(tx, form_id, new, by=visit.actor.user_id, now=visit.now)
    except Invalid as error:
        typed = {"name": name, "source": source, "origins": origins, "thanks_url": thanks_url}
        return await _one(visit, form_id, typed=typed, refused=_words(visit, error), status=422)
    return back_to(f"/request-forms/{form_id}")


@router.post("/request-forms/{form_id}/active")
async def switch(visit: VisitNow, form_id: PathId, active: Annotated[str, Form(max_length=10)] = "") -> Response:
    visit.require(Right.SETTINGS)
    form = await forms.form(visit.connection, form_id)
    async with visit.context.database.write() as tx:
        new = NewForm(form.name, form.source, form.origins, form.thanks_url, bool(active))
        await forms.change_form(tx, form_id, new, by=visit.actor.user_id, now=visit.now)
    return back_to(f"/request-forms/{form_id}")


def _words(visit: Visit, error: Invalid | Conflict) -> str:
    words = {
        "name": visit.say("Give the form a name."),
        "origins": visit.say("Write each site as https://firma.ru, one a line."),
        "thanks_url": visit.say("The page of thanks is an address such as https://firma.ru/thanks."),
    }
    return words.get(str(error.facts.get("field")), visit.say("There are as many forms as there may be."))


def _own_address(visit: Visit) -> str:
    """Under which this page was asked for: the site's form will ask for the same."""
    return f"{'https' if is_https(visit.request) else 'http'}://{visit.request.url.netloc}"

"""Settings: the fields that are added to the cards of deals, contacts and companies."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from api.paths import PathId
from api.web.visit import Visit, VisitNow, back_to, status_after
from crm_core.access import Right
from crm_core.errors import Conflict, Invalid
from crm_core.fields import definitions
from crm_core.fields.definitions import FieldChanges, FieldKind, NewField
from crm_core.fields.history import Noun

router = APIRouter()

Text = Annotated[str, Form(max_length=400)]
Lines = Annotated[str, Form(max_length=14_000)]


@router.get("/fields")
async def page(visit: VisitNow) -> Response:
    visit.require(Right.SETTINGS)
    return await _page(visit)


@router.post("/fields")
async def add(
    visit: VisitNow, name: Text, noun: Annotated[Noun, Form()] = Noun.DEAL, kind: Annotated[FieldKind, Form()] = FieldKind.TEXT,
    choices: Lines = "", block: Text = "", personal: Text = "",
) -> Response:  # fmt: skip
    visit.require(Right.SETTINGS)
    new = NewField(noun, name, kind, choices.splitlines(), personal == "yes", block or None)
    try:
        async with visit.context.database.write() as tx:
            await definitions.add_field(tx, new, by=visit.actor.user_id, now=visit.now)
    except (Invalid, Conflict) as error:
        return await _page(visit, error)
    return back_to("/fields")


@router.post("/fields/{field_id}")
async def edit(
    visit: VisitNow, field_id: PathId, name: Text, choices: Lines = "", block: Text = "", personal: Text = ""
) -> Response:
    visit.require(Right.SETTINGS)
    changes: FieldChanges = {"name": name, "block": block or None, "personal": personal == "yes"}
    if choices.strip():
        changes["choices"] = choices.splitlines()
    return await _edited(visit, field_id, changes)


@router.post("/fields/{field_id}/archived")
async def put_away(visit: VisitNow, field_id: PathId, archived: Text = "") -> Response:
    """Off the cards; what was filled in stays and comes back with it."""
    visit.require(Right.SETTINGS)
    return await _edited(visit, field_id, {"archived": archived == "yes"})


@router.post("/fields/{field_id}/shift")
async def shift(visit: VisitNow, field_id: PathId, places: Annotated[int, Form(ge=-1, le=1)]) -> Response:
    visit.require(Right.SETTINGS)
    async with visit.context.database.write() as tx:
        await definitions.shift_field(tx, field_id, places, by=visit.actor.user_id, now=visit.now)
    return back_to("/fields")


async def _edited(visit: Visit, field_id: int, changes: FieldChanges) -> Response:
    try:
        async with visit.context.database.write() as tx:
            await definitions.edit_field(tx, field_id, changes, by=visit.actor.user_id, now=visit.now)
    except (Invalid, Conflict) as error:
        return await _page(visit, error)
    return back_to("/fields")


async def _page(visit: Visit, error: Invalid | Conflict | None = None) -> Response:
    known = await definitions.definitions(visit.connection, archived=True)
    shown = [(noun.value, [one for one in known if one.noun is noun]) for noun in Noun]
    refused = error and _refusal(visit, error)
    return await visit.page("fields/page.html", "fields", status_after(error), nouns=shown, refused=refused)


def _refusal(visit: Visit, error: Invalid | Conflict) -> str:
    if isinstance(error, Conflict):
        return visit.say("This card has a field of this name already.")
    says = {"choices": visit.say("Write the choices, each on a line of its own."), "name": visit.say("A field has a name.")}
    return says.get(str(error.facts.get("field")), visit.look.gettext(error.say))

"""Companies: search, and one company's card with its people and deals."""

from typing import Annotated, Any, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.paths import PathId
from api.web.custom_fields import fill_in, personal_part
from api.web.duplicates import kept_page
from api.web.seen import Reader, as_it_stands, given_in, overtaken, seen_in
from api.web.typed import id_typed, text_typed
from api.web.visit import Visit, VisitNow, at_address, back_to
from crm_core.access import Right, may_give_to, may_see_personal, require_visible
from crm_core.contacts.company_edits import TEXTS, CompanyChanges, add_company, edit_company
from crm_core.contacts.company_queries import company_card
from crm_core.contacts.queries import list_companies
from crm_core.contacts.tables import companies
from crm_core.errors import Conflict, Invalid
from crm_core.fields.definitions import definitions
from crm_core.fields.history import Noun
from crm_core.owning import may_own_another, require_may_own
from crm_core.users.queries import on_duty

router = APIRouter()

Search = Annotated[str, Query(max_length=200)]
READERS: dict[str, Reader] = {**dict.fromkeys((*TEXTS, "inn"), text_typed), "owner_id": id_typed}


@router.get("/companies")
async def page(visit: VisitNow, search: Search = "") -> Response:
    return await _list_page(visit, search)


@router.get("/companies/list")
async def part(visit: VisitNow, search: Search = "") -> Response:
    answer = visit.part("companies/_list.html", **await _listed(visit, search))
    return at_address(answer, "/companies", urlencode({"search": search}) if search else "")


@router.get("/companies/more")
async def more(visit: VisitNow, cursor: Annotated[str, Query(max_length=500)], search: Search = "") -> Response:
    found = await list_companies(visit.connection, visit.actor, search=search, cursor=cursor)
    return visit.part("companies/_rows.html", companies=found, search=search)


@router.get("/companies/{company_id}")
async def card_page(visit: VisitNow, company_id: PathId) -> Response:
    return await kept_page(visit, Noun.COMPANY, company_id) or await company_page(visit, company_id)


@router.get("/companies/{company_id}/card")
async def card(visit: VisitNow, company_id: PathId) -> Response:
    return visit.part("companies/_card.html", **await _card(visit, company_id))


@router.post("/companies")
async def add(visit: VisitNow) -> Response:
    visit.require(Right.WORK)
    form = await visit.request.form()
    try:
        new = cast("CompanyChanges", {**given_in(form, READERS), "owner_id": visit.actor.user_id})
        async with visit.context.database.write() as tx:
            region = visit.context.settings.region
            company_id = await add_company(tx, new, region, by=visit.actor.user_id, now=visit.now)
    except Invalid as error:
        return await _list_page(visit, "", refused=_refusal(visit, error), typed=given_in(form, READERS), status=422)
    return back_to(f"/companies/{company_id}")


@router.post("/companies/{company_id}/edit")
async def edit(visit: VisitNow, company_id: PathId) -> Response:
    """What the form has changed, field by field."""
    visit.require(Right.WORK)
    form = await visit.request.form()
    try:
        changes, seen = cast("CompanyChanges", given_in(form, READERS)), seen_in(form, READERS)
        async with visit.context.database.write() as tx:
            await require_visible(tx, visit.actor, companies, company_id)
            if "owner_id" in changes and changes["owner_id"] != seen.get("owner_id"):
                await require_may_own(tx, visit.actor, companies, company_id, changes["owner_id"])
            region = visit.context.settings.region
            await edit_company(tx, company_id, changes, region, by=visit.actor.user_id, now=visit.now, seen=seen)
    except Invalid as error:
        return await company_page(visit, company_id, _refusal(visit, error), 422)
    except Conflict as error:
        return await company_page(visit, company_id, await overtaken(visit, error, as_it_stands(_names(visit))), 409)
    return back_to(f"/companies/{company_id}")


@router.post("/companies/{company_id}/fields")
async def fill_in_fields(visit: VisitNow, company_id: PathId) -> Response:
    said = await fill_in(visit, Noun.COMPANY, company_id)
    return await company_page(visit, company_id, *said) if said else back_to(f"/companies/{company_id}")


@router.get("/companies/{company_id}/personal")
async def personal(visit: VisitNow, company_id: PathId) -> Response:
    return await personal_part(visit, Noun.COMPANY, company_id)


async def company_page(visit: Visit, company_id: int, refused: str | None = None, status: int = 200) -> Response:
    return await visit.page("companies/page.html", "contacts", status, **await _card(visit, company_id, refused))


async def _list_page(
    visit: Visit, search: str, *, refused: str | None = None, typed: dict[str, Any] | None = None, status: int = 200
) -> Response:
    facts = {
        "refused": refused,
        "typed": {"name": None, "inn": None, "phone": None} | (typed or {}),
        **await _listed(visit, search),
    }
    return await visit.page("companies/list.html", "contacts", status, **facts)


async def _listed(visit: Visit, search: str) -> dict[str, Any]:
    return {"companies": await list_companies(visit.connection, visit.actor, search=search), "search": search}


async def _card(visit: Visit, company_id: int, refused: str | None = None) -> dict[str, Any]:
    found = await company_card(visit.connection, visit.actor, company_id)
    owner = found.line.owner.id if found.line.owner else None
    gives = await may_own_another(visit.connection, visit.actor, companies, company_id)
    return {
        "company": found, "refused": refused, "fields": await definitions(visit.connection, Noun.COMPANY),
        "may_personal": may_see_personal(visit.actor, owner),
        "owners": await on_duty(visit.connection, may_give_to(visit.actor)) if gives else (),
    }  # fmt: skip


def _names(visit: Visit) -> dict[str, str]:
    name = visit.look.wording.texts.pgettext("thing", "Name")
    return {
        "name": name, "inn": visit.say("INN"), "phone": visit.say("Phone"), "email": visit.say("E-mail"),
        "site": visit.say("Site"), "address": visit.say("Address"), "note": visit.say("Note"), "owner_id": visit.say("Manager"),
    }  # fmt: skip


def _refusal(visit: Visit, error: Invalid) -> str:
    says = {
        "name": visit.say("A company has a name."),
        "inn": visit.say("This INN cannot be: it has ten digits, or twelve of a person, and its check digits fit."),
        "email": visit.say("An e-mail address looks like name@company.ru."),
        "site": visit.say("A site is an address such as example.com."),
    }
    return says.get(str(error.facts.get("field")), visit.look.gettext(error.say))
